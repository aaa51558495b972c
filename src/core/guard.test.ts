import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planInput } from '../../test/generated-clubs.ts';
import { en } from '../lib/message.ts';
import { defaultGuardLimits, type GuardLimits, guard } from './guard.ts';
import type { Account, Member } from './model.ts';
import { buildPlan, type Plan } from './plan.ts';

const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const member = (number: number): Member => ({ id: id(number), login: `m${number}` });
const account = (number: number): Account => ({
  name: `m${number}`,
  uid: String(number),
  labelled: true,
  memberId: id(number),
  createdAt: 0,
  terminating: false,
});
const range = (length: number, from = 0) => Array.from({ length }, (_, index) => from + index);

/** A plan for `owned` accounts, of which `leaving` go, while `joining` new members come. */
function planOf({
  owned,
  leaving = 0,
  joining = 0,
  held = 0,
}: Record<'owned', number> & Partial<Record<'leaving' | 'joining' | 'held', number>>): Plan {
  const staying = range(owned - leaving, leaving).map(member);
  return buildPlan({
    members: [...staying, ...range(joining, 1_000).map(member)],
    accounts: range(owned).map(account),
    namesGiven: new Map(),
    holds: new Set(range(held, leaving).map(id)),
  });
}

const pod = { inPod: true, loopbackDirectory: false, firstRunConfirmed: false };
const reasons = (plan: Plan, limits: Partial<GuardLimits> = {}, situation = pod) =>
  guard(plan, { ...defaultGuardLimits, ...limits }, situation).refusals.map(({ reason }) => en(reason));

it('the limits are those of the documentation unless the settings say otherwise', () => {
  expect(defaultGuardLimits).toEqual({
    minMembers: 1,
    maxRemovals: 10,
    maxRemovalPercent: 25,
    maxAdditions: 50,
    allowRemovals: undefined,
    allowAdditions: undefined,
  });
});

describe('removals', () => {
  it.each([
    // Beyond 10 accounts and 25%: both.
    { owned: 100, leaving: 10, refused: false },
    { owned: 40, leaving: 10, refused: false },
    { owned: 40, leaving: 11, refused: true },
    { owned: 44, leaving: 11, refused: false },
    { owned: 43, leaving: 11, refused: true },
    { owned: 100, leaving: 25, refused: false },
    { owned: 100, leaving: 26, refused: true },
    // Beyond half of four or more.
    { owned: 20, leaving: 10, refused: false },
    { owned: 20, leaving: 11, refused: true },
    { owned: 4, leaving: 2, refused: false },
    { owned: 4, leaving: 3, refused: true },
    { owned: 5, leaving: 3, refused: true },
    { owned: 3, leaving: 3, refused: false },
  ])('$leaving of $owned: refused $refused', ({ owned, leaving, refused }) => {
    const plan = planOf({ owned, leaving, joining: owned === leaving ? 1 : 0 });
    expect(reasons(plan)).toHaveLength(refused ? 1 : 0);
  });

  it('are permitted by ALLOW_REMOVALS up to its number, and say so beyond it', () => {
    const plan = planOf({ owned: 40, leaving: 20 });
    expect(reasons(plan, { allowRemovals: 21 })).toEqual([]);
    expect(reasons(plan, { allowRemovals: 20 })).toEqual([]);
    expect(reasons(plan, { allowRemovals: 19 })).toEqual([
      '20 of 40 accounts (50.0%) would be removed; the limit is 10 accounts and 25%, and ALLOW_REMOVALS permits 19',
    ]);
  });

  it('may be exactly the percentage, whatever it is', () => {
    for (let percent = 1; percent <= 50; percent++) {
      const limits = { maxRemovals: 0, maxRemovalPercent: percent };
      expect(reasons(planOf({ owned: 100, leaving: percent }), limits)).toEqual([]);
      expect(reasons(planOf({ owned: 1_000, leaving: percent * 10 }), limits)).toEqual([]);
      expect(reasons(planOf({ owned: 1_000, leaving: percent * 10 + 1 }), limits)).toHaveLength(1);
    }
  });

  it('are refused with their numbers, the limit, and the setting that allows exactly these', () => {
    const refusal = (owned: number, leaving: number) =>
      guard(planOf({ owned, leaving }), defaultGuardLimits, pod).refusals.map(({ reason, allowance }) => [
        en(reason),
        allowance,
      ]);
    expect(refusal(43, 11)).toEqual([
      [
        '11 of 43 accounts (25.6%) would be removed; the limit is 10 accounts and 25%',
        { setting: 'ALLOW_REMOVALS', value: 11 },
      ],
    ]);
    expect(refusal(5, 3)).toEqual([
      ['3 of 5 accounts (60.0%) would be removed; the limit is half of them', { setting: 'ALLOW_REMOVALS', value: 3 }],
    ]);
  });

  it("by an operator's hold are not counted", () => {
    expect(reasons(planOf({ owned: 40, held: 30 }))).toEqual([]);
    expect(reasons(planOf({ owned: 40, leaving: 11, held: 10 }))).toHaveLength(1);
  });
});

