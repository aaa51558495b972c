/** The JSON document that a server answered with, or what it is instead. */
import { printable } from '../core/model.ts';
import type { Failure } from '../lib/failure.ts';
import { countValues, repeatedKey } from '../lib/json.ts';

/** What fits into the heap that the image gives, whatever the answer is made of; 50,000 members with long ids are far below. */
export const longestAnswer = 16 * 1024 * 1024;
const mostValues = 400_000;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * @param malformed makes the failure of what is wrong
 * @throws what `malformed` makes
 */
export function parseJsonAnswer(
  body: Buffer,
  contentType: string | undefined,
  malformed: (what: string) => Failure,
): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw malformed('it is not UTF-8');
  }
  if (countValues(text) > mostValues) throw malformed(`it has more than ${mostValues} values`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    if (/html/i.test(contentType ?? '') || /^\s*</.test(text)) throw malformed('it is an HTML page, not JSON');
    if (text.trim() === '') throw malformed('it is empty');
    throw malformed(
      `it is not valid JSON (${body.length} bytes${/[}\]]\s*$/.test(text) ? '' : ', cut off before its end'})`,
    );
  }
  const key = repeatedKey(text);
  if (key !== undefined) throw malformed(`it says "${printable(key)}" twice in one object, and only one can be meant`);
  return document;
}
