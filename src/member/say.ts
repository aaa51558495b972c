/** What a member reads on stderr, by itself or between kubectl's lines: whose word it is, what happened, what to do. */
import { inLanguage, type Text } from '../lib/message.ts';
import { generalMessages } from '../lib/messages/general.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf, wrapMessage } from '../lib/terminal-text.ts';
import type { MemberEnvironment } from './environment.ts';

export function say(
  { stderr, language }: Pick<MemberEnvironment, 'stderr' | 'language'>,
  message: Text,
  hint: Text | undefined,
): void {
  const whatToDo = inLanguage(generalMessages.whatToDo(), language);
  const lines = [
    `credentials-updater: ${inLanguage(message, language)}`,
    ...(hint === undefined ? [] : [`  ${whatToDo} ${inLanguage(hint, language)}`]),
  ];
  const redactor = new Redactor();
  for (const line of lines) stderr.write(`${wrapMessage(redactor.redact(line), columnsOf(stderr), 2)}\n`);
}
