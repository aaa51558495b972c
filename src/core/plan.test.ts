import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planInput, shuffled } from '../../test/generated-clubs.ts';
import { en } from '../lib/message.ts';
import { nobodysId } from './member-id.ts';
import { type Account, isOwned, type Member } from './model.ts';
import { buildPlan, hasChanges, type Plan, type PlanInput } from './plan.ts';
import { accountNamed as account } from './testing.ts';

const inEnglish = (warnings: Plan['warn']) => warnings.map(({ about, reason }) => ({ about, reason: en(reason) }));

const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const member = (login: string, number: number): Member => ({ id: id(number), login });
const input = (rest: Partial<PlanInput>): PlanInput => ({
  members: [],
  accounts: [],
  namesGiven: new Map(),
  holds: new Set(),
  ...rest,
});

/** The cluster after a run that has done what the plan says. */
function apply(plan: Plan, before: PlanInput): PlanInput {
  const removed = new Set(plan.remove.map((one) => one.account.uid));
  const created = plan.create.map(({ name, member: { id: memberId } }) => account(name, memberId, { createdAt: 9 }));
  return {
    ...before,
    accounts: [...before.accounts.filter(({ uid }) => !removed.has(uid)), ...created],
    namesGiven: new Map([
      ...before.namesGiven,
      ...[...plan.recordOfRemoved, ...plan.record].map(({ name, memberId }) => [name, memberId] as const),
    ]),
  };
}

/** Whose account is which, after the run. */
const holdersIn = (plan: Plan) =>
  new Map([
    ...plan.keep.map((keep) => [keep.member.id, keep.account.name] as const),
    ...plan.create.map((create) => [create.member.id, create.name] as const),
  ]);

describe('leavers that are only reported', () => {
  const report = { removalPolicy: 'Report' } as const;

  it('keep their account, are warned about by name, and keep their name for ever', () => {
    const before = input({ members: [member('kim', 1)], accounts: [account('kim', id(1)), account('lee', id(2))] });
    const plan = buildPlan(before, report);
    expect(plan).toMatchObject({ remove: [], reported: [{ account: { name: 'lee' } }] });
    expect(inEnglish(plan.warn)).toEqual([
      { about: 'lee', reason: expect.stringContaining('set spec.removalPolicy to Remove') },
    ]);
    expect(plan.record).toContainEqual({ name: 'lee', memberId: id(2) });
    expect(hasChanges(buildPlan(apply(plan, before), report))).toBe(false);
  });

  it.each([
    ['in the directory', [member('kim', 1)]],
    ['a leaver', []],
  ])('are removed where an operator holds them out: %s', (_, members) => {
    const plan = buildPlan(input({ members, accounts: [account('kim', id(1))], holds: new Set([id(1)]) }), report);
    expect(plan).toMatchObject({ reported: [], remove: [{ account: { name: 'kim' } }] });
  });

  it('are exactly those whom the other policy removes without a hold, and nothing else differs', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const removed = buildPlan(before);
        const reported = buildPlan(before, report);
        expect(reported.reported.map(({ account: { uid } }) => uid).toSorted()).toEqual(
          removed.remove
            .filter(({ account: { memberId } }) => !before.holds.has(memberId))
            .map(({ account: { uid } }) => uid)
            .toSorted(),
        );
        expect(reported.keep).toEqual(removed.keep);
        expect(reported.create).toEqual(removed.create);
      }),
    );
  });
});

describe('for any directory and any cluster, the plan', () => {
  it('is empty once it has been applied, and everyone still has the account they got', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const plan = buildPlan(before);
        const next = buildPlan(apply(plan, before));
        expect(hasChanges(next)).toBe(false);
        expect(holdersIn(next)).toEqual(holdersIn(plan));
      }),
      { numRuns: 1_000 },
    );
  });

  it('stays empty when the accounts that were being deleted are gone', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const after = apply(buildPlan(before), before);
        expect(hasChanges(buildPlan({ ...after, accounts: after.accounts.filter((one) => !one.terminating) }))).toBe(
          false,
        );
      }),
    );
  });

  it('removes nothing but accounts that we own, and none of an active member', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const active = new Set(
          before.members.map(({ id: memberId }) => memberId).filter((memberId) => !before.holds.has(memberId)),
        );
        for (const { account: removed } of buildPlan(before).remove) {
          const observed = before.accounts.find(({ uid }) => uid === removed.uid);
          expect(observed !== undefined && isOwned(observed) && !observed.terminating).toBe(true);
          expect(active.has(removed.memberId)).toBe(false);
        }
      }),
    );
  });

  it('leaves no account that we own to somebody who is not an active member', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const active = new Set(
          before.members.map(({ id: memberId }) => memberId).filter((memberId) => !before.holds.has(memberId)),
        );
        const after = apply(buildPlan(before), before);
        const left = after.accounts.filter(isOwned).filter(({ terminating }) => !terminating);
        expect(left.filter(({ memberId }) => !active.has(memberId))).toEqual([]);
      }),
    );
  });

  it('gives every active member exactly one account, which is theirs by UUID and not being deleted', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const { keep, create } = buildPlan(before);
        const active = before.members.filter(({ id: memberId }) => !before.holds.has(memberId));
        const holders = [...keep, ...create].map((one) => one.member.id);
        expect(holders.toSorted()).toEqual(active.map(({ id: memberId }) => memberId).toSorted());
        for (const {
          member: { id: memberId },
          account: kept,
        } of keep)
          expect(kept).toMatchObject({ memberId, labelled: true, terminating: false });
        const observed = new Set(before.accounts.map(({ name }) => name));
        for (const { name } of create) expect(observed.has(name)).toBe(false);
      }),
    );
  });

  it('records every name that it gives away or takes back, for anyone who has it', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const plan = buildPlan(before);
        const { namesGiven } = apply(plan, before);
        for (const [memberId, name] of holdersIn(plan)) expect(namesGiven.get(name)).toBe(memberId);
        for (const { account: removed } of plan.remove) expect(namesGiven.get(removed.name)).toBe(removed.memberId);
      }),
    );
  });

  it('does not depend on the order of anything', () => {
    const comparable = (plan: Plan) =>
      Object.fromEntries(
        Object.entries(plan).map(([key, value]) => [
          key,
          Array.isArray(value) ? value.map((item) => JSON.stringify(item)).toSorted() : value,
        ]),
      );
    fc.assert(
      fc.property(
        planInput.chain((one) => fc.tuple(fc.constant(one), shuffled(one))),
        ([one, other]) => {
          expect(comparable(buildPlan(other))).toEqual(comparable(buildPlan(one)));
        },
      ),
    );
  });

  it('gives a reason for everything', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const { keep, create, remove, warn } = buildPlan(before);
        for (const { reason } of [...keep, ...create, ...remove, ...warn]) expect(en(reason)).toMatch(/\S{2}/);
      }),
    );
  });
});

