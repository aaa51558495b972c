import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planInput } from '../../test/generated-clubs.ts';
import {
  type LastDelivery,
  type MemberState,
  memberStates,
  memberStatuses,
  type StatusInput,
} from './member-status.ts';
import type { Account, Member } from './model.ts';
import { buildPlan } from './plan.ts';
import { accountNamed } from './testing.ts';

const hour = 3_600_000;
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const member = (login: string, number: number): Member => ({ id: id(number), login });
const account = (name: string, number: number, rest?: Partial<Account>) => accountNamed(name, id(number), rest);
const delivery = (rest: Partial<LastDelivery> = {}): LastDelivery => ({
  acknowledgedAt: 10 * hour,
  earliestExpiry: 20 * hour,
  grantedSeconds: 36_000,
  undelivered: new Set(),
  ...rest,
});
const input = (rest: Partial<StatusInput>): StatusInput => ({
  accounts: [],
  namesGiven: new Map(),
  holds: new Set(),
  members: undefined,
  delivery: delivery(),
  now: 15 * hour,
  ...rest,
});

/** The states of all, by the name they are known by. */
const statesOf = (given: StatusInput): Record<string, MemberState> =>
  Object.fromEntries(memberStatuses(given).map(({ account: name, login, state }) => [name ?? login ?? '?', state]));

describe('the status of a member', () => {
  it('is ok while the delivered token lives, and expired from the second on in which it does not', () => {
    const accounts = [account('kim', 1)];
    expect(memberStatuses(input({ accounts }))).toEqual([
      {
        memberId: id(1),
        login: undefined,
        account: 'kim',
        createdAt: 0,
        state: 'ok',
        token: { deliveredAt: 10 * hour, expiresAt: 20 * hour, grantedSeconds: 36_000 },
      },
    ]);
    expect(statesOf(input({ accounts, now: 20 * hour - 1 }))).toEqual({ kim: 'ok' });
    expect(statesOf(input({ accounts, now: 20 * hour }))).toEqual({ kim: 'expired' });
  });

  it('is new for an account that no delivery knew, and for everyone before the first delivery', () => {
    const accounts = [account('kim', 1), account('late', 2, { createdAt: 11 * hour })];
    expect(statesOf(input({ accounts }))).toEqual({ kim: 'ok', late: 'new' });
    expect(statesOf(input({ accounts, delivery: undefined }))).toEqual({ kim: 'new', late: 'new' });
  });

  it('counts an account as delivered that was made in the second of the delivery', () => {
    expect(statesOf(input({ accounts: [account('kim', 1, { createdAt: 10 * hour + 900 })] }))).toEqual({ kim: 'ok' });
  });

  it('is undelivered for who was left out', () => {
    const accounts = [account('kim', 1), account('lee', 2)];
    const statuses = memberStatuses(input({ accounts, delivery: delivery({ undelivered: new Set([id(2)]) }) }));
    expect(statuses.map(({ state, token }) => [state, token === undefined])).toEqual([
      ['ok', false],
      ['undelivered', true],
    ]);
  });

  it('knows joiners, leavers and members who are held out once the directory has answered', () => {
    const given = input({
      accounts: [account('kim', 1), account('gone', 2), account('held', 3)],
      holds: new Set([id(3), id(5)]),
      members: [member('kim', 1), member('held', 3), member('joined', 4), member('kept-out', 5)],
    });
    expect(statesOf(given)).toEqual({
      kim: 'ok',
      gone: 'leaving',
      held: 'held',
      joined: 'missing',
      'kept-out': 'held',
    });
    expect(statesOf({ ...given, members: undefined })).toEqual({ kim: 'ok', gone: 'ok', held: 'held' });
  });

  it('is surplus for the account of two that the member does not use', () => {
    const accounts = [account('second', 1, { createdAt: 1 }), account('first', 1)];
    expect(statesOf(input({ accounts }))).toEqual({ first: 'ok', second: 'surplus' });
    expect(statesOf(input({ accounts, namesGiven: new Map([['second', id(1)]]) }))).toEqual({
      first: 'surplus',
      second: 'ok',
    });
  });

  it('ignores accounts that are not ours, and those that are being deleted', () => {
    const accounts = [
      account('builder', 1, { labelled: false }),
      account('labelled', 2, { memberId: undefined }),
      account('ending', 3, { terminating: true }),
    ];
    expect(memberStatuses(input({ accounts }))).toEqual([]);
  });

  it('agrees with the plan on who keeps, joins and leaves, whatever is on the cluster', () => {
    fc.assert(
      fc.property(planInput, (before) => {
        const plan = buildPlan(before);
        const statuses = memberStatuses({ ...before, delivery: delivery(), now: 0 });
        const named = (...states: MemberState[]) =>
          statuses.filter(({ state }) => states.includes(state)).map(({ account: name, memberId }) => name ?? memberId);
        const removals = plan.remove.map(({ account: { name, memberId } }) => ({
          name,
          held: before.holds.has(memberId),
        }));
        expect(named('ok', 'new', 'expired', 'undelivered').sort()).toEqual(
          plan.keep.map(({ account: { name } }) => name).sort(),
        );
        expect(named('missing').sort()).toEqual(plan.create.map(({ member: { id: memberId } }) => memberId).sort());
        expect(named('leaving').sort()).toEqual(
          removals
            .filter(({ held }) => !held)
            .map(({ name }) => name)
            .sort(),
        );
        for (const { state } of statuses) expect(memberStates).toContain(state);
      }),
      { numRuns: 500 },
    );
  });
});
