import { describe, expect, test } from 'vitest';
import { annotationOf, memberIdFrom, parseMemberId, suffixesOf } from './member-id.ts';

const uuid = '6BA7B810-9dad-11d1-80b4-00c04fd430c8';

describe('a member id', () => {
  test.each([
    [uuid, uuid.toLowerCase()],
    [` ${uuid}\n`, uuid.toLowerCase()],
    ['ldap:ldap.example.org:AbC', 'ldap:ldap.example.org:AbC'],
    ['github:api.github.com:42', 'github:api.github.com:42'],
    ['file:2024-001', 'file:2024-001'],
  ])('is read from %j as %j', (text, id) => {
    expect(parseMemberId(text)).toBe(id);
  });

  test.each([
    '',
    '42',
    'kim',
    ':42',
    'LDAP:x',
    'file:',
    'file:a b',
    'file:풀씨',
    'file:a\u001b[2J',
    `file:${'x'.repeat(600)}`,
  ])('is not %j', (text) => {
    expect(parseMemberId(text)).toBeUndefined();
  });
});

describe('the id of an account', () => {
  test('is in the annotation of its kind, and comes back as it was written', () => {
    for (const id of [uuid.toLowerCase(), 'github:api.github.com:42']) {
      expect(memberIdFrom({ [annotationOf(id)]: id })).toBe(id);
    }
  });

  test('is nobody when the annotations name two, or the wrong kind', () => {
    expect(
      memberIdFrom({ 'credentials-updater/user-uuid': uuid, 'credentials-updater/member-id': 'file:1' }),
    ).toBeUndefined();
    expect(memberIdFrom({ 'credentials-updater/user-uuid': 'file:1' })).toBeUndefined();
    expect(memberIdFrom({ 'credentials-updater/member-id': uuid })).toBeUndefined();
    expect(memberIdFrom({})).toBeUndefined();
  });
});

describe('the end of a name', () => {
  test('is made of the characters of a UUID', () => {
    const id = uuid.toLowerCase();
    expect(suffixesOf(id)).toEqual({ short: '30c8', middle: '6ba7b810', whole: id });
  });

  test('is hex of the SHA-256 of any other id: 4, 8 and 32 characters', () => {
    // printf %s github:api.github.com:42 | sha256sum
    const whole = '59e5c7b12bbc72b3668a864c32776c2b';
    expect(suffixesOf('github:api.github.com:42')).toEqual({ short: '59e5', middle: '59e5c7b1', whole });
  });
});
