/** What is due for one MemberSync: asking the directory, renewing credentials, sending a whole map. Pure: times are arguments. */
import type { MemberId } from '../core/member-id.ts';
import { isOwned, type OwnedAccount } from '../core/model.ts';
import { byClaim } from '../core/plan.ts';
import { type DeliveredToken, mayBeRenewedToo, renewalTime, requiresRenewal } from '../core/renewal.ts';
import { nextRun, type Schedule } from '../core/renewal-margin.ts';
import type { LastRun } from '../registry/last-run.ts';
import type { Observed } from '../sync/make-plan.ts';

const defaultIntervalSeconds = 300;

export interface Cadence {
  /** Seconds; five minutes unless one of the two is given. */
  readonly interval?: number | undefined;
  readonly schedule?: Schedule | undefined;
}

/** When the directory is asked next, in milliseconds since the epoch. @param lastSync when it last was, undefined for never */
export function nextSync({ interval, schedule }: Cadence, lastSync: number | undefined, now: number): number {
  if (lastSync === undefined) return now;
  if (schedule !== undefined) return nextRun(schedule, lastSync) ?? Number.POSITIVE_INFINITY;
  return lastSync + (interval ?? defaultIntervalSeconds) * 1_000;
}

/** The accounts that have a credential to renew: one for each member, none that an operator holds out. */
export function holdersOf({ accounts, namesGiven, holds }: Observed, without: ReadonlySet<MemberId>): OwnedAccount[] {
  const owned = accounts
    .filter(isOwned)
    .filter(({ terminating, memberId }) => !terminating && !holds.has(memberId) && !without.has(memberId));
  return [...Map.groupBy(owned, ({ memberId }) => memberId).values()].flatMap((theirs) =>
    byClaim(theirs, namesGiven).slice(0, 1),
  );
}

export interface RenewalClock {
  /** Milliseconds since the epoch, by the API server's clock. */
  readonly now: number;
  /** Seconds. */
  readonly renewBefore: number | undefined;
}

export interface EachState {
  readonly holders: readonly OwnedAccount[];
  /** The names of all accounts that keep what was delivered for them: those of leavers who are only reported, too. */
  readonly staying: ReadonlySet<string>;
  /** By account name. */
  readonly delivered: ReadonlyMap<string, DeliveredToken>;
}

export interface EachDue {
  /** Who gets a fresh credential now. */
  readonly due: readonly OwnedAccount[];
  /** Accounts that are gone, and what was delivered for them is not. */
  readonly leftOver: boolean;
  /** When the next one is due, in milliseconds since the epoch. */
  readonly next: number;
}

/** Where each member's credential is delivered by itself. */
export function dueEach({ holders, staying, delivered }: EachState, { now, renewBefore }: RenewalClock): EachDue {
  const moment = { nowSeconds: now / 1_000, renewBeforeSeconds: renewBefore };
  const tokenOf = ({ name, uid }: OwnedAccount) => {
    const token = delivered.get(name);
    return token?.uid === uid ? token : undefined;
  };
  const isDue = (token: DeliveredToken | undefined) => token === undefined || requiresRenewal(token, moment);
  const someAreDue = holders.some((holder) => isDue(tokenOf(holder)));
  const due = holders.filter((holder) => {
    const token = tokenOf(holder);
    return isDue(token) || (someAreDue && token !== undefined && mayBeRenewedToo(token, moment));
  });
  const chosen = new Set(due);
  const times = holders.flatMap((holder) => {
    const token = tokenOf(holder);
    return token === undefined || chosen.has(holder) ? [] : [renewalTime(token, renewBefore) * 1_000];
  });
  return {
    due,
    leftOver: [...delivered.keys()].some((name) => !staying.has(name)),
    next: times.reduce((first, time) => Math.min(first, time), Number.POSITIVE_INFINITY),
  };
}

export interface MapTiming {
  /** For how long joiners are gathered, in milliseconds. */
  readonly gatherMs: number;
  /** At most one map in this time. */
  readonly everyMs: number;
}

/**
 * When a map of everyone's tokens is sent next, in milliseconds since the epoch: for joiners, once they are gathered, for
 * those whom the last one lacked, and for the renewal of all. A removal needs none.
 */
export function nextMap(
  holders: readonly OwnedAccount[],
  last: LastRun | undefined,
  { now, renewBefore, timing, uid }: RenewalClock & { timing: MapTiming; uid: string },
): number {
  if (holders.length === 0) return Number.POSITIVE_INFINITY;
  if (last?.earliestExpiry === undefined || last.grantedSeconds === undefined) return now;
  const acknowledgedAt = Date.parse(last.acknowledgedAt);
  const allowedAt = acknowledgedAt + timing.everyMs;
  const renewal =
    renewalTime(
      { uid, expiresAt: Date.parse(last.earliestExpiry) / 1_000, grantedSeconds: last.grantedSeconds },
      renewBefore,
    ) * 1_000;
  const joined = holders
    .filter((holder) => isYounger(holder, last))
    .map(({ createdAt }) => createdAt + timing.gatherMs);
  const lacked = new Set(last.undeliveredUuids);
  const again = holders.some(({ memberId }) => lacked.has(memberId)) ? [allowedAt] : [];
  const first = Math.min(
    renewal,
    ...again,
    joined.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  );
  // A renewal that was put off further than a map may wait is late already.
  return Math.max(first, first === renewal ? 0 : allowedAt);
}

/** Times of objects are whole seconds, and the API server's clock is read to the second. */
const clockGrainMs = 2_000;

/** Whether the account was made after the last map, which therefore lacked it. */
function isYounger({ createdAt, uid }: OwnedAccount, last: LastRun): boolean {
  if (createdAt < Date.parse(last.acknowledgedAt) - clockGrainMs) return false;
  return !(last.recentUids ?? []).includes(uid);
}

/** The UIDs to write down with a map: of accounts so young that their age does not tell whether they were in it. */
export function recentUids(holders: readonly { createdAt: number; uid: string }[], acknowledgedAt: number): string[] {
  return holders.filter(({ createdAt }) => createdAt >= acknowledgedAt - clockGrainMs).map(({ uid }) => uid);
}
