import { describe, expect, it } from 'vitest';
import { Redactor } from './redact.ts';

const mark = '[redacted]';

describe('a secret', () => {
  it('is taken out as it is, inside JSON and inside base64', () => {
    const redactor = new Redactor();
    const secret = 'pa"ss\nword-1';
    redactor.add(secret);
    for (const text of [secret, JSON.stringify({ secret }), Buffer.from(`x:${secret}:y`).toString('base64')])
      expect(redactor.redact(`said: ${text}`)).toContain(mark);
    expect(redactor.redact(JSON.stringify({ secret }))).not.toContain('word-1');
  });

  it.each(['members', 'directory', 'token', 'Error'])('that is the word %s leaves messages as they are', (secret) => {
    const redactor = new Redactor();
    redactor.add(secret);
    for (const text of [
      '10 members: 3 keep their account, the directory answered; Error: no token, tokens expire',
      '{"level":"error","msg":"10 members","directory":"poolc","token":"members"}',
    ])
      expect(redactor.redact(text)).toBe(text);
  });

  it.each([
    ["the server said: password 'sunshine' is wrong", `the server said: password '${mark}' is wrong`],
    ['GET /?key=sunshine&page=2', `GET /?key=${mark}&page=2`],
    ['POOLC_API_KEY=sunshine', `POOLC_API_KEY=${mark}`],
    ['it said "sunshine"', `it said "${mark}"`],
    ['{"msg":"it said \\"sunshine\\""}', `{"msg":"it said \\"${mark}\\""}`],
  ])('that is a word is taken out where a value stands: %s', (text, redacted) => {
    const redactor = new Redactor();
    redactor.add('sunshine');
    expect(redactor.redact(text)).toBe(redacted);
  });
});
