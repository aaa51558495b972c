/** The words of a refused value, in every language: a schema's own errors are plain texts. */
import type * as z from 'zod';
import type { Message, Text } from '../lib/message.ts';
import { valueMessages } from '../lib/messages/settings.ts';

const messages = new Map<string, Message>();

/** The text for a schema's error; `wordsOf` finds the message again. For what is said once, not for what a user gave. */
export function errorText(message: Message): string {
  messages.set(message.en, message);
  return message.en;
}

/** An issue of one's own, whose words may hold what a user gave. */
export function customIssue<Input>(message: Text, input: Input, hint?: Text) {
  const text = typeof message === 'string' ? message : message.en;
  return { code: 'custom' as const, message: text, input, params: { message, hint } };
}

/** What is needed, or wrong. */
export function wordsOf(issue: z.core.$ZodIssue | undefined): Text {
  if (issue === undefined) return valueMessages.otherShape();
  if (issue.code === 'invalid_key') return valueMessages.headerName();
  const own = issue.code === 'custom' ? textOf(issue.params?.['message']) : undefined;
  return own ?? messages.get(issue.message) ?? issue.message;
}

/** What to do, where the schema knows. */
export function hintOf(issue: z.core.$ZodIssue | undefined): Text | undefined {
  return issue?.code === 'custom' ? textOf(issue.params?.['hint']) : undefined;
}

function textOf(value: unknown): Text | undefined {
  return typeof value === 'string' || isMessage(value) ? value : undefined;
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'en' in value && 'ko' in value;
}
