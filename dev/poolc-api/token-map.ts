/**
 * Reads the body of a delivery, `{"<member_uuid>": "<token>", …}`, while it arrives. The whole text is never in memory:
 * a body of 50 MB costs its tokens and no second copy of them.
 */
import { createHash } from 'node:crypto';
import { JSONParser } from '@streamparser/json';

export interface TokenMap {
  /** Tokens by member UUID, as they were sent. A null is kept: it is the table that refuses it. */
  tokens: Map<string, string | null>;
  /** SHA-256 of the body's bytes, in hex. */
  sha256: string;
}

/** The body isn't a JSON map of strings; `message` says what it is instead, and quotes nothing of it. */
export class MalformedBody extends Error {
  override readonly name = 'MalformedBody';
}

/** @throws MalformedBody; whatever the body rejects with when the sender goes away. */
export async function readTokenMap(body: AsyncIterable<Uint8Array>): Promise<TokenMap> {
  const tokens = new Map<string, string | null>();
  const hash = createHash('sha256');
  let wrong: string | undefined;
  const parser = new JSONParser({ paths: ['$', '$.*'], keepStack: false });
  parser.onValue = ({ key, value, stack }) => {
    if (stack.length === 0) {
      if (value === null || typeof value !== 'object' || Array.isArray(value))
        wrong ??= 'the body is not a JSON object';
    } else if (typeof key !== 'string') {
      wrong ??= 'the body is not a JSON object';
    } else if (value === null || typeof value === 'string') {
      tokens.set(key, value);
    } else {
      wrong ??= 'a value of the body is neither a string nor null';
    }
  };
  parser.onError = () => {
    // The parser's own message quotes the text, and the text holds tokens.
    wrong ??= 'the body is not valid JSON';
  };
  for await (const chunk of body) {
    hash.update(chunk);
    if (wrong === undefined) parser.write(chunk);
  }
  if (wrong === undefined && !parser.isEnded) wrong = 'the body is not valid JSON';
  if (wrong !== undefined) throw new MalformedBody(wrong);
  return { tokens, sha256: hash.digest('hex') };
}
