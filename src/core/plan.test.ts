import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planInput, shuffled } from '../../test/generated-clubs.ts';
import { type Account, isOwned, type Member, nobodysUuid } from './model.ts';
import { buildPlan, hasChanges, type Plan, type PlanInput } from './plan.ts';

const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const member = (loginId: string, number: number): Member => ({ uuid: id(number), directoryUuid: id(number), loginId });
const account = (name: string, uuid: string | undefined, rest: Partial<Account> = {}): Account => ({
  name,
  uid: `uid of ${name}`,
  labelled: true,
  uuid,
  createdAt: 0,
  terminating: false,
  ...rest,
});
const input = (rest: Partial<PlanInput>): PlanInput => ({
  members: [],
  accounts: [],
  reservations: new Map(),
  holds: new Set(),
  ...rest,
});

/** The cluster after a run that has done what the plan says. */
function apply(plan: Plan, before: PlanInput): PlanInput {
  const removed = new Set(plan.remove.map((one) => one.account.uid));
  const created = plan.create.map(({ name, member: { uuid } }) => account(name, uuid, { createdAt: 9 }));
  return {
    ...before,
    accounts: [...before.accounts.filter(({ uid }) => !removed.has(uid)), ...created],
    reservations: new Map([
      ...before.reservations,
      ...[...plan.recordOfRemoved, ...plan.record].map(({ name, uuid }) => [name, uuid] as const),
    ]),
  };
}

/** Whose account is which, after the run. */
const holdersIn = (plan: Plan) =>
  new Map([
    ...plan.keep.map((keep) => [keep.member.uuid, keep.account.name] as const),
    ...plan.create.map((create) => [create.member.uuid, create.name] as const),
  ]);

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

  it('removes nothing but accounts of ours, and none of an active member', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const active = new Set(before.members.map(({ uuid }) => uuid).filter((uuid) => !before.holds.has(uuid)));
        for (const { account: removed } of buildPlan(before).remove) {
          const observed = before.accounts.find(({ uid }) => uid === removed.uid);
          expect(observed !== undefined && isOwned(observed) && !observed.terminating).toBe(true);
          expect(active.has(removed.uuid)).toBe(false);
        }
      }),
    );
  });

  it('leaves no account of ours to somebody who is not an active member', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const active = new Set(before.members.map(({ uuid }) => uuid).filter((uuid) => !before.holds.has(uuid)));
        const after = apply(buildPlan(before), before);
        const left = after.accounts.filter(isOwned).filter(({ terminating }) => !terminating);
        expect(left.filter(({ uuid }) => !active.has(uuid))).toEqual([]);
      }),
    );
  });

  it('gives every active member exactly one account, which is theirs by UUID and not being deleted', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const { keep, create } = buildPlan(before);
        const active = before.members.filter(({ uuid }) => !before.holds.has(uuid));
        const holders = [...keep, ...create].map((one) => one.member.uuid);
        expect(holders.toSorted()).toEqual(active.map(({ uuid }) => uuid).toSorted());
        for (const {
          member: { uuid },
          account: kept,
        } of keep)
          expect(kept).toMatchObject({ uuid, labelled: true, terminating: false });
        const observed = new Set(before.accounts.map(({ name }) => name));
        for (const { name } of create) expect(observed.has(name)).toBe(false);
      }),
    );
  });

  it('records every name that it gives away or takes back, for whoever has it', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const plan = buildPlan(before);
        const { reservations } = apply(plan, before);
        for (const [uuid, name] of holdersIn(plan)) expect(reservations.get(name)).toBe(uuid);
        for (const { account: removed } of plan.remove) expect(reservations.get(removed.name)).toBe(removed.uuid);
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
        for (const { reason } of [...keep, ...create, ...remove, ...warn]) expect(reason).toMatch(/\S{2}/);
      }),
    );
  });
});

describe('of two accounts of one member', () => {
  const jimin = member('jimin', 1);

  it('the recorded one stays, though the other is older, and stays so', () => {
    const before = input({
      members: [jimin],
      accounts: [account('older', jimin.uuid, { createdAt: 1 }), account('recorded', jimin.uuid, { createdAt: 2 })],
      reservations: new Map([['recorded', jimin.uuid]]),
    });
    const plan = buildPlan(before);
    expect(plan.keep.map((one) => one.account.name)).toEqual(['recorded']);
    expect(plan.warn).toEqual([{ about: 'older', reason: expect.stringContaining('second account of jimin') }]);
    expect(plan.remove).toEqual([]);
    expect(buildPlan(apply(plan, before)).keep.map((one) => one.account.name)).toEqual(['recorded']);
  });

  it('the older one stays when neither is recorded', () => {
    const accounts = [account('a', jimin.uuid, { createdAt: 2 }), account('b', jimin.uuid, { createdAt: 1 })];
    expect(buildPlan(input({ members: [jimin], accounts })).keep.map((one) => one.account.name)).toEqual(['b']);
  });

  it('both go when the member leaves', () => {
    const accounts = [account('a', jimin.uuid), account('b', jimin.uuid)];
    const plan = buildPlan(input({ accounts }));
    expect(plan.remove.map((one) => one.account.name)).toEqual(['a', 'b']);
    expect(plan.recordOfRemoved.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('an account of an active member that someone else is deleting', () => {
  it('is neither kept nor removed; the member gets a new one under another name, and a warning says so', () => {
    const jimin = member('jimin', 1);
    const accounts = [account('jimin', jimin.uuid, { terminating: true })];
    const plan = buildPlan(input({ members: [jimin], accounts, reservations: new Map([['jimin', jimin.uuid]]) }));
    expect(plan).toMatchObject({ keep: [], remove: [], owned: 0, create: [{ name: `jimin-${jimin.uuid}` }] });
    expect(plan.warn).toEqual([{ about: 'jimin', reason: expect.stringContaining('someone else is deleting') }]);
  });
});

describe('a member whom an operator holds out', () => {
  it('loses the account and gets none, whatever the directory says', () => {
    const [held, other] = [member('held', 1), member('other', 2)];
    const plan = buildPlan(
      input({ members: [held, other], accounts: [account('held', held.uuid)], holds: new Set([held.uuid]) }),
    );
    expect(plan.remove).toMatchObject([{ account: { name: 'held' }, held: true }]);
    expect(plan.create.map(({ name }) => name)).toEqual(['other']);
    expect(plan.warn.map(({ about }) => about)).toContain('held');
  });
});

describe('an account without our label', () => {
  const [kim, leaver] = [member('kim', 1), id(2)];
  const unlabelled = (name: string, uuid?: string) => account(name, uuid, { labelled: false });
  const planFor = (accounts: Account[]) =>
    buildPlan(
      input({
        members: [kim],
        accounts,
        reservations: new Map([
          ['lee', leaver],
          ['ci', nobodysUuid],
        ]),
      }),
    );

  it("is left alone with a warning where it looks like a member's: their tokens go on working", () => {
    const plan = planFor([unlabelled('kim', kim.uuid), unlabelled('lee')]);
    expect(plan.remove).toEqual([]);
    expect(plan.keep).toEqual([]);
    expect(plan.warn).toEqual(
      ['kim', 'lee'].map((about) => ({ about, reason: expect.stringContaining('its tokens go on working') })),
    );
  });

  it("is nobody's business where it doesn't, or where its name was reserved for nobody", () => {
    expect(planFor([unlabelled('default'), unlabelled('ci')]).warn).toEqual([]);
  });
});
