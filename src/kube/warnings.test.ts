import { expect, it } from 'vitest';
import { ResponseParser } from './http1.ts';
import { warningsOf } from './warnings.ts';

it('reads each warning of an answer, quotes and Korean in it too', () => {
  const head = [
    'HTTP/1.1 201 Created',
    'Warning: 299 - "says \\"no\\" and \\\\"',
    'Content-Length: 2',
    'warning: 299 - "특권, privileged"',
    'X-Warning: not one',
  ].join('\r\n');
  const response = new ResponseParser(100).push(Buffer.from(`${head}\r\n\r\n{}`));
  expect(response && warningsOf(response)).toEqual(['says "no" and \\', '특권, privileged']);
});
