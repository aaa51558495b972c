/** Runs a program of Node's to its end, and says what it printed, how long it took and what it used. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProcessUsage, readUsage, usageEnvironment } from './process-usage.ts';

export interface ProgramToMeasure {
  readonly nodeFlags?: readonly string[];
  /** The program's file, and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Besides PATH and HOME. */
  readonly env: Readonly<Record<string, string>>;
}

export interface MeasuredRun extends ProcessUsage {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** From the start of the process to its exit. */
  readonly seconds: number;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function measureProgram({ nodeFlags = [], command, env }: ProgramToMeasure): Promise<MeasuredRun> {
  const usageFile = join(tmpdir(), `process-usage-${randomBytes(6).toString('hex')}.json`);
  try {
    const startedAt = Date.now();
    const started = performance.now();
    const child = spawn(process.execPath, [...nodeFlags, ...command], {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: process.env['HOME'] ?? '',
        ...env,
        ...usageEnvironment(usageFile),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>();
    let seconds = 0;
    child.once('error', reject);
    child.once('exit', () => {
      seconds = (performance.now() - started) / 1_000;
    });
    child.once('close', (code) => resolve(code));
    const [stdout, stderr, exitCode] = await Promise.all([textOf(child.stdout), textOf(child.stderr), ended]);
    if (!existsSync(usageFile))
      throw new Error(
        `${command.join(' ')} ended with ${exitCode ?? 'a signal'} before it could say what it used: ${stderr}`,
      );
    return { startedAt, seconds, exitCode, stdout, stderr, ...(await readUsage(usageFile)) };
  } finally {
    await rm(usageFile, { force: true });
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  stream.setEncoding('utf8');
  let text = '';
  for await (const piece of stream) text += String(piece);
  return text;
}
