/**
 * A member's computer: a home of its own, the real kubectl, and the members' program on PATH, on the Node that this
 * machine has (20 or later), not the project's. On a computer with a clock that can be set, it is the same
 * program on such a clock.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { bundle } from '../../bundle.ts';
import type { TestCluster } from '../cluster.ts';
import { findLeaks } from '../leaks.ts';

const project = path.join(import.meta.dirname, '../..');
export const memberBundle = path.join(project, 'dist/member/credentials-updater-member.mjs');
const programName = 'credentials-updater';

export interface Computer {
  readonly home: string;
  /** The first folder on PATH: kubectl, Node and the members' program. */
  readonly bin: string;
  readonly kubeconfig: string;
  /** Where the members' program keeps its files. */
  readonly logins: string;
  readonly tokens: string;
  readonly env: Readonly<Record<string, string>>;
  /** Moves the computer's clock on by so many milliseconds. Only with `clock: 'settable'`. */
  readonly moveClock: (milliseconds: number) => Promise<void>;
  readonly run: (command: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;
  readonly kubectl: (...args: string[]) => Promise<RunResult>;
  readonly updater: (args: readonly string[], options?: RunOptions) => Promise<RunResult>;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Run as this user instead of the test's. */
  readonly uid?: number;
}

export interface RunResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ComputerOptions {
  readonly clock?: 'real' | 'settable';
  /** What may never be printed, nor be in any file but the login and the cached token. */
  readonly secrets?: () => Iterable<string>;
}

/** Call it in a test. Everything goes when the test ends. */
export async function useComputer(
  { kubectlPath }: Pick<TestCluster, 'kubectlPath'>,
  { clock = 'real', secrets = () => [] }: ComputerOptions = {},
): Promise<Computer> {
  const root = await mkdtemp(path.join(tmpdir(), 'pks-member-'));
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
  const [home, bin, clockFile] = [path.join(root, 'home'), path.join(root, 'bin'), path.join(root, 'clock')];
  await mkdir(home);
  await mkdir(bin);
  await symlink(kubectlPath, path.join(bin, 'kubectl'));
  await symlink(await nodeOfThisMachine(), path.join(bin, 'node'));
  if (clock === 'real') await symlink(memberBundle, path.join(bin, programName));
  else await installWithClock(path.join(bin, programName), clockFile);

  const env = { HOME: home, PATH: [bin, ...searchPath()].join(path.delimiter), KUBERC: 'off' };
  let movedBy = 0;
  const run = async (command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> => {
    const result = await runProgram(command, args, { ...options, env: { ...env, ...options.env } });
    // What get-token prints by itself is a token, and meant to be.
    const shown = args[0] === 'get-token' ? result.stderr : `${result.stdout}\n${result.stderr}`;
    const leaks = findLeaks(shown, secrets());
    if (leaks.length > 0) throw new Error(`${command} ${args.join(' ')} printed secrets: ${leaks.join(', ')}`);
    return result;
  };
  return {
    home,
    bin,
    kubeconfig: path.join(home, '.kube/config'),
    logins: path.join(home, '.config', programName),
    tokens: path.join(home, '.cache', programName),
    env,
    async moveClock(milliseconds) {
      if (clock === 'real') throw new Error('This computer has no clock that can be set');
      movedBy += milliseconds;
      await writeFile(clockFile, String(movedBy));
    },
    run,
    kubectl: (...args) => run('kubectl', args),
    updater: (args, options) => run(programName, args, options),
  };
}

/** Every file under a folder with its content and mode, by its path in it. */
export async function filesUnder(folder: string): Promise<Map<string, { text: string; mode: number }>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, { text: string; mode: number }>();
  for (const entry of entries.filter((one) => one.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const { mode } = await stat(file);
    files.set(path.relative(folder, file), { text: await readFile(file, 'utf8'), mode: mode & 0o777 });
  }
  return files;
}

/** The oldest Node that members may have is 20; the project's own, which is newer, where this machine has none. */
async function nodeOfThisMachine(): Promise<string> {
  for (const folder of searchPath()) {
    const node = path.join(folder, 'node');
    const { stdout } = await promisify(execFile)(node, ['--version']).catch(() => ({ stdout: '' }));
    if (Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 0) >= 20) return node;
  }
  return process.execPath;
}

/** PATH without the project's own programs: a member has none of them. */
function searchPath(): string[] {
  return (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => !folder.includes('node_modules'));
}

async function installWithClock(file: string, clockFile: string): Promise<void> {
  await writeFile(clockFile, '0');
  const define = { CLOCK_FILE: JSON.stringify(clockFile) };
  // A file without an ending is read as CommonJS; the name on PATH leads to the bundle.
  await bundle({
    entry: path.join(import.meta.dirname, 'program-with-clock.ts'),
    outfile: `${file}.mjs`,
    target: 'node20',
    define,
  });
  await symlink(`${file}.mjs`, file);
}

async function runProgram(
  command: string,
  args: readonly string[],
  { input = '', env = {}, uid }: RunOptions,
): Promise<RunResult> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'], ...(uid === undefined ? {} : { uid }) });
  onTestFinished(() => void child.kill('SIGKILL'));
  const { promise: exitCode, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A command may end without having read its input; the exit code tells.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return { exitCode: await exitCode, stdout, stderr };
}
