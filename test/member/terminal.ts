/** A command at a real terminal (a pseudo-terminal made by script(1)), and a person who types when asked. */
import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { onTestFinished } from 'vitest';
import type { Computer } from './computer.ts';

export interface Typing {
  /** What is waited for in what the terminal shows since the last answer. */
  readonly at: string;
  readonly type: string;
}

export interface TerminalResult {
  readonly exitCode: number | null;
  /** Everything that the terminal has shown, as plain lines. */
  readonly shown: string;
}

/** @throws when the command ends before everything was typed */
export async function atTerminal(
  { env }: Pick<Computer, 'env'>,
  command: string,
  answers: readonly Typing[],
): Promise<TerminalResult> {
  const args =
    process.platform === 'darwin' ? ['-q', '/dev/null', 'sh', '-c', command] : ['-qefc', command, '/dev/null'];
  const child = spawn('script', args, {
    env: { ...env, TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const { promise: exitCode, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  const left = [...answers];
  let shown = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [next] = left;
    if (next === undefined || !shown.slice(seen).includes(next.at)) return;
    left.shift();
    seen = shown.length;
    // Never before the question: what is typed ahead is shown by the terminal itself.
    child.stdin.write(next.type);
  });
  const code = await exitCode;
  if (left.length > 0) throw new Error(`It ended before "${left[0]?.at}" was asked:\n${shown}`);
  return { exitCode: code, shown: stripVTControlCharacters(shown).replaceAll('\r', '') };
}
