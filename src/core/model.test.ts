import { describe, expect, it } from 'vitest';
import { type Account, isOwned, memberLabel, printable } from './model.ts';

const account: Account = {
  name: 'kim',
  uid: 'uid-1',
  labelled: true,
  memberId: 'file:1',
  createdAt: 0,
  terminating: false,
};

describe('an account', () => {
  it('is ours only with our label and the id of a member', () => {
    expect(isOwned(account)).toBe(true);
    expect(isOwned({ ...account, labelled: false })).toBe(false);
    expect(isOwned({ ...account, memberId: undefined })).toBe(false);
  });
});

describe('a text from outside', () => {
  it('is shown whole up to 64 characters, and cut to 64 beyond', () => {
    expect(printable('x'.repeat(64))).toBe('x'.repeat(64));
    expect(printable('x'.repeat(65))).toBe(`${'x'.repeat(63)}…`);
  });

  it('can not move the cursor, nor hide a part of itself', () => {
    expect(printable('kim\u001b[2J\u202e')).toBe('kim\\u{1b}[2J\\u{202e}');
  });
});

describe('a member', () => {
  it('is called by the login, made printable, or by the id where there is none', () => {
    expect(memberLabel({ id: 'file:1', login: 'kim' })).toBe('kim');
    expect(memberLabel({ id: 'file:1', login: 'kim\n' })).toBe('kim\\u{a}');
    expect(memberLabel({ id: 'file:1', login: null })).toBe('file:1');
    expect(memberLabel({ id: 'file:1', login: '' })).toBe('file:1');
  });
});
