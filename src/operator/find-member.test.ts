import { describe, expect, it } from 'vitest';
import type { Member, OwnedAccount } from '../core/model.ts';
import { findMember } from './find-member.ts';

const ids = { kim: '5b1c7c1e-3a52-4d0f-9c55-0f3f9f2f7c11', lee: '6b1c7c1e-3a52-4d0f-9c55-0f3f9f2f7c12' };
const account = (name: string, memberId: string): OwnedAccount => ({
  name,
  memberId,
  uid: `uid-${name}`,
  labelled: true,
  terminating: false,
  createdAt: 0,
});
const find = (wanted: string, members: readonly Member[], accounts: readonly OwnedAccount[] = []) =>
  findMember(wanted, { accounts, directory: { members }, commandLine: (name) => `credentials-updater ${name}` });

describe('a word that fits two members is never picked silently', () => {
  it('as the login id of both', () => {
    const both = [
      { id: ids.kim, login: 'kim' },
      { id: ids.lee, login: 'kim' },
    ];
    expect(() => find('kim', both)).toThrow(`kim fits 2 members: ${ids.kim} (login id); ${ids.lee} (login id)`);
  });

  it("as one's login id and another's ServiceAccount name", () => {
    const members = [
      { id: ids.kim, login: 'kim' },
      { id: ids.lee, login: 'lee' },
    ];
    expect(() => find('kim', members, [account('kim', ids.lee), account('kim-2', ids.kim)])).toThrow(
      `kim fits 2 members: ${ids.kim} (login id); ${ids.lee} (ServiceAccount name)`,
    );
  });

  it("as one's id and another's login id", () => {
    const members = [
      { id: ids.kim, login: 'kim' },
      { id: ids.lee, login: ids.kim },
    ];
    expect(() => find(ids.kim, members)).toThrow(`${ids.kim} (id); ${ids.lee} (login id)`);
  });
});

it('a word that fits one member in several ways is that member', () => {
  const members = [
    { id: ids.kim, login: 'kim' },
    { id: ids.lee, login: 'lee' },
  ];
  expect(find('kim', members, [account('kim', ids.kim)]).memberId).toBe(ids.kim);
  expect(find(ids.lee.toUpperCase(), members).memberId).toBe(ids.lee);
  expect(() => find('Kim', members)).toThrow('Kim is unknown');
});
