import { describe, expect, it } from 'vitest';
import { Secret } from '../lib/secret.ts';
import { messageOf } from './api.ts';

const answer = (message: unknown) => Buffer.from(JSON.stringify({ message }));

describe('what the other side says', () => {
  it('is cut, without what a terminal obeys', () => {
    expect(messageOf(answer('no\u001b[2J\u009b31m\u202e'))).toBe('no\\u{1b}[2J\\u{9b}31m\\u{202e}');
    expect(messageOf(answer('x'.repeat(500)))).toBe('x'.repeat(200));
    expect(messageOf(answer(7))).toBeUndefined();
    expect(messageOf(Buffer.from('<html>'))).toBeUndefined();
  });

  it.each([0, 170, 190, 199, 200])('never holds a part of the key, though it is cut within it (at %i)', (at) => {
    const key = 'topsecretapikey12345';
    const said = messageOf(answer(`${'x'.repeat(at)}${key} is wrong`), new Secret(key));
    expect(said).not.toContain('top');
  });
});
