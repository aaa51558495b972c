import { describe, expect, test } from 'vitest';
import { en } from '../lib/message.ts';
import { defaultGuardLimits, guard } from './guard.ts';
import { type MemberId, parseMemberId } from './member-id.ts';
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
  withRefusal,
} from './rolling-day.ts';

const start = 1_800_000_000_000;
const minute = 60_000;

function idOf(index: number): MemberId {
  const id = parseMemberId(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`);
  if (id === undefined) throw new Error('no id');
  return id;
}

/** A cluster and its directory, on a clock of their own. */
class Club {
  day: RollingDay = emptyDay;
  now = start;
  #accounts = new Map<MemberId, Account>();
  #made = 0;

  constructor(count: number) {
    this.sync(range(0, count));
  }

  get accounts(): number {
    return this.#accounts.size;
  }

  plan(members: readonly number[], holds: readonly number[] = []): Plan {
    return buildPlan({
      members: members.map((index): Member => ({ id: idOf(index), login: `m${index}` })),
      accounts: [...this.#accounts.values()],
      namesGiven: new Map([...this.#accounts.values()].map(({ name, memberId }) => [name, memberId ?? idOf(0)])),
      holds: new Set(holds.map(idOf)),
    });
  }

  refusals(plan: Plan) {
    const situation = { inPod: true, loopbackDirectory: false, firstRunConfirmed: false };
    const { now, day } = this;
    return guard(plan, defaultGuardLimits, situation, (each) =>
      refusalsOfDay(each, defaultGuardLimits, { day, now }),
    ).refusals.map(({ reason }) => en(reason));
  }

  /** @returns why it was refused, or nothing where it was followed */
  sync(members: readonly number[], holds: readonly number[] = []): string[] {
    const plan = this.plan(members, holds);
    const refusals = this.refusals(plan);
    if (refusals.length > 0) {
      this.day = withRefusal(this.day, plan);
      return refusals;
    }
    this.record(plan);
    for (const { account } of plan.remove) this.#accounts.delete(account.memberId);
    for (const { member, name } of plan.create) {
      const uid = `uid-${this.#made++}`;
      this.#accounts.set(member.id, {
        name,
        uid,
        labelled: true,
        memberId: member.id,
        createdAt: this.now,
        terminating: false,
      });
    }
    this.day = withBaseline(this.day, this.#accounts.size, this.now);
    return [];
  }

  record(plan: Plan): void {
    this.day = withChanges(this.day, changesOf(plan, this.now), this.now);
  }

  allow(removals: string | undefined): void {
    this.day = withAllowances(this.day, removals === undefined ? {} : { removals });
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('a directory that loses members bit by bit', () => {
  test("is refused at the day's limit, and goes on a day later", () => {
    const club = new Club(100);
    let left = 100;
    let refused: string[] = [];
    for (; refused.length === 0 && left > 0; left--) {
      club.now += minute;
      refused = club.sync(range(0, left - 1));
    }
    expect(club.accounts).toBe(75);
    expect(refused).toEqual([
      '26 accounts would be gone within a day, 1 of them now, of 100 a day ago; the limit is 10 accounts and 25%',
    ]);
    club.now += dayMs;
    expect(club.sync(range(0, 74))).toEqual([]);
  });

  test('is not forgotten when a sync crashes after it recorded its removals: too many count, never too few', () => {
    const club = new Club(100);
    club.now += minute;
    club.record(club.plan(range(0, 80)));
    expect(club.day.changes.filter(({ direction }) => direction === 'removals')).toHaveLength(20);
    // The same removals again are the same ones.
    expect(club.sync(range(0, 80))).toEqual([]);
    expect(club.sync(range(0, 74))).toHaveLength(1);
  });

  test("is compared with the accounts of a day ago, not with today's", () => {
    const club = new Club(40);
    club.now += 2 * dayMs;
    expect(club.sync(range(0, 60))).toEqual([]);
    club.now += minute;
    // 11 of 60 are less than 25%, of the 40 of yesterday they are more.
    expect(club.sync(range(11, 60))[0]).toContain('11 accounts would be gone within a day, 11 of them now, of 40');
  });
});

test('holds do not count', () => {
  const club = new Club(40);
  club.now += minute;
  expect(club.sync(range(0, 40), range(0, 30))).toEqual([]);
  expect(club.day.changes.filter(({ direction }) => direction === 'removals')).toEqual([]);
});

test('a member who was removed and came back twice is not removed a third time on that day', () => {
  const club = new Club(100);
  for (let round = 0; round < 2; round++) {
    club.now += minute;
    expect(club.sync(range(1, 100))).toEqual([]);
    club.now += minute;
    expect(club.sync(range(0, 100))).toEqual([]);
  }
  club.now += minute;
  expect(club.sync(range(1, 100))[0]).toContain('1 members would be removed for the third time within a day');
  club.now += dayMs;
  expect(club.sync(range(1, 100))).toEqual([]);
});

test('additions are counted over the day too', () => {
  const club = new Club(30);
  club.now += minute;
  expect(club.sync(range(0, 55))).toEqual([]);
  club.now += minute;
  // 51 within a day, to 30.
  expect(club.sync(range(0, 81))[0]).toContain('51 accounts would be new within a day, 26 of them now, to 30');
});

describe('an allowance', () => {
  const refusedClub = () => {
    const club = new Club(100);
    club.now += minute;
    expect(club.sync(range(0, 60))).toHaveLength(1);
    return club;
  };

  test('lets exactly those go who were refused, once', () => {
    const club = refusedClub();
    club.allow('40');
    expect(club.sync(range(0, 60))).toEqual([]);
    expect(club.accounts).toBe(60);
    expect(club.day.allowances.removals).toMatchObject({ text: '40', spent: true });
    // GitOps leaves it there: it is the same one, and spent.
    club.now += minute;
    expect(club.sync(range(0, 20))).toHaveLength(1);
    club.allow('40');
    expect(club.sync(range(0, 20))[0]).toContain('and the allowance "40" is spent already');
  });

  test('of fewer than were refused lets nobody go', () => {
    const club = refusedClub();
    club.allow('39');
    expect(club.sync(range(0, 60))).toHaveLength(1);
    expect(club.accounts).toBe(100);
  });

  test('does not cover members who leave after it was given, beyond the limit', () => {
    const club = refusedClub();
    club.allow('40');
    expect(club.sync(range(0, 30))[0]).toContain('30 accounts would be gone within a day, 30 of them now');
    expect(club.accounts).toBe(100);
    // A few more are within the limit.
    expect(club.sync(range(0, 55))).toEqual([]);
  });

  test('that was given while nothing was refused covers nobody', () => {
    const club = new Club(100);
    club.allow('40');
    club.now += minute;
    expect(club.sync(range(0, 60))).toHaveLength(1);
  });

  test('is another one after it was taken away, or with another mark', () => {
    const club = refusedClub();
    club.allow('40');
    expect(club.sync(range(0, 60))).toEqual([]);
    club.now += minute;
    expect(club.sync(range(0, 34))).toHaveLength(1);
    club.allow('26@2026-11-30');
    expect(club.sync(range(0, 34))).toEqual([]);
  });

  test('is spent by a sync that crashed after it recorded its removals', () => {
    const club = refusedClub();
    club.allow('40');
    const plan = club.plan(range(0, 60));
    expect(club.refusals(plan)).toEqual([]);
    club.record(plan);
    // Those of it are recorded, so that the rest of the same removals is no new one.
    expect(club.day.allowances.removals?.spent).toBe(true);
    expect(club.sync(range(0, 60))).toEqual([]);
  });
});

test('a first sync that crashed half way goes on', () => {
  const club = new Club(0);
  club.day = emptyDay;
  club.record(club.plan(range(0, 60)));
  expect(club.refusals(club.plan(range(0, 60)))).toEqual([]);
});

test('a mangled number allows nothing', () => {
  const club = new Club(100);
  club.now += minute;
  club.sync(range(0, 60));
  for (const text of ['all', '-1', '40 ', '4e1', '0x40', '40@', '']) {
    club.allow(text);
    expect(club.sync(range(0, 60))).toHaveLength(1);
  }
});
