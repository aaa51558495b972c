/** What an operator reads when a plan they agreed to is no longer the one that would be followed. */
import { describe, expect, it } from 'vitest';
import { en } from '../lib/message.ts';
import type { Account, Member } from './model.ts';
import { nameWithId } from './names.ts';
import { buildPlan, type PlanInput } from './plan.ts';
import { parsePlanDocument, planChanges, refuseAnotherPlan, toPlanDocument } from './plan-file.ts';
import { accountNamed } from './testing.ts';

const place = { targetNamespace: 'poolc-users', endpoint: 'https://api.example.org/' };
const kimId = 'file:1';
const kim: Member = { id: kimId, login: 'kim' };
const account = (name: string, rest?: Partial<Account>) => accountNamed(name, kimId, rest);

/** A club in which only Kim matters: as a member or not, with accounts or without. */
const club = (rest: Partial<PlanInput>): PlanInput => ({
  members: [],
  accounts: [],
  namesGiven: new Map([['kim', kimId]]),
  holds: new Set(),
  ...rest,
});
const documentOf = (input: PlanInput) => toPlanDocument(buildPlan(input), place, 0);
const changes = (before: Partial<PlanInput>, after: Partial<PlanInput>) =>
  planChanges(documentOf(club(before)), documentOf(club(after))).map(en);

const nobody = club({});
const isMember = club({ members: [kim] });
const hasAccount = club({ members: [kim], accounts: [account('kim')] });
const hasLeft = club({ accounts: [account('kim')] });
const isHeld = club({ members: [kim], accounts: [account('kim')], holds: new Set([kimId]) });
/** Not ours, and in the way. */
const stranger = account('kim', { labelled: false, memberId: undefined });
const longName = nameWithId(kim, () => true);

describe('a member whose account was to stay', () => {
  it.each([
    ['has left', hasLeft, 'kim left: kim would be removed'],
    ['is held out', isHeld, 'kim is held out: kim would be removed'],
    ['has left, as the account has', nobody, 'kim left, and the account kim is gone'],
    ['has no account', isMember, 'the account kim of kim is gone: kim would be created'],
    ['has another account', { members: [kim], accounts: [account('kim-2')] }, 'kim has the account kim-2, not kim'],
    [
      'has another account of that name',
      { members: [kim], accounts: [account('kim', { uid: 'another' })] },
      'the account kim of kim was deleted and created anew',
    ],
    [
      'has another login',
      { members: [{ ...kim, login: 'kim\u0007' }], accounts: [account('kim')] },
      'kim is called kim\\u{7} in the directory, and has the account kim',
    ],
  ])('%s', (_, after, sentence) => {
    expect(changes(hasAccount, after)).toEqual([sentence]);
  });
});

describe('a member who was to get an account', () => {
  it.each([
    ['has one', hasAccount, 'kim has an account by now, kim'],
    ['has left', nobody, 'kim left: the account kim would not be created'],
    ['has one, and has left', hasLeft, 'kim has an account by now and is no longer to have one: kim would be removed'],
    [
      'would get another name, and why',
      { members: [kim], accounts: [stranger] },
      `kim would get the account ${longName}, not kim (gets a name with the UUID, because kim can't be given: a ServiceAccount that isn't ours has that name)`,
    ],
    [
      'has another login',
      { members: [{ ...kim, login: null }] },
      'kim is called file:1 in the directory, and has the account kim',
    ],
  ])('%s', (_, after, sentence) => {
    expect(changes(isMember, after)).toEqual([sentence]);
  });
});

describe('an account that was to be removed', () => {
  it.each([
    ['is gone', nobody, 'kim is gone'],
    ["is a member's again", hasAccount, 'kim is a member again: the account kim would be kept'],
    ['is gone, and its owner is a member again', isMember, 'kim is a member again: the account kim would be created'],
    [
      'has a second one beside it',
      { accounts: [account('kim'), account('a-kim')] },
      'kim was to be removed, now a-kim, kim would be',
    ],
    [
      'is another one of that name',
      { accounts: [account('kim', { uid: 'another' })] },
      'kim was deleted and created anew',
    ],
    ['is that of a member who is held out', isHeld, 'the owner of kim is held out'],
  ])('%s', (_, after, sentence) => {
    expect(changes(hasLeft, after)).toEqual([sentence]);
  });

  it('by a hold, is now that of a leaver', () => {
    expect(changes(isHeld, hasLeft)).toEqual(['the owner of kim left the directory']);
  });
});

describe('whom the plan did not know', () => {
  it.each([
    ['a member with an account', hasAccount, 'kim joined, and has the account kim'],
    ['a member without one', isMember, 'kim joined: the account kim would be created'],
    [
      'an account of nobody in the directory',
      hasLeft,
      'kim appeared, of someone who is not in the directory (file:1), and would be removed',
    ],
  ])('%s', (_, after, sentence) => {
    expect(changes(nobody, after)).toEqual([sentence]);
  });
});

