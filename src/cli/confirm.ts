/** The question before something that can't be undone. */
import { createInterface } from 'node:readline/promises';
import { readSurroundings } from '../config/surroundings.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { usageMessages as messages } from '../lib/messages/usage.ts';
import type { Environment } from './environment.ts';

/** Whether somebody is there to answer. */
export function canAsk({ env }: Environment): boolean {
  return process.stdin.isTTY && !readSurroundings(env).isUnattended;
}

/** @throws Failure unless the answer is yes */
export async function confirmOnTerminal({ stderr, signal }: Environment, question: string): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('usage', messages.notConfirmed());
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    throw new Failure('aborted', messages.stoppedAtQuestion(), { exitCode: exitCodes.interrupted });
  } finally {
    terminal.close();
  }
}
