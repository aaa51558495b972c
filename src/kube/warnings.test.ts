import { expect, it } from 'vitest';
import { warningsOf } from './warnings.ts';

it('reads each warning of an answer, quotes and Korean in it too', () => {
  // A header's bytes arrive as Latin-1.
  const values = ['299 - "says \\"no\\" and \\\\"', Buffer.from('299 - "특권, privileged"').toString('latin1')];
  const headers = (name: string) => (name === 'warning' ? values : []);
  expect(warningsOf({ status: 201, header: () => undefined, headers, body: '{}' })).toEqual([
    'says "no" and \\',
    '특권, privileged',
  ]);
});
