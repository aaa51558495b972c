/** What an operator reads beside each line of a plan. */
import { describe, expect, it } from 'vitest';
import { en } from '../lib/message.ts';
import { nobodysId } from './member-id.ts';
import type { Account, Member } from './model.ts';
import { nameWithId } from './names.ts';
import { buildPlan, hasChanges, type PlanInput, type PlanOptions } from './plan.ts';
import { accountNamed } from './testing.ts';

const kimId = 'file:1';
const kim: Member = { id: kimId, login: 'kim' };
const account = (name: string, rest?: Partial<Account>) => accountNamed(name, kimId, rest);
const plan = (rest: Partial<PlanInput>, options?: PlanOptions) =>
  buildPlan({ members: [], accounts: [], namesGiven: new Map(), holds: new Set(), ...rest }, options);
const recorded = new Map([['kim', kimId]]);

describe('an account that stays', () => {
  const reasonOf = (rest: Partial<PlanInput>) => plan(rest).keep.map(({ reason }) => en(reason));

  it.each([
    [
      'recorded, and called as its member logs in',
      { accounts: [account('kim')], namesGiven: recorded },
      'still a member',
    ],
    [
      'recorded under an earlier login',
      { accounts: [account('old')], namesGiven: new Map([['old', kimId]]) },
      'still a member; the account keeps its name',
    ],
    ['not recorded yet', { accounts: [account('kim')] }, 'adopted as it is'],
  ])('%s', (_, rest, reason) => {
    expect(reasonOf({ members: [kim], ...rest })).toEqual([reason]);
  });
});

describe('an account that goes', () => {
  const reasonOf = (rest: Partial<PlanInput>) =>
    plan({ accounts: [account('kim')], ...rest }).remove.map(({ reason, held }) => [en(reason), held]);

  it("is a leaver's, or that of a member whom an operator holds out", () => {
    expect(reasonOf({})).toEqual([['no longer in the directory', false]]);
    expect(reasonOf({ members: [kim], holds: new Set([kimId]) })).toEqual([
      ['an operator holds this member out (revoke --hold)', true],
    ]);
  });

  it('stays under removalPolicy Report, and says how long its tokens work and which setting removes it', () => {
    const { remove, reported, warn } = plan({ accounts: [account('kim')] }, { removalPolicy: 'Report' });
    const reason =
      'no longer in the directory, but removalPolicy is Report, so the account stays and its tokens work until they expire; set spec.removalPolicy to Remove to remove such accounts';
    expect(remove).toEqual([]);
    expect(reported.map((one) => en(one.reason))).toEqual([reason]);
    expect(warn.map((one) => [one.about, en(one.reason)])).toEqual([['kim', reason]]);
  });
});

describe('the name of a new account', () => {
  const reasonOf = (login: string | null, rest: Partial<PlanInput> = {}) =>
    plan({ members: [{ id: kimId, login }], ...rest }).create.map(({ reason }) => en(reason));
  const inTheWay = (why: string) => [`gets a name with the UUID, because kim can't be given: ${why}`];

  it.each([
    ['kim', 'the login id is a valid name'],
    ['Kim', 'the login id lower-cased, with the end of the UUID'],
    ['kim_', 'the login id is no valid name: a readable part and part of the UUID'],
    [null, 'has no login id: a readable part and part of the UUID'],
  ])('made of the login %j', (login, reason) => {
    expect(reasonOf(login)).toEqual([reason]);
  });

  it('is a former one for who returns', () => {
    expect(reasonOf('kim', { namesGiven: new Map([['old', kimId]]) })).toEqual([
      'was here before and gets the former name back',
    ]);
  });

  it('has the whole id where the usual one is not free, and says why it is not', () => {
    const other = { memberId: 'file:2' };
    expect(reasonOf('kim', { accounts: [account('kim', { terminating: true })] })).toEqual(
      inTheWay('the account of that name is being deleted'),
    );
    const twoAccounts = { members: [kim, { id: 'file:2', login: 'lee' }], accounts: [account('kim', other)] };
    expect(plan(twoAccounts).create.map(({ reason }) => en(reason))).toEqual(inTheWay('another member has that name'));
    expect(reasonOf('kim', { accounts: [account('kim', { labelled: false, memberId: undefined })] })).toEqual(
      inTheWay("a ServiceAccount that isn't ours has that name"),
    );
    for (const holder of ['file:2', nobodysId])
      expect(reasonOf('kim', { namesGiven: new Map([['kim', holder]]) })).toEqual(
        inTheWay('the name is reserved for someone who had it before'),
      );
  });

  it('has the whole id for both of two who want the same, and for who comes to the name of another', () => {
    const twin = { id: 'file:2', login: 'kim' };
    expect(plan({ members: [kim, twin] }).create.map(({ reason }) => en(reason))).toEqual([
      ...inTheWay('two members want it'),
      ...inTheWay('two members want it'),
    ]);
    // The former name of one is the login of another.
    const returned = { members: [{ id: 'file:2', login: 'lee' }, kim], namesGiven: new Map([['kim', 'file:2']]) };
    expect(plan(returned).create.map(({ name, reason }) => [name, en(reason)])).toEqual([
      ['kim', 'was here before and gets the former name back'],
      [nameWithId(kim, () => true), ...inTheWay('another new member has that name')],
    ]);
  });

  it('is numbered where somebody has even the one with the whole id', () => {
    const whole = nameWithId(kim, () => true);
    const taken = [account('kim', { memberId: undefined }), account(whole, { memberId: undefined })];
    expect(plan({ members: [kim], accounts: taken }).create.map(({ name }) => name)).toEqual([`${whole}-2`]);
    const twice = [...taken, account(`${whole}-2`, { memberId: undefined })];
    expect(plan({ members: [kim], accounts: twice }).create.map(({ name }) => name)).toEqual([`${whole}-3`]);
  });

  it('is, of several former ones, the one of the login, else the first', () => {
    const namesGiven = new Map(['b', 'kim', 'a'].map((name) => [name, kimId]));
    const nameOf = (login: string) =>
      plan({ members: [{ id: kimId, login }], namesGiven }).create.map(({ name }) => name);
    expect(nameOf('kim')).toEqual(['kim']);
    expect(nameOf('new')).toEqual(['a']);
  });

  it('comes in the order of the ids, so that two runs say the same', () => {
    const members = ['3', '1', '2'].map((number) => ({ id: `file:${number}`, login: `m${number}` }));
    expect(plan({ members }).create.map(({ name }) => name)).toEqual(['m1', 'm2', 'm3']);
  });
});

