/**
 * The supervisor's own process. It starts programs for its parent and outlives it by a moment: when the channel to the
 * parent closes, whatever closed it (Ctrl-C, kill -9, a crashed test run), it kills every program it started and
 * removes the temporary directory. It runs in a session of its own, so that a Ctrl-C in the terminal doesn't reach it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Report, type Request, requestSchema, settingsSchema } from './protocol.ts';

const GRACE_MS = 5_000;

const settings = settingsSchema.parse(JSON.parse(process.argv[2] ?? ''));
const directory = makeDirectory();
const running = new Map<number, ChildProcess>();
const cleanups: string[][] = [];
let finishing = false;

process.on('message', (message) => {
  handle(requestSchema.parse(message));
});
process.on('disconnect', () => void finish());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void finish());
report({ type: 'ready', directory });

function makeDirectory(): string {
  if (settings.directory.kind === 'temporary') return mkdtempSync(join(tmpdir(), settings.directory.prefix));
  mkdirSync(settings.directory.path, { recursive: true, mode: 0o700 });
  return settings.directory.path;
}

function handle(request: Request): void {
  switch (request.type) {
    case 'spawn':
      start(request);
      break;
    case 'signal':
      signalGroup(running.get(request.id), request.signal);
      break;
    case 'cleanup':
      cleanups.push(request.command);
      break;
    case 'finish':
      void finish();
      break;
  }
}

function start({ id, command, logFile, environment, workingDirectory }: Extract<Request, { type: 'spawn' }>): void {
  const [program = '', ...args] = command;
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(program, args, {
    // A process group of its own, so that what the program starts in turn is stopped with it.
    detached: true,
    stdio: ['ignore', log, log],
    env: environment,
    cwd: workingDirectory ?? directory,
  });
  closeSync(log);
  running.set(id, child);
  child.once('spawn', () => report({ type: 'spawned', id, pid: child.pid ?? 0 }));
  child.once('error', (error) => {
    running.delete(id);
    report({ type: 'failed', id, reason: error.message });
  });
  child.once('exit', (code, signal) => {
    // What the program left running in its group goes with it.
    signalGroup(child, 'SIGKILL');
    running.delete(id);
    report({ type: 'exited', id, code, signal });
  });
}

function signalGroup(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}

async function finish(): Promise<void> {
  if (finishing) return;
  finishing = true;
  // What lies in a temporary directory is thrown away, so nothing is gained by a polite shutdown.
  if (settings.directory.kind === 'kept') await stopAll('SIGTERM', GRACE_MS);
  await stopAll('SIGKILL', GRACE_MS);
  for (const [program = '', ...args] of cleanups.toReversed()) spawnSync(program, args, { stdio: 'ignore' });
  if (settings.directory.kind === 'temporary') rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

async function stopAll(signal: NodeJS.Signals, waitMs: number): Promise<void> {
  const children = [...running.values()];
  const exits = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of children) {
    // A stopped program sees a SIGTERM only once it runs again.
    signalGroup(child, 'SIGCONT');
    signalGroup(child, signal);
  }
  await Promise.race([Promise.all(exits), new Promise((resolve) => setTimeout(resolve, waitMs))]);
}

function report(message: Report): void {
  // The parent may be gone at any moment; 'disconnect' deals with that.
  if (process.connected) process.send?.(message, () => {});
}
