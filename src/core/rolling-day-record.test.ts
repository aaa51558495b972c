/** What the record of a day holds, and how each part of it counts: one rule at a time, on records written by hand. */
import { describe, expect, it } from 'vitest';
import { en } from '../lib/message.ts';
import { defaultGuardLimits } from './guard.ts';
import type { Account, Member } from './model.ts';
import { buildPlan, type Plan } from './plan.ts';
import {
  changesOf,
  dayMs,
  emptyDay,
  type RollingDay,
  refusalsOfDay,
  withAllowances,
  withBaseline,
  withChanges,
  withoutRefusal,
  withRefusal,
} from './rolling-day.ts';

const now = Date.UTC(2026, 10, 30);
const hour = 3_600_000;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const member = (number: number): Member => ({ id: `file:${number}`, login: `m${number}` });
const account = (number: number, uid: string): Account => ({
  name: `m${number}`,
  uid,
  labelled: true,
  memberId: `file:${number}`,
  createdAt: 0,
  terminating: false,
});

/** These members' accounts go, and these members get one, in a club of a thousand. */
const planOf = (
  { leave = [], join = [] }: { leave?: readonly number[]; join?: readonly number[] },
  uid = 'first',
): Plan =>
  buildPlan({
    members: join.map(member),
    accounts: leave.map((number) => account(number, `${uid} of ${number}`)),
    namesGiven: new Map(),
    holds: new Set(),
  });

/** A day that began with so many accounts, and on which this was done an hour ago. */
const dayOf = (owned: number, ...done: readonly Plan[]): RollingDay => {
  const began: RollingDay = { ...emptyDay, baselines: [{ at: now - 2 * dayMs, owned }] };
  return done.reduce((day, plan) => withChanges(day, changesOf(plan, now - hour), now), began);
};
const refusals = (plan: Plan, day: RollingDay) => refusalsOfDay(plan, defaultGuardLimits, { day, now });
const reasons = (plan: Plan, day: RollingDay) => refusals(plan, day).map(({ reason }) => en(reason));
/** The day on which this plan was refused, and then an operator gave an allowance. */
const allowed = (day: RollingDay, plan: Plan, given: Parameters<typeof withAllowances>[1]) =>
  withAllowances(withRefusal(day, plan), given);

describe('a new record', () => {
  it('is empty', () => {
    expect(emptyDay).toEqual({
      changes: [],
      baselines: [],
      refused: { removals: [], additions: [] },
      allowances: {},
    });
  });

  it('holds ten characters of each change, and nobody by name', () => {
    const [removal, addition] = changesOf(planOf({ leave: [1], join: [2] }), now);
    for (const change of [removal, addition]) {
      expect(change).toMatchObject({
        id: expect.stringMatching(/^[\w-]{10}$/),
        account: expect.stringMatching(/^[\w-]{10}$/),
        at: now,
      });
    }
    expect([removal?.direction, addition?.direction]).toEqual(['removals', 'additions']);
  });
});

describe('a plan that is too much for a day', () => {
  const both = planOf({ leave: range(0, 30), join: range(100, 190) });

  it('is refused for each direction by itself, with the number that would allow it', () => {
    expect(refusals(both, dayOf(60)).map(({ reason, allowance }) => [en(reason), allowance])).toEqual([
      [
        '30 accounts would be gone within a day, 30 of them now, of 60 a day ago; the limit is 10 accounts and 25%',
        { setting: 'ALLOW_REMOVALS', value: 30 },
      ],
      [
        '90 accounts would be new within a day, 90 of them now, to 60 a day ago; the limit is 50 accounts and 100%',
        { setting: 'ALLOW_ADDITIONS', value: 90 },
      ],
    ]);
  });

  it('may not take half of a small club either', () => {
    expect(reasons(planOf({ leave: range(0, 5) }), dayOf(8))).toEqual([
      '5 accounts would be gone within a day, 5 of them now, of 8 a day ago; the limit is half of them',
    ]);
  });

  it('is not one that adds or removes nobody more: what was done is done', () => {
    expect(reasons(planOf({}), dayOf(60, both))).toEqual([]);
    expect(reasons(both, dayOf(60, both))).toEqual([]);
  });

  it('may take a member whose removal was recorded and not made, but none for a third time', () => {
    const first = planOf({ leave: [1] }, 'first');
    const second = planOf({ leave: [1] }, 'second');
    expect(reasons(second, dayOf(60, first, second))).toEqual([]);
    const third = planOf({ leave: [1, 2, 3], join: range(100, 110) }, 'third');
    expect(refusals(third, dayOf(60, first, second)).map(({ reason, allowance }) => [en(reason), allowance])).toEqual([
      [
        '1 members would be removed for the third time within a day: the directory loses them and finds them again',
        { setting: 'ALLOW_REMOVALS', value: 3 },
      ],
    ]);
    expect(reasons(third, allowed(dayOf(60, first, second), third, { removals: '3' }))).toEqual([]);
  });
});

