import { describe, expect, it } from 'vitest';
import { findLeaks } from './leaks.ts';

const token = ['eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ', 'eyJzdWIiOiJhbGljZSJ9', 'c2lnbmF0dXJlLW9mLTMyLWJ5dGVzIQ'].join(
  '.',
);
const key = 'a-key-of-the-poolc-api';

describe('the scan for secrets', () => {
  it.each([
    ['a known secret', `key=${key}.`],
    ['a known secret in base64', Buffer.from(`user:${key}`).toString('base64')],
    ['a known secret in base64, at another offset', Buffer.from(`u:${key}`).toString('base64')],
    ['a known secret in base64url', Buffer.from(`us:${key}`).toString('base64url')],
    ['a known secret in hexadecimal', Buffer.from(key).toString('hex')],
    ['a whole token', `Bearer ${token}`],
    ['the payload of a token alone', token.split('.')[1] ?? ''],
    ['the signature of a known token alone', token.split('.')[2] ?? ''],
    ['an unknown token', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ.'],
    ['an unknown token in base64', Buffer.from(`eyJhbGciOiJub25lIn0.${'x'.repeat(40)}`).toString('base64')],
  ])('finds %s', (_, text) => {
    expect(findLeaks(`before ${text} after`, [key, token])).not.toEqual([]);
  });

  it('finds nothing in ordinary text', () => {
    const text = '{"level":"info","msg":"plan: 40 members","uuid":"1c9b2c44-9a80-4c52-a9c1-b8a0c7b30b0e"}';
    expect(findLeaks(text, [key, token])).toEqual([]);
  });

  it('does not repeat what it has found', () => {
    expect(findLeaks(token, [token]).join()).not.toContain(token.slice(0, 12));
  });
});
