/** What the tests of this folder share. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

/** A directory that goes when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** The ids of all other processes of this machine with `text` in their command lines. */
export async function processesMentioning(text: string): Promise<number[]> {
  const all = process.platform === 'linux' ? await commandLinesFromProc() : await commandLinesFromPs();
  return all.filter(({ pid, line }) => pid !== process.pid && line.includes(text)).map(({ pid }) => pid);
}

interface CommandLine {
  readonly pid: number;
  readonly line: string;
}

/** Small images have no `ps`. */
async function commandLinesFromProc(): Promise<CommandLine[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  return Promise.all(
    pids.map(async (pid) => {
      // A process may end while it is looked at.
      const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(pid), line: words.replaceAll('\0', ' ') };
    }),
  );
}

async function commandLinesFromPs(): Promise<CommandLine[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,args='], { maxBuffer: 1e8 });
  return stdout.split('\n').map((line) => ({ pid: Number.parseInt(line, 10), line }));
}

export interface RunningScript {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the first match in standard output. Rejects when the program ends without one. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Runs Node with these arguments as a process of its own, which is killed if it outlives the test. */
export function runNode(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): RunningScript {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const listener of listeners) listener();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<Awaited<RunningScript['ended']>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return {
    pid: child.pid ?? 0,
    kill: (signal) => void child.kill(signal),
    ended,
    async printed(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const look = (): void => {
        const match = pattern.exec(stdout);
        if (match !== null) resolve(match);
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`It ended without printing ${String(pattern)}:\n${stdout}${stderr}`)));
      return promise;
    },
  };
}
