import { describe, expect, test } from 'vitest';
import type { Account, Member } from './model.ts';
import { nameWithId } from './names.ts';
import { planRekey, type RekeyInput } from './rekey.ts';

const account = (name: string, memberId: string, more: Partial<Account> = {}): Account => ({
  name,
  uid: `uid-of-${name}`,
  labelled: true,
  memberId,
  createdAt: 0,
  terminating: false,
  ...more,
});
const member = (id: string, login: string | null): Member => ({ id: `ldap:h:${id}`, login });
const plan = (input: Partial<RekeyInput>) =>
  planRekey({
    accounts: [],
    namesGiven: new Map(),
    holds: new Set(),
    members: [],
    isOwnId: (id) => id.startsWith('ldap:'),
    matching: { by: 'login' },
    ...input,
  });
const pairs = (input: Partial<RekeyInput>) => plan(input).moves.map(({ from, to }) => [from, to]);

describe('by login', () => {
  test('an account is the member whose login makes its name with the id that it has', () => {
    const uuid = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
    const clash = nameWithId({ id: 'file:4', login: 'choi' }, () => true);
    const accounts = [
      account('kim', 'file:1'),
      account('lee-30c8', uuid),
      account('member-6ba7b810', `${uuid.slice(0, -1)}9`),
      account(clash, 'file:4'),
    ];
    const members = [
      member('a', 'kim'),
      member('b', 'Lee'),
      member('c', '풀씨'),
      member('d', 'choi'),
      member('e', 'new'),
    ];
    expect(new Map(plan({ accounts, members }).moves.map(({ from, to }) => [from, to]))).toEqual(
      new Map([
        ['file:1', 'ldap:h:a'],
        [uuid, 'ldap:h:b'],
        [`${uuid.slice(0, -1)}9`, 'ldap:h:c'],
        ['file:4', 'ldap:h:d'],
      ]),
    );
    expect(plan({ accounts, members })).toMatchObject({ problems: [], newcomers: 1 });
  });

  test('another suffix is another member', () => {
    const input = { accounts: [account('kim-0000', 'file:1')], members: [member('a', 'Kim')] };
    expect(plan(input)).toMatchObject({
      moves: [],
      problems: [expect.stringContaining('kim-0000 (file:1) is nobody')],
    });
  });

  test('two members who could be one account are a problem, and so is one who could be two', () => {
    expect(
      plan({ accounts: [account('kim', 'file:1')], members: [member('a', 'kim'), member('b', 'kim')] }).problems,
    ).toEqual(['kim could be ldap:h:a or ldap:h:b']);
    const accounts = [account('kim', 'file:1'), account('kim-2', 'file:2')];
    const members = [member('a', 'kim')];
    const matching = {
      by: 'table',
      ids: new Map([
        ['file:1', 'ldap:h:a'],
        ['file:2', 'ldap:h:a'],
      ]),
    } as const;
    expect(plan({ accounts, members, matching }).problems).toEqual(['kim would get kim and kim-2']);
  });

  test('who has no login is nobody, though an account is called as theirs would be', () => {
    const uuid = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
    expect(plan({ accounts: [account('member-6ba7b810', uuid)], members: [member('a', null)] })).toMatchObject({
      moves: [],
      problems: [`member-6ba7b810 (${uuid}) is nobody's in the new directory`],
    });
  });

  test('the moves are in the order of the old ids, as people count', () => {
    const accounts = ['10', '9', '1'].map((number) => account(`kim${number}`, `file:${number}`));
    const members = ['1', '10', '9'].map((number) => member(number, `kim${number}`));
    expect(pairs({ accounts, members }).map(([from]) => from)).toEqual(['file:1', 'file:9', 'file:10']);
  });

  test('a problem names every account of the old id, and every name that it was given', () => {
    const accounts = [account('kim', 'file:1'), account('kim-2', 'file:1')];
    const namesGiven = new Map([['old-kim', 'file:1']]);
    expect(plan({ accounts, namesGiven }).problems).toEqual([
      "kim, kim-2, old-kim (file:1) is nobody's in the new directory",
    ]);
    const members = [member('a', 'kim'), member('b', 'old-kim')];
    expect(plan({ accounts, namesGiven, members }).problems).toEqual([
      'kim, kim-2, old-kim could be ldap:h:a or ldap:h:b',
    ]);
  });

  test('a leaver keeps the old id, and the name stays reserved for them', () => {
    const namesGiven = new Map([
      ['kim', 'file:1'],
      ['lee', 'file:2'],
    ]);
    const input = {
      accounts: [account('kim', 'file:1')],
      namesGiven,
      members: [member('a', 'kim'), member('b', 'lee')],
    };
    expect(pairs(input)).toEqual([['file:1', 'ldap:h:a']]);
  });

  test('a hold moves along without an account, by a name that was given; one that nobody is matched to stays', () => {
    const namesGiven = new Map([
      ['lee', 'file:2'],
      ['park', 'file:3'],
    ]);
    const result = plan({ namesGiven, holds: new Set(['file:2', 'file:3']), members: [member('b', 'lee')] });
    expect(result.moves).toMatchObject([{ from: 'file:2', to: 'ldap:h:b', held: true, accounts: [], names: ['lee'] }]);
    expect(result.unmatchedHolds).toEqual(['file:3']);
    expect(result.problems).toEqual([]);
  });
});