describe('the record of names', () => {
  const unrecorded = { ...hasAccount, namesGiven: new Map() };

  it('was written meanwhile: said where nothing else has changed', () => {
    expect(changes(unrecorded, hasAccount)).toEqual(['the record of names was written by another run']);
    expect(changes(unrecorded, isHeld)).toEqual(['kim is held out: kim would be removed']);
  });

  it('is that of the accounts which stay, and that of those which go, each by itself', () => {
    const agreed = documentOf(club(unrecorded));
    expect(planChanges(agreed, { ...agreed, record: [], recordOfRemoved: agreed.record })).toHaveLength(1);
    expect(
      planChanges(agreed, { ...agreed, record: agreed.record.map((one) => ({ ...one, uuid: 'file:2' })) }),
    ).toHaveLength(1);
  });

  it('is the same in any order', () => {
    const agreed = documentOf(club({}));
    const names = [
      { name: 'a', uuid: kimId },
      { name: 'b', uuid: kimId },
    ];
    expect(planChanges({ ...agreed, record: names }, { ...agreed, record: names.toReversed() })).toEqual([]);
  });
});

describe('another place', () => {
  it('is said by itself, whatever else is different', () => {
    const elsewhere = toPlanDocument(buildPlan(isMember), { ...place, targetNamespace: 'poolc-test' }, 0);
    expect(planChanges(documentOf(hasAccount), elsewhere).map(en)).toEqual([
      'the namespace was poolc-users, this run is for poolc-test',
    ]);
  });
});

describe('the refusal', () => {
  const crowd = (count: number) =>
    Array.from({ length: count }, (_, index): Member => ({ id: `file:${10 + index}`, login: `m${10 + index}` }));
  const refusal = (joined: number) => {
    const agreed = toPlanDocument(buildPlan(nobody), place, Date.UTC(2026, 10, 30, 9, 15, 1));
    return refuseAnotherPlan(agreed, buildPlan(club({ members: crowd(joined), namesGiven: new Map() })), place);
  };

  it('says of when the plan is, and what has changed since; a new plan is the way on', () => {
    expect(refusal(0)).toBeUndefined();
    expect(refusal(2)?.allowance).toBe('new-plan');
    expect(en(refusal(2)?.reason ?? '')).toBe(
      'things have changed since the plan of 2026-11-30T09:15:01.000Z: m10 joined: the account m10 would be created; m11 joined: the account m11 would be created',
    );
  });

  it('lists twenty changes, and counts the others', () => {
    expect(en(refusal(20)?.reason ?? '')).toMatch(/; m29 joined: the account m29 would be created$/);
    expect(en(refusal(22)?.reason ?? '')).toMatch(/; m29 joined: the account m29 would be created; and 2 more$/);
  });
});

describe('a file that is no plan', () => {
  const problem = (text: string) => {
    try {
      return parsePlanDocument(text, 'kim.plan', 'write one with plan --out');
    } catch (error) {
      return error;
    }
  };
  const plan = documentOf(hasAccount);

  it.each([
    ['no JSON', '{', 'kim.plan is not a plan: it is not JSON'],
    [
      'of another version',
      JSON.stringify({ ...plan, format: 'v2' }),
      'kim.plan is not a plan that this version can read: its format is not credentials-updater/plan/v1',
    ],
    [
      'damaged deep inside',
      JSON.stringify({ ...plan, keep: plan.keep.map((one) => ({ ...one, uid: 1 })) }),
      'kim.plan is not a plan that this version can read: keep.0.uid is wrong',
    ],
    ['a list', '[]', 'kim.plan is not a plan that this version can read: its root is wrong'],
  ])('(%s) is a mistake of usage, with the file, what is wrong with it, and how to write one', (_, text, message) => {
    expect(problem(text)).toMatchObject({ kind: 'usage', message, hint: 'write one with plan --out' });
  });

  it('keeps what the parser said, for the log', () => {
    expect(problem('{')).toHaveProperty('cause', expect.any(SyntaxError));
  });

  it('lacks no field that a plan has', () => {
    for (const field of Object.keys(plan)) {
      const without = Object.fromEntries(Object.entries(plan).filter(([key]) => key !== field));
      expect(problem(JSON.stringify(without))).toMatchObject({ kind: 'usage' });
    }
    for (const list of ['keep', 'create', 'remove', 'record', 'recordOfRemoved'])
      expect(problem(JSON.stringify({ ...plan, [list]: [{}] }))).toMatchObject({ kind: 'usage' });
  });
});
