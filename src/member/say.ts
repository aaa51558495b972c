/** What a member reads on stderr, by itself or between kubectl's lines: whose word it is, what happened, what to do. */
import { Redactor } from '../lib/redact.ts';
import { columnsOf, wrapMessage } from '../lib/terminal-text.ts';
import type { TextOutput } from './environment.ts';

export function say(stderr: TextOutput, message: string, hint: string | undefined): void {
  const lines = [`credentials-updater: ${message}`, ...(hint === undefined ? [] : [`  what to do: ${hint}`])];
  const redactor = new Redactor();
  for (const line of lines) stderr.write(`${wrapMessage(redactor.redact(line), columnsOf(stderr), 2)}\n`);
}