describe('the accounts of a day ago', () => {
  const leavers = planOf({ leave: range(0, 11) });
  const reason = (...baselines: RollingDay['baselines']) => reasons(leavers, { ...emptyDay, baselines })[0];

  it('are those of the last count that is a day old', () => {
    const [days, day, anHour] = [
      { at: now - 2 * dayMs, owned: 20 },
      { at: now - dayMs, owned: 30 },
      { at: now - hour, owned: 40 },
    ];
    expect(reason(days, day, anHour)).toContain('of 30 a day ago');
    expect(reason(days, { ...day, at: now - dayMs + 1 }, anHour)).toContain('of 20 a day ago');
  });

  it('are those of the first count while the club is younger than a day, and those of now before that', () => {
    expect(reason({ at: now - 2 * hour, owned: 35 }, { at: now - hour, owned: 40 })).toContain('of 35 a day ago');
    expect(reason()).toContain('of 11 a day ago');
  });
});

describe('the count of accounts after a sync', () => {
  const count = (at: number) => ({ at, owned: 30 });

  it('is kept once an hour', () => {
    const first = withBaseline(emptyDay, 30, now);
    expect(first.baselines).toEqual([count(now)]);
    expect(withBaseline(first, 31, now + hour - 1)).toBe(first);
    expect(withBaseline(first, 31, now + hour).baselines).toEqual([count(now), { at: now + hour, owned: 31 }]);
  });

  it('is dropped when a younger one is a day old too', () => {
    const young = [count(now - 3 * hour), count(now - 2 * hour)];
    expect(withBaseline({ ...emptyDay, baselines: young }, 30, now).baselines).toEqual([...young, count(now)]);
    const old = [count(now - 3 * dayMs), count(now - 2 * dayMs), count(now - dayMs)];
    expect(withBaseline({ ...emptyDay, baselines: [...old, ...young] }, 30, now).baselines).toEqual([
      count(now - dayMs),
      ...young,
      count(now),
    ]);
  });
});

describe('a recorded change', () => {
  const plan = planOf({ leave: [1] });

  it('is dropped a day later', () => {
    const day = withChanges(emptyDay, changesOf(plan, now), now);
    expect(withChanges(day, [], now + dayMs - 1).changes).toEqual(changesOf(plan, now));
    expect(withChanges(day, [], now + dayMs).changes).toEqual([]);
  });

  it('is recorded once, however often it is tried within the day', () => {
    const day = withChanges(emptyDay, changesOf(plan, now), now);
    expect(withChanges(day, changesOf(plan, now + 1), now + 1).changes).toEqual(changesOf(plan, now));
  });

  it('is recorded anew when it is made a day after it was tried', () => {
    const day = withChanges(emptyDay, changesOf(plan, now), now);
    const later = now + dayMs;
    expect(withChanges(day, changesOf(plan, later), later).changes).toEqual(changesOf(plan, later));
  });
});

describe('what was refused', () => {
  const plan = planOf({ leave: [1, 2, 3], join: [11, 12] });
  const idsOf = (direction: string) =>
    changesOf(plan, now).flatMap((change) => (change.direction === direction ? [change.id] : []));

  it('is recorded by direction, the same in any order', () => {
    const { refused } = withRefusal(emptyDay, plan);
    expect(refused).toEqual({ removals: idsOf('removals').sort(), additions: idsOf('additions').sort() });
    expect(withRefusal(emptyDay, planOf({ leave: [3, 2, 1], join: [12, 11] })).refused).toEqual(refused);
  });

  it('is forgotten once nothing is refused, or something was done', () => {
    expect(withoutRefusal(emptyDay)).toBe(emptyDay);
    for (const one of [planOf({ leave: [1] }), planOf({ join: [1] }), planOf({ leave: [1], join: [2] })])
      expect(withoutRefusal(withRefusal(emptyDay, one))).toEqual(emptyDay);
    expect(withChanges(withRefusal(emptyDay, plan), [], now).refused).toEqual(emptyDay.refused);
  });
});

