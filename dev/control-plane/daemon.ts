/** A server program on a port of its own that can be stopped and started again on the same port. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../../src/lib/duration.ts';
import { elapsed } from '../elapsed.ts';
import type { SupervisedProcess, Supervisor } from './supervisor/index.ts';

const PORT_ATTEMPTS = 5;
const READY_POLL_MS = 100;
/** Generous: a laptop on battery, or a machine that does ten other things, takes a minute for what else takes 3 s. */
const READY_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 5_000;
const LOG_LINES_TO_SHOW = 8;

export interface DaemonOptions {
  /** As messages call it, e.g. `kube-apiserver`. */
  readonly name: string;
  readonly supervisor: Supervisor;
  readonly logFile: string;
  /** The program and its arguments; asked anew at each start. */
  readonly command: (port: number) => readonly string[];
  /** The whole environment; default: this process's. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Whether it serves what it is for. Never rejects. */
  readonly isReady: (port: number) => Promise<boolean>;
  /** Default: a port that is free on loopback. */
  readonly choosePort?: () => Promise<number>;
  readonly onProgress: (line: string) => void;
}

export interface Daemon {
  readonly port: number;
  /** Starts it, on the same port as before, and waits until it is ready. */
  start(): Promise<void>;
  /** Ends it at once with `abruptly`; else asks it to end, and ends it after 5 s. */
  stop(options?: { abruptly?: boolean }): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
}

/** Starts a program on a free port, and on another one if somebody takes that in between. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { name, supervisor, logFile, onProgress } = options;
  const stopped = new WeakSet<SupervisedProcess>();

  const reportUnexpectedEnd = async (process: SupervisedProcess): Promise<void> => {
    const { code, signal } = await process.exited;
    if (stopped.has(process) || supervisor.isStopping()) return;
    onProgress(`${name}: ended by itself (${signal ?? `exit ${code}`}); its log: ${logFile}`);
  };

  let { port, running } = await startOnFreePort(options);
  void reportUnexpectedEnd(running);

  const requireRunning = (): SupervisedProcess => {
    if (running.hasExited()) throw new Error(`${name} is not running`);
    return running;
  };

  return {
    port,
    async start() {
      if (!running.hasExited()) throw new Error(`${name} is running already`);
      running = await startOnPort(options, port);
      void reportUnexpectedEnd(running);
    },
    async stop({ abruptly = false } = {}) {
      const current = requireRunning();
      stopped.add(current);
      // A frozen program sees a SIGTERM only once it runs again.
      current.signal('SIGCONT');
      current.signal(abruptly ? 'SIGKILL' : 'SIGTERM');
      const gone = await Promise.race([current.exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      if (gone === undefined) current.signal('SIGKILL');
      await current.exited;
      onProgress(`${name}: stopped`);
    },
    pause: () => requireRunning().signal('SIGSTOP'),
    resume: () => requireRunning().signal('SIGCONT'),
  };
}

async function startOnFreePort(options: DaemonOptions): Promise<{ port: number; running: SupervisedProcess }> {
  const { name, choosePort = freePort, onProgress } = options;
  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort();
    try {
      return { port, running: await startOnPort(options, port) };
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS) throw error;
      onProgress(`${name}: port ${port} was taken in between, trying another`);
    }
  }
}

class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

async function startOnPort(options: DaemonOptions, port: number): Promise<SupervisedProcess> {
  const { name, supervisor, logFile, command, environment = process.env, isReady, onProgress } = options;
  const started = performance.now();
  const logBefore = (await readLog(logFile)).length;
  const running = await supervisor.spawn({ command: command(port), logFile, environment });
  while (!(await isReady(port))) {
    if (running.hasExited()) throw await whyItEnded(name, port, running, (await readLog(logFile)).slice(logBefore));
    if (performance.now() - started > READY_TIMEOUT_MS) {
      running.signal('SIGKILL');
      throw new Error(`${name} was not ready within ${formatDuration(READY_TIMEOUT_MS / 1000)}; its log: ${logFile}`);
    }
    await sleep(READY_POLL_MS);
  }
  onProgress(`${name}: ready on port ${port} (${elapsed(started)})`);
  return running;
}

async function whyItEnded(name: string, port: number, ended: SupervisedProcess, log: string): Promise<Error> {
  if (log.includes('address already in use')) return new PortTakenError(`${name}: port ${port} is taken`);
  const { code, signal } = await ended.exited;
  const lines = log.trim().split('\n').slice(-LOG_LINES_TO_SHOW).join('\n  ');
  return new Error(`${name} ended before it was ready (${signal ?? `exit ${code}`}). Its last words:\n  ${lines}`);
}

async function readLog(logFile: string): Promise<string> {
  return readFile(logFile, 'utf8').catch(() => '');
}

/** A port that is free now; somebody else may take it before its user does. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('The system named no port');
  return address.port;
}