describe('a warning', () => {
  const warnings = (rest: Partial<PlanInput>) => plan(rest).warn.map(({ about, reason }) => [about, en(reason)]);

  it('of a second account says which one its member uses: the recorded, else the older, else the first by name', () => {
    const second = (name: string) => [
      [name, `a second account of kim, who uses ${name === 'a' ? 'b' : 'a'}; it stays until the member leaves`],
    ];
    const two = (rest: Partial<Account>) => [account('b', rest), account('a')];
    expect(warnings({ members: [kim], accounts: two({}) })).toEqual(second('b'));
    expect(warnings({ members: [kim], accounts: two({}).toReversed() })).toEqual(second('b'));
    expect(warnings({ members: [kim], accounts: two({ createdAt: -1 }) })).toEqual(second('a'));
    expect(warnings({ members: [kim], accounts: two({}), namesGiven: new Map([['b', kimId]]) })).toEqual(second('a'));
  });

  it('of our label without an id names the two annotations, and shows no control character', () => {
    expect(warnings({ accounts: [account('kim\n', { memberId: undefined })] })).toEqual([
      [
        'kim\\u{a}',
        'has our label but no valid credentials-updater/user-uuid or credentials-updater/member-id annotation: left alone',
      ],
    ]);
  });

  it("of what looks like a member's account says what is wrong with it, and what to do", () => {
    expect(warnings({ accounts: [account('kim\n', { labelled: false })] })).toEqual([
      [
        'kim\\u{a}',
        "looks like a member's account but has no label app.kubernetes.io/managed-by=credentials-updater, so it is left alone, and its tokens go on working: delete it, or give it the label",
      ],
    ]);
  });

  it('of a deletion by someone else is for active members only', () => {
    const accounts = [account('kim', { terminating: true })];
    expect(warnings({ members: [kim], accounts })).toEqual([
      [
        'kim',
        'someone else is deleting this account of an active member; its tokens stop working, a new one takes its place',
      ],
    ]);
    expect(warnings({ accounts })).toEqual([]);
  });

  it('of a name with two hyphens is for active members only', () => {
    const accounts = [account('kim--lee')];
    expect(warnings({ members: [kim], accounts })).toEqual([
      [
        'kim--lee',
        'is from before names without --: the policies give it no namespace by its name, so an operator grants each (policies grant)',
      ],
    ]);
    expect(warnings({ accounts })).toEqual([]);
  });

  it('of a member who is held out says how to let them in', () => {
    expect(warnings({ members: [kim], holds: new Set([kimId]) })).toEqual([
      ['kim', 'held out by an operator (revoke --release ends it)'],
    ]);
  });
});

describe('a plan changes something', () => {
  it.each([
    ['when an account is created', { members: [kim] }],
    ['when one is removed', { accounts: [account('kim')], namesGiven: recorded }],
    ['when the name of one that stays is recorded', { members: [kim], accounts: [account('kim')] }],
    ['when that of one which someone deletes is recorded', { accounts: [account('kim', { terminating: true })] }],
  ])('%s', (_, rest) => {
    expect(hasChanges(plan(rest))).toBe(true);
  });

  it('not when everybody has a recorded account', () => {
    expect(hasChanges(plan({ members: [kim], accounts: [account('kim')], namesGiven: recorded }))).toBe(false);
  });

  it('when only the name of what goes is recorded', () => {
    const nothing = plan({});
    expect(hasChanges({ ...nothing, recordOfRemoved: [{ name: 'kim', memberId: kimId }] })).toBe(true);
  });
});

describe('the numbers that the guard looks at', () => {
  it('are the members of the directory, and the accounts that are ours and stay until the plan is followed', () => {
    const accounts = [
      account('kim'),
      account('leaver', { memberId: 'file:2' }),
      account('ending', { memberId: 'file:3', terminating: true }),
      account('builder', { labelled: false, memberId: undefined }),
    ];
    expect(plan({ members: [kim, { id: 'file:4', login: 'lee' }], accounts })).toMatchObject({ members: 2, owned: 2 });
  });
});