describe('of two accounts of one member', () => {
  const jimin = member('jimin', 1);

  it('the recorded one stays, though the other is older, and stays so', () => {
    const before = input({
      members: [jimin],
      accounts: [account('older', jimin.id, { createdAt: 1 }), account('recorded', jimin.id, { createdAt: 2 })],
      namesGiven: new Map([['recorded', jimin.id]]),
    });
    const plan = buildPlan(before);
    expect(plan.keep.map((one) => one.account.name)).toEqual(['recorded']);
    expect(inEnglish(plan.warn)).toEqual([
      { about: 'older', reason: expect.stringContaining('second account of jimin') },
    ]);
    expect(plan.remove).toEqual([]);
    expect(buildPlan(apply(plan, before)).keep.map((one) => one.account.name)).toEqual(['recorded']);
  });

  it('the older one stays when neither is recorded', () => {
    const accounts = [account('a', jimin.id, { createdAt: 2 }), account('b', jimin.id, { createdAt: 1 })];
    expect(buildPlan(input({ members: [jimin], accounts })).keep.map((one) => one.account.name)).toEqual(['b']);
  });

  it('both go when the member leaves', () => {
    const accounts = [account('a', jimin.id), account('b', jimin.id)];
    const plan = buildPlan(input({ accounts }));
    expect(plan.remove.map((one) => one.account.name)).toEqual(['a', 'b']);
    expect(plan.recordOfRemoved.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('an account whose namespaces another account may have', () => {
  it.each(['kim--lee', 'xn'])('is listed where it is a member’s, and kept: %s', (name) => {
    const kim = member('kim', 1);
    const accounts = [account(name, kim.id), account('a--leaver', id(2))];
    const plan = buildPlan(input({ members: [kim], accounts, namesGiven: new Map([[name, kim.id]]) }));
    expect(plan.keep.map((one) => one.account.name)).toEqual([name]);
    expect(inEnglish(plan.warn)).toEqual([
      { about: name, reason: expect.stringContaining('an operator grants each (policies grant)') },
    ]);
  });
});

describe('an account of an active member that someone else is deleting', () => {
  it('is neither kept nor removed; the member gets a new one under another name, and a warning says so', () => {
    const jimin = member('jimin', 1);
    const accounts = [account('jimin', jimin.id, { terminating: true })];
    const plan = buildPlan(input({ members: [jimin], accounts, namesGiven: new Map([['jimin', jimin.id]]) }));
    expect(plan).toMatchObject({ keep: [], remove: [], owned: 0, create: [{ name: `jimin-${jimin.id}` }] });
    expect(inEnglish(plan.warn)).toEqual([
      { about: 'jimin', reason: expect.stringContaining('someone else is deleting') },
    ]);
  });
});

describe('a member whom an operator holds out', () => {
  it('loses the account and gets none, whatever the directory says', () => {
    const [held, other] = [member('held', 1), member('other', 2)];
    const plan = buildPlan(
      input({ members: [held, other], accounts: [account('held', held.id)], holds: new Set([held.id]) }),
    );
    expect(plan.remove).toMatchObject([{ account: { name: 'held' }, held: true }]);
    expect(plan.create.map(({ name }) => name)).toEqual(['other']);
    expect(plan.warn.map(({ about }) => about)).toContain('held');
  });
});

describe('an account without our label', () => {
  const [kim, leaver] = [member('kim', 1), id(2)];
  const unlabelled = (name: string, memberId?: string) => account(name, memberId, { labelled: false });
  const planFor = (accounts: Account[]) =>
    buildPlan(
      input({
        members: [kim],
        accounts,
        namesGiven: new Map([
          ['lee', leaver],
          ['ci', nobodysId],
        ]),
      }),
    );

  it("is left alone with a warning where it looks like a member's: their tokens go on working", () => {
    const plan = planFor([unlabelled('kim', kim.id), unlabelled('lee')]);
    expect(plan.remove).toEqual([]);
    expect(plan.keep).toEqual([]);
    expect(inEnglish(plan.warn)).toEqual(
      ['kim', 'lee'].map((about) => ({ about, reason: expect.stringContaining('its tokens go on working') })),
    );
  });

  it("is nobody's business where it doesn't, or where its name was reserved for nobody", () => {
    expect(planFor([unlabelled('default'), unlabelled('ci')]).warn).toEqual([]);
  });
});
