import { describe, expect, test } from 'vitest';
import { annotationOf, isUuid, memberIdFrom, nobodysId, parseMemberId, suffixesOf } from './member-id.ts';

const uuid = '6BA7B810-9dad-11d1-80b4-00c04fd430c8';

describe('a member id', () => {
  test.each([
    [uuid, uuid.toLowerCase()],
    [` ${uuid}\n`, uuid.toLowerCase()],
    ['ldap:ldap.example.org:AbC', 'ldap:ldap.example.org:AbC'],
    ['github:api.github.com:42', 'github:api.github.com:42'],
    ['file:2024-001', 'file:2024-001'],
    [' file:2024-001 ', 'file:2024-001'],
    ['x:!~', 'x:!~'],
    [`x${'-'.repeat(30)}:1`, `x${'-'.repeat(30)}:1`],
    [`file:${'x'.repeat(480)}`, `file:${'x'.repeat(480)}`],
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
    `file:${'x'.repeat(481)}`,
    `x${'-'.repeat(31)}:1`,
    '1file:1',
    ' file: 1',
    `x${uuid}`,
    `${uuid}x`,
    uuid.replaceAll('-', ''),
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

  test('is known by its annotation: a UUID by the one, every other id by the other', () => {
    expect(annotationOf(uuid)).toBe('credentials-updater/user-uuid');
    expect(annotationOf('file:1')).toBe('credentials-updater/member-id');
  });

  test('is read without the space around it, and a UUID in lower case', () => {
    expect(memberIdFrom({ 'credentials-updater/user-uuid': ` ${uuid}\n` })).toBe(uuid.toLowerCase());
    expect(memberIdFrom({ 'credentials-updater/member-id': ' file:1 ' })).toBe('file:1');
    expect(memberIdFrom({ 'credentials-updater/member-id': ` ${uuid} ` })).toBeUndefined();
  });

  test("is a UUID for a name that is nobody's too, as it is written into an annotation", () => {
    expect(isUuid(nobodysId)).toBe(true);
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
