import { describe, expect, test } from 'vitest';
import { checkLifetime, checkSubject } from './certificate.ts';

describe('a certificate is refused for', () => {
  test.each([
    'system:admin',
    'System:masters',
    ' system:masters',
    'system :masters',
    'system:serviceaccount:poolc-users:kim',
    'kubeadm:cluster-admins',
    'oidc:kim',
    'kim/../../x',
    'kim\u001b[2J',
    'kim\nO=system:masters',
    'kim,O=system:masters',
    '풀씨',
    'ѕystem',
    '-kim',
    'kim ',
    '',
    'k'.repeat(65),
  ])('%j, as a name and as a group', (word) => {
    for (const subject of [
      { name: word, groups: [] },
      { name: 'kim', groups: ['guests', word] },
    ])
      expect(() => checkSubject(subject)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });

  test('a group that is named twice', () => {
    expect(() => checkSubject({ name: 'kim', groups: ['a', 'a'] })).toThrow('a group is named twice');
  });

  test.each([undefined, 599, 30 * 86_400 + 1, Number.NaN])('%s seconds', (seconds) => {
    expect(() => checkLifetime(seconds)).toThrow('the lifetime must be from 10m to 30d');
  });
});

test('a person may have one', () => {
  for (const name of ['kim', 'Kim.2', 'lee@example.org', 'k+1@x', '7']) checkSubject({ name, groups: ['guests'] });
  expect(checkLifetime(86_400)).toBe(86_400);
});
