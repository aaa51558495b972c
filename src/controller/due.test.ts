import { describe, expect, test } from 'vitest';
import { type MemberId, parseMemberId } from '../core/member-id.ts';
import type { OwnedAccount } from '../core/model.ts';
import type { LastRun } from '../registry/last-run.ts';
import { dueEach, holdersOf, nextMap, nextSync, recentUids } from './due.ts';

const start = Date.parse('2026-11-30T00:00:00Z');
const minute = 60_000;
const day = 86_400_000;

function idOf(index: number): MemberId {
  const id = parseMemberId(`file:${index}`);
  if (id === undefined) throw new Error('no id');
  return id;
}

function account(index: number, more: Partial<OwnedAccount> = {}): OwnedAccount {
  return {
    name: `m${index}`,
    uid: `uid-${index}`,
    labelled: true,
    memberId: idOf(index),
    createdAt: start - day,
    terminating: false,
    ...more,
  };
}

const weekOld = { expiresAt: start / 1_000 + 7 * 86_400, grantedSeconds: 7 * 86_400 };
const tokenOf = (index: number, more: object = {}) => ({ uid: `uid-${index}`, ...weekOld, ...more });

describe('the directory is asked', () => {
  test('at once when it never was, every five minutes otherwise, or as the interval says', () => {
    expect(nextSync({}, undefined, start)).toBe(start);
    expect(nextSync({}, start, start + 1)).toBe(start + 5 * minute);
    expect(nextSync({ interval: 60 }, start, start + 1)).toBe(start + minute);
  });

  test('by the schedule, counted from the last sync: one that was missed is made up for', () => {
    const schedule = { expression: '0 15 * * *', timeZone: 'Etc/UTC' };
    expect(nextSync({ schedule }, start, start + 1)).toBe(Date.parse('2026-11-30T15:00:00Z'));
    expect(nextSync({ schedule }, start, start + 3 * day)).toBe(Date.parse('2026-11-30T15:00:00Z'));
  });
});

describe('who has a credential to renew', () => {
  const observed = (accounts: OwnedAccount[], holds: MemberId[] = []) => ({
    accounts,
    namesGiven: new Map(accounts.map(({ name, memberId }) => [name, memberId])),
    holds: new Set(holds),
  });

  test('one account of each member; nobody whom an operator holds out, no account that is going', () => {
    const accounts = [
      account(1),
      account(2),
      account(3, { terminating: true }),
      account(4, { name: 'older', uid: 'a', memberId: idOf(4), createdAt: start - 2 * day }),
      account(4, { name: 'newer', uid: 'b', memberId: idOf(4) }),
    ];
    const names = (holds: MemberId[], without: MemberId[] = []) =>
      holdersOf(observed(accounts, holds), new Set(without)).map(({ name }) => name);
    expect(names([])).toEqual(['m1', 'm2', 'older']);
    expect(names([idOf(1)], [idOf(2)])).toEqual(['older']);
  });
});

describe('each credential by itself', () => {
  const look = (delivered: Map<string, ReturnType<typeof tokenOf>>, now = start) =>
    dueEach(
      { holders: [account(1), account(2)], staying: new Set(['m1', 'm2']), delivered },
      { now, renewBefore: undefined },
    );

  test('is due where there is none, and where it is for an account of before', () => {
    expect(look(new Map()).due).toHaveLength(2);
    const replaced = new Map([
      ['m1', tokenOf(1)],
      ['m2', { ...tokenOf(2), uid: 'of a namesake' }],
    ]);
    expect(look(replaced).due.map(({ name }) => name)).toEqual(['m2']);
  });

  test('is not due after a restart, and is in time', () => {
    const both = new Map([
      ['m1', tokenOf(1)],
      ['m2', tokenOf(2)],
    ]);
    const seen = look(both);
    expect(seen.due).toEqual([]);
    expect(seen.leftOver).toBe(false);
    expect(seen.next).toBeGreaterThan(start + 2 * day);
    expect(look(both, seen.next).due).not.toEqual([]);
  });

  test('of an account that is gone is left over', () => {
    expect(look(new Map([['m9', tokenOf(9)]])).leftOver).toBe(true);
  });
});

describe('a map of everyone', () => {
  const timing = { gatherMs: minute, everyMs: 10 * minute };
  const last = (more: Partial<LastRun> = {}): LastRun => ({
    acknowledgedAt: new Date(start).toISOString(),
    earliestExpiry: new Date(start + 7 * day).toISOString(),
    grantedSeconds: 7 * 86_400,
    runSeconds: 1,
    members: 2,
    created: 0,
    removed: 0,
    notRemoved: 0,
    delivered: 2,
    undelivered: 0,
    undeliveredUuids: [],
    ...more,
  });
  const next = (holders: OwnedAccount[], before: LastRun | undefined, now: number) =>
    nextMap(holders, before, { now, renewBefore: undefined, timing, uid: 'x' });

  test('is sent at once when there was none, and never for nobody', () => {
    expect(next([account(1)], undefined, start)).toBe(start);
    expect(next([], undefined, start)).toBe(Number.POSITIVE_INFINITY);
  });

  test('waits for its renewal when nobody joined, and a removal triggers none', () => {
    const at = next([account(1)], last(), start + minute);
    expect(at).toBeGreaterThan(start + 2 * day);
    expect(at).toBeLessThan(start + 5 * day);
  });

  test('goes out a minute after somebody joined, and ten minutes after the last one at the earliest', () => {
    const late = start + 30 * minute;
    expect(next([account(1), account(2, { createdAt: late })], last(), late)).toBe(late + minute);
    const soon = start + 2 * minute;
    expect(next([account(1), account(2, { createdAt: soon })], last(), soon)).toBe(start + 10 * minute);
    // The first of several is the one that counts.
    const two = [account(2, { createdAt: late }), account(3, { createdAt: late + 50_000 })];
    expect(next(two, last(), late)).toBe(late + minute);
  });

  test('goes out again for those whom the last one lacked', () => {
    expect(next([account(1)], last({ undeliveredUuids: [idOf(1)] }), start)).toBe(start + 10 * minute);
  });

  test('does not take an account that was made in the second before it for a joiner', () => {
    const young = account(2, { createdAt: start - 1_000 });
    expect(next([young], last(), start)).toBe(start + 10 * minute);
    expect(next([young], last({ recentUids: recentUids([young], start) }), start)).toBeGreaterThan(start + 2 * day);
  });
});