describe('a move that was cut short', () => {
  const members = [member('a', 'kim'), member('b', 'lee')];

  test('goes on with what is left', () => {
    const accounts = [account('kim', 'ldap:h:a'), account('lee', 'file:2')];
    expect(pairs({ accounts, members })).toEqual([['file:2', 'ldap:h:b']]);
  });

  test('knows the second account of a member by its record', () => {
    const accounts = [account('kim', 'ldap:h:a'), account('kim-2', 'file:1')];
    const ids = new Map([['file:1', 'ldap:h:a']]);
    const matching = { by: 'table', ids } as const;
    const namesGiven = new Map([
      ['kim', 'ldap:h:a'],
      ['kim-2', 'ldap:h:a'],
    ]);
    expect(plan({ accounts, members, matching, namesGiven }).problems).toEqual([]);
    expect(plan({ accounts, members, matching }).problems).toEqual(['kim has the account kim already']);
    // The record has to say it of each.
    const three = [...accounts, account('kim-3', 'file:1')];
    expect(plan({ accounts: three, members, matching, namesGiven }).problems).toEqual([
      'kim has the account kim already',
    ]);
  });

  test('has nothing to do at the end', () => {
    const accounts = [account('kim', 'ldap:h:a'), account('lee', 'ldap:h:b')];
    expect(plan({ accounts, members })).toMatchObject({ moves: [], problems: [], newcomers: 0 });
  });
});

test('what is not ours, or is being deleted, is not moved', () => {
  const accounts = [account('kim', 'file:1', { labelled: false }), account('lee', 'file:2', { terminating: true })];
  expect(plan({ accounts, members: [member('a', 'kim'), member('b', 'lee')] })).toMatchObject({
    moves: [],
    problems: [],
  });
});

test('by a table, a leaver can be named too, and nothing is done by login', () => {
  const namesGiven = new Map([
    ['kim', 'file:1'],
    ['lee', 'file:2'],
  ]);
  const matching = { by: 'table', ids: new Map([['file:2', 'ldap:h:b']]) } as const;
  const result = plan({ accounts: [account('kim', 'file:1')], namesGiven, members: [member('a', 'kim')], matching });
  expect(result.moves).toMatchObject([
    { from: 'file:2', to: 'ldap:h:b', label: 'ldap:h:b', isMember: false, names: ['lee'] },
  ]);
  expect(result.problems).toEqual(["kim (file:1) is nobody's in the new directory"]);
});

test('by a table, a member is called by the login, and a line for an id that nobody had changes nothing', () => {
  const ids = new Map([
    ['file:1', 'ldap:h:a'],
    ['file:9', 'ldap:h:z'],
  ]);
  const matching = { by: 'table', ids } as const;
  const result = plan({ accounts: [account('choi', 'file:1')], members: [member('a', 'kim')], matching });
  expect(result.moves).toMatchObject([{ from: 'file:1', to: 'ldap:h:a', label: 'kim', isMember: true }]);
});
