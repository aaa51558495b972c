/** The bundled command as a process. Whatever it says or leaves is searched for secrets, by the one function that runs it. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { findLeaks } from './leaks.ts';

export const bundledProgram = join(import.meta.dirname, '../dist/credentials-updater.mjs');

export interface CommandOptions {
  /** Another bundle than the one in dist/. */
  readonly program?: string;
  /** Node's own, e.g. those of the image. */
  readonly nodeFlags?: readonly string[];
  /** The whole environment, but for PATH, directories of its own for HOME and TMPDIR, and a key file that is not there. */
  readonly env?: Readonly<Record<string, string>>;
  /** What must not be printed; asked for when the command has ended. */
  readonly secrets?: () => Iterable<string>;
  /** What it may have left for others to read, e.g. on a cluster; asked for when it has ended, and searched as well. */
  readonly traces?: () => Promise<string>;
  /** On a terminal of 80 columns, which shows all that is printed as stdout. Linux only. */
  readonly terminal?: boolean;
  /** Given the running command, e.g. to stop it. */
  readonly onStart?: (running: RunningCommand) => void;
}

export interface RunningCommand {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Nobody reads any more what it prints. */
  closeOutput(): void;
  /** Resolves with the first match of what it prints; rejects when it ends without one. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

export interface CommandResult {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What `kubectl describe pod` would show; empty when it left none. */
  readonly termination: string;
}

const terminationFile = 'termination-log';

/** For programs that are to read and write nothing of anyone who runs the tests: no kubeconfig, no settings, no caches. */
export function ownEnvironment(home: string): {
  readonly PATH: string;
  readonly HOME: string;
  readonly TMPDIR: string;
} {
  return { PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: home };
}

/** The command line that runs another one on a terminal: util-linux's script makes one. */
function onTerminal(command: readonly string[]): string[] {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  return ['script', '--quiet', '--return', '--command', `stty cols 80; exec ${quoted}`, '/dev/null'];
}

/** Runs `credentials-updater ARGS`. @throws when it says a secret anywhere, or leaves a file behind */
export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { program = bundledProgram, nodeFlags = [], secrets = () => [], terminal = false, onStart } = options;
  const directory = await mkdtemp(join(tmpdir(), 'pks-command-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const env = {
    ...ownEnvironment(directory),
    // Not the one at the default path, which may be this machine's own.
    POOLC_API_KEY_FILE: join(directory, 'no-key'),
    TERMINATION_MESSAGE_PATH: join(directory, terminationFile),
    ...(terminal ? { TERM: 'xterm-256color' } : {}),
    ...options.env,
  };
  const command = [process.execPath, ...nodeFlags, program, ...args];
  const [file = '', ...words] = terminal ? onTerminal(command) : command;
  const child = spawn(file, words, {
    cwd: directory,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const listener of listeners) listener();
  });
  const ended = Promise.withResolvers<number | null>();
  child.once('error', ended.reject);
  child.once('close', (code) => ended.resolve(code));

  const printed = (pattern: RegExp): Promise<RegExpExecArray> => {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = pattern.exec(stdout) ?? pattern.exec(stderr);
      if (match !== null) resolve(match);
    };
    listeners.add(look);
    look();
    void ended.promise.then(() =>
      reject(new Error(`It ended without printing ${String(pattern)}:\n${stdout}${stderr}`)),
    );
    return promise;
  };
  onStart?.({
    pid: child.pid ?? 0,
    kill: (signal) => void child.kill(signal),
    closeOutput: () => {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    printed,
  });

  const exitCode = await ended.promise;
  const termination = await readFile(env.TERMINATION_MESSAGE_PATH, 'utf8').catch(() => '');
  const known = [...secrets()];
  const places = { printed: `${stdout}\n${stderr}\n${termination}`, 'left on the cluster': await options.traces?.() };
  for (const [how, text = ''] of Object.entries(places)) {
    const leaks = findLeaks(text, known);
    if (leaks.length > 0) throw new Error(`The command ${how} secrets: ${leaks.join(', ')}`);
  }
  const leftBehind = (await readdir(directory)).filter((name) => name !== terminationFile);
  if (leftBehind.length > 0) throw new Error(`The command left files behind: ${leftBehind.join(', ')}`);
  return { exitCode, stdout, stderr, termination };
}

const lineSchema = z.looseObject({
  level: z.enum(['debug', 'info', 'warn', 'error']),
  time: z.iso.datetime(),
  msg: z.string(),
});
export type LogLine = z.infer<typeof lineSchema>;

/** The JSON lines that a command printed. @throws when one of them is none */
export function logLines({ stdout }: CommandResult): LogLine[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => lineSchema.parse(JSON.parse(line)));
}

/** @throws with the end of what it printed when the command ended otherwise */
export function expectExit(result: CommandResult, ...expected: readonly number[]): void {
  if (expected.some((exitCode) => exitCode === result.exitCode)) return;
  const printed = `${result.stdout}${result.stderr}`.slice(-3_000);
  throw new Error(
    `Exit code ${expected.join(' or ')} was expected, it is ${result.exitCode ?? 'a signal'}. It printed:\n${printed}`,
  );
}
