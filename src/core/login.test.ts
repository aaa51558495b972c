import { expect, test } from 'vitest';
import { type LoginOptions, withShorterLogins } from './login.ts';

const shortened = (login: string | null, options: LoginOptions) =>
  withShorterLogins([{ id: 'ldap:h:1', login, keys: ['age1…'] }], options);

test.each<[string | null, LoginOptions, string | null]>([
  ['kim@example.org', { stripSuffix: '@example.org' }, 'kim'],
  ['s-kim', { stripPrefix: 's-' }, 'kim'],
  ['s-kim@example.org', { stripPrefix: 's-', stripSuffix: '@example.org' }, 'kim'],
  // Where it is not there, or not at that end, the login stays whole.
  ['kim', { stripPrefix: 's-', stripSuffix: '@example.org' }, 'kim'],
  ['kim@example.org', { stripPrefix: '@example.org' }, 'kim@example.org'],
  ['s-kim', { stripSuffix: 's-' }, 's-kim'],
  // Once, and to the last character.
  ['s-s-kim', { stripPrefix: 's-' }, 's-kim'],
  ['@example.org', { stripSuffix: '@example.org' }, ''],
  // Nothing to take off.
  ['kim', {}, 'kim'],
  ['kim', { stripPrefix: '', stripSuffix: '' }, 'kim'],
  [null, { stripPrefix: 's-', stripSuffix: '@example.org' }, null],
])('the login %j with %j becomes %j, and the member stays the same', (login, options, shorter) => {
  expect(shortened(login, options)).toEqual([{ id: 'ldap:h:1', login: shorter, keys: ['age1…'] }]);
});