describe('additions', () => {
  it.each([
    // Beyond 50 accounts and 100% of those that there are: both.
    { owned: 10, joining: 50, refused: false },
    { owned: 10, joining: 51, refused: true },
    { owned: 50, joining: 50, refused: false },
    { owned: 51, joining: 51, refused: false },
    { owned: 51, joining: 52, refused: true },
  ])('$joining to $owned: refused $refused', ({ owned, joining, refused }) => {
    expect(reasons(planOf({ owned, joining }))).toHaveLength(refused ? 1 : 0);
  });

  it('are permitted by ALLOW_ADDITIONS up to its number', () => {
    const plan = planOf({ owned: 10, joining: 60 });
    expect(reasons(plan, { allowAdditions: 61 })).toEqual([]);
    expect(reasons(plan, { allowAdditions: 60 })).toEqual([]);
    expect(reasons(plan, { allowAdditions: 59 })).toEqual([
      '60 accounts would be added to 10; the limit is 50 accounts and 100%, and ALLOW_ADDITIONS permits 59',
    ]);
  });

  it('are refused with their number, and the setting that allows exactly these', () => {
    const { refusals } = guard(planOf({ owned: 10, joining: 60 }), defaultGuardLimits, pod);
    expect(refusals.map(({ reason, allowance }) => [en(reason), allowance])).toEqual([
      [
        '60 accounts would be added to 10; the limit is 50 accounts and 100%',
        { setting: 'ALLOW_ADDITIONS', value: 60 },
      ],
    ]);
  });

  it('are noted as unchecked only where there are some, and no account that we own', () => {
    const notes = (plan: Plan) => guard(plan, defaultGuardLimits, pod).notes;
    expect(notes(planOf({ owned: 0 }))).toEqual([]);
    expect(notes(planOf({ owned: 1, joining: 1 }))).toEqual([]);
    expect(notes(planOf({ owned: 0, joining: 1 }))).toHaveLength(1);
  });

  it('are not limited on a first run, which has no baseline and says so', () => {
    const verdict = guard(planOf({ owned: 0, joining: 500 }), defaultGuardLimits, pod);
    expect(verdict.refusals).toEqual([]);
    expect(verdict.notes.map(en)).toEqual([expect.stringContaining('a first run has no baseline')]);
  });
});

describe('the directory', () => {
  it('may not be empty, and no allowance permits it', () => {
    for (const limits of [{}, { minMembers: 0 }, { allowRemovals: 100 }])
      expect(reasons(planOf({ owned: 4, leaving: 4 }), limits)).toContain(
        'the directory says that there are no members at all',
      );
    expect(reasons(planOf({ owned: 0 }))).toEqual(['the directory says that there are no members at all']);
  });

  it('may not have fewer than MIN_MEMBERS', () => {
    expect(reasons(planOf({ owned: 29 }), { minMembers: 30 })).toEqual([
      'the directory has 29 members, fewer than MIN_MEMBERS=30',
    ]);
    expect(reasons(planOf({ owned: 30 }), { minMembers: 30 })).toEqual([]);
    expect(reasons(planOf({ owned: 31 }), { minMembers: 30 })).toEqual([]);
  });
});

