/**
 * Programs that never outlive this process: a supervisor process starts them, and stops them when this one ends in
 * whatever way. See process.ts for its side.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Report, type Request, reportSchema, type Signal, type SupervisorSettings } from './protocol.ts';

export interface ProgramToRun {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** A file that receives standard output and standard error. */
  readonly logFile: string;
  /** The whole environment; default: this process's. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Default: the supervisor's directory. */
  readonly workingDirectory?: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface SupervisedProcess {
  readonly pid: number;
  /** Settles when the program has ended. Never rejects. */
  readonly exited: Promise<Exit>;
  hasExited(): boolean;
  /** Signals the program and everything it has started in its process group. */
  signal(signal: Signal): void;
}

export interface Supervisor extends AsyncDisposable {
  /** Where the programs keep their files. A temporary one goes with the supervisor. */
  readonly directory: string;
  readonly pid: number;
  spawn(program: ProgramToRun): Promise<SupervisedProcess>;
  /** Runs this command after everything has been stopped, even when this process was killed. Last in, first run. */
  addCleanup(command: readonly string[]): void;
  /** Kills all programs, runs the clean-ups and removes a temporary directory. */
  stop(): Promise<void>;
  isStopping(): boolean;
}

interface Pending {
  pid?: number;
  readonly spawned: (pid: number) => void;
  readonly failed: (error: Error) => void;
  readonly exited: (exit: Exit) => void;
}

/** Starts a supervisor with a directory for its programs' files: a temporary one, or one that is kept. */
export async function startSupervisor(settings: SupervisorSettings): Promise<Supervisor> {
  const child = fork(fileURLToPath(new URL('process.ts', import.meta.url)), [JSON.stringify(settings)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  const pending = new Map<number, Pending>();
  const directory = await readyDirectory(child);

  child.on('message', (message) => dispatch(reportSchema.parse(message), pending));
  child.once('exit', () => {
    // After a stop nothing is pending. If something is, the supervisor itself was killed: do its work for it.
    for (const { pid, failed, exited } of pending.values()) {
      if (pid !== undefined) killGroup(pid);
      failed(new Error('the supervisor process has ended'));
      exited({ code: null, signal: 'SIGKILL' });
    }
    pending.clear();
    if (settings.directory.kind === 'temporary') rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  let nextId = 0;
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    stopping = true;
    if (child.connected) send(child, { type: 'finish' });
    await ended;
  };

  return {
    directory,
    pid: child.pid ?? 0,
    spawn: (program) => {
      nextId += 1;
      return spawnSupervised(child, pending, nextId, program);
    },
    addCleanup: (command) => send(child, { type: 'cleanup', command: [...command] }),
    stop,
    isStopping: () => stopping,
    [Symbol.asyncDispose]: stop,
  };
}

async function readyDirectory(child: ChildProcess): Promise<string> {
  const failure = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`The supervisor process ended before it was ready (${String(signal ?? code)})`);
  });
  const [message]: unknown[] = await Promise.race([once(child, 'message'), failure]);
  failure.catch(() => {});
  const report = reportSchema.parse(message);
  if (report.type !== 'ready') throw new Error(`The supervisor process began with '${report.type}', not with 'ready'`);
  return report.directory;
}

async function spawnSupervised(
  child: ChildProcess,
  pending: Map<number, Pending>,
  id: number,
  { command, logFile, environment = process.env, workingDirectory }: ProgramToRun,
): Promise<SupervisedProcess> {
  const spawned = Promise.withResolvers<number>();
  const exited = Promise.withResolvers<Exit>();
  let ended = false;
  pending.set(id, {
    spawned: spawned.resolve,
    failed: spawned.reject,
    exited: (exit) => {
      ended = true;
      exited.resolve(exit);
    },
  });
  send(child, {
    type: 'spawn',
    id,
    command: [...command],
    logFile,
    environment: Object.fromEntries(Object.entries(environment).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]]))),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
  });
  const pid = await spawned.promise;
  const entry = pending.get(id);
  if (entry !== undefined) entry.pid = pid;
  return {
    pid,
    exited: exited.promise,
    hasExited: () => ended,
    signal: (signal) => send(child, { type: 'signal', id, signal }),
  };
}

function dispatch(report: Report, pending: Map<number, Pending>): void {
  if (report.type === 'ready') return;
  const program = pending.get(report.id);
  switch (report.type) {
    case 'spawned':
      program?.spawned(report.pid);
      break;
    case 'failed':
      program?.failed(new Error(report.reason));
      pending.delete(report.id);
      break;
    case 'exited':
      program?.exited({ code: report.code, signal: report.signal });
      pending.delete(report.id);
      break;
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended with its supervisor.
  }
}

function send(child: ChildProcess, request: Request): void {
  if (!child.connected) throw new Error('The supervisor process has ended: nothing can be started or signalled');
  child.send(request);
}