describe('an allowance', () => {
  const forty = planOf({ leave: range(0, 40) });
  const spent = withChanges(allowed(dayOf(100), forty, { removals: '40' }), changesOf(forty, now - hour), now);

  it('covers what was refused when it was given, in its own direction', () => {
    const both = planOf({ leave: range(0, 30), join: range(100, 190) });
    const given = allowed(dayOf(60), both, { removals: '30', additions: '90' });
    expect(reasons(both, given)).toEqual([]);
    const [tooManyNew, tooManyGone] = [/would be new within a day/, /would be gone within a day/];
    expect(reasons(both, allowed(dayOf(60), both, { removals: '30' }))).toEqual([expect.stringMatching(tooManyNew)]);
    expect(reasons(both, allowed(dayOf(60), both, { additions: '90' }))).toEqual([expect.stringMatching(tooManyGone)]);
  });

  it('that is too small says how many it covers, and more who leave say what it covers', () => {
    expect(reasons(forty, allowed(dayOf(100), forty, { removals: '39' }))[0]).toMatch(
      /and 25%, and the allowance "39" covers 0 of those that were refused when it was given$/,
    );
    const more = planOf({ leave: range(0, 70) });
    expect(reasons(more, allowed(dayOf(100), forty, { removals: '40' }))).toEqual([
      '30 accounts would be gone within a day, 30 of them now, of 100 a day ago; the limit is 10 accounts and 25%, and the allowance "40" covers 40 of those that were refused when it was given',
    ]);
    const newcomers = planOf({ join: range(100, 190) });
    expect(reasons(newcomers, allowed(dayOf(60), newcomers, { additions: '1' }))[0]).toMatch(
      /and 100%, and the allowance "1" covers 0 of those that were refused when it was given$/,
    );
  });

  it('is spent by the first sync that needs a part of it', () => {
    const one = planOf({ leave: [1], join: [500] });
    expect(withChanges(allowed(dayOf(100), forty, { removals: '40' }), changesOf(one, now), now).allowances).toEqual({
      removals: { ...spent.allowances.removals, spent: true },
    });
    const newcomers = planOf({ join: range(100, 190) });
    const additions = allowed(dayOf(60), newcomers, { additions: '90' });
    expect(withChanges(additions, changesOf(newcomers, now), now).allowances.additions?.spent).toBe(true);
  });

  it('is not spent by others who leave, nor by its own members when they come back', () => {
    const day = allowed(dayOf(100), forty, { removals: '40' });
    for (const other of [planOf({ leave: [50] }), planOf({ join: [1] }), planOf({})])
      expect(withChanges(day, changesOf(other, now), now).allowances.removals).toMatchObject({
        text: '40',
        spent: false,
      });
  });

  it('that is spent lets its members go without counting them, nor among those who may lose half', () => {
    expect(reasons(planOf({ leave: range(40, 56) }), spent)).toEqual([
      '16 accounts would be gone within a day, 16 of them now, of 60 a day ago; the limit is 10 accounts and 25%, and the allowance "40" is spent already',
    ]);
    expect(reasons(planOf({ leave: range(40, 55) }), spent)).toEqual([]);
  });

  it('covers its members as those who were removed earlier in the day, too', () => {
    const morning = planOf({ leave: range(0, 5) }, 'morning');
    const evening = planOf({ leave: range(0, 20) }, 'evening');
    const day = allowed(dayOf(40, morning), evening, { removals: '20' });
    // Seven more are within the limit of the day, twelve with those of the morning would not be.
    expect(reasons(planOf({ leave: range(0, 27) }, 'evening'), day)).toEqual([]);
  });

  it('stays as it is while its text does, is another one with another text, and is gone without one', () => {
    const later = withRefusal(spent, planOf({ leave: range(40, 60) }));
    expect(withAllowances(later, { removals: '40' }).allowances.removals).toBe(spent.allowances.removals);
    expect(withAllowances(later, { removals: '40@2' }).allowances.removals).toEqual({
      text: '40@2',
      ids: later.refused.removals,
      spent: false,
    });
    expect(withAllowances(later, {}).allowances).toEqual({});
    expect(withAllowances(later, { additions: '5' }).allowances).toEqual({
      additions: { text: '5', ids: [], spent: false },
    });
  });
});

it('what was refused is recorded for 20,000 members at most: the record has to fit into an object', () => {
  const [remove] = planOf({ leave: [1] }).remove;
  const crowd: Plan = {
    ...planOf({}),
    remove: range(0, 20_001).flatMap((number) =>
      remove === undefined ? [] : [{ ...remove, account: { ...remove.account, memberId: `file:${number}` } }],
    ),
  };
  expect(withRefusal(emptyDay, crowd).refused.removals).toHaveLength(20_000);
});