describe('in a program that goes on', () => {
  const tooMuch = planOf({ owned: 40, leaving: 20 });
  const tooMany = planOf({ owned: 10, joining: 60 });

  it('the day decides about removals and additions, in place of the one run', () => {
    for (const plan of [tooMuch, tooMany]) expect(guard(plan, defaultGuardLimits, pod, () => []).refusals).toEqual([]);
    const ofDay = { reason: 'too much for a day', allowance: undefined };
    expect(guard(tooMuch, defaultGuardLimits, pod, () => [ofDay]).refusals).toEqual([ofDay]);
  });

  it('an empty directory is refused all the same, and so is one that is too small', () => {
    expect(guard(planOf({ owned: 4, leaving: 4 }), defaultGuardLimits, pod, () => []).refusals).toHaveLength(1);
    const limits = { ...defaultGuardLimits, minMembers: 30 };
    expect(guard(planOf({ owned: 29 }), limits, pod, () => []).refusals).toHaveLength(1);
  });
});

describe('a setting in a refusal', () => {
  it('is called as it was given', () => {
    const situation = { ...pod, spelling: (name: string) => `spec.guard of ${name}` };
    expect(reasons(planOf({ owned: 29 }), { minMembers: 30 }, situation)).toEqual([
      'the directory has 29 members, fewer than spec.guard of MIN_MEMBERS=30',
    ]);
  });
});

describe('a cluster without an account that we own', () => {
  const plan = planOf({ owned: 0, joining: 5 });
  const laptop = { ...pod, inPod: false };

  it('is refused outside a pod, unless the first run is confirmed or the directory is on this machine', () => {
    expect(guard(plan, defaultGuardLimits, laptop).refusals).toEqual([
      {
        reason: expect.objectContaining({ en: expect.stringContaining('usually that is the wrong cluster') }),
        allowance: 'first-run',
      },
    ]);
    for (const situation of [pod, { ...laptop, firstRunConfirmed: true }, { ...laptop, loopbackDirectory: true }])
      expect(reasons(plan, {}, situation)).toEqual([]);
    expect(reasons(planOf({ owned: 1, joining: 5 }), {}, laptop)).toEqual([]);
  });
});

describe('for any plan and any limits', () => {
  const count = fc.nat(20);
  const limits: fc.Arbitrary<GuardLimits> = fc.record({
    minMembers: fc.nat(3),
    maxRemovals: count,
    maxRemovalPercent: fc.nat(100),
    maxAdditions: count,
    allowRemovals: fc.option(count, { nil: undefined }),
    allowAdditions: fc.option(count, { nil: undefined }),
  });
  const situation = fc.record({
    inPod: fc.boolean(),
    loopbackDirectory: fc.boolean(),
    firstRunConfirmed: fc.boolean(),
  });

  it('the setting that a refusal names permits exactly this plan, and one less does not', () => {
    fc.assert(
      fc.property(planInput, limits, situation, (input, given, where) => {
        const plan = buildPlan(input);
        for (const { allowance } of guard(plan, given, where).refusals) {
          if (typeof allowance !== 'object') continue;
          const key = allowance.setting === 'ALLOW_REMOVALS' ? 'allowRemovals' : 'allowAdditions';
          const stillRefused = (value: number) =>
            guard(plan, { ...given, [key]: value }, where).refusals.some(
              (other) => typeof other.allowance === 'object' && other.allowance.setting === allowance.setting,
            );
          expect(stillRefused(allowance.value)).toBe(false);
          expect(stillRefused(allowance.value - 1)).toBe(true);
        }
      }),
    );
  });

  it('a larger limit never refuses what a smaller one allowed', () => {
    fc.assert(
      fc.property(planInput, limits, situation, (input, given, where) => {
        const plan = buildPlan(input);
        const larger = {
          ...given,
          minMembers: 0,
          maxRemovals: given.maxRemovals + 1,
          maxAdditions: given.maxAdditions + 1,
        };
        expect(guard(plan, larger, where).refusals.length).toBeLessThanOrEqual(
          guard(plan, given, where).refusals.length,
        );
      }),
    );
  });
});
