/** Credentials: who is due for one, and their delivery, each by itself or everyone's in one map. Only under the lock. */

import { isOwned, type Member, type OwnedAccount } from '../core/model.ts';
import type { DeliveredToken } from '../core/renewal.ts';
import { type LastRun, writeLastRun } from '../registry/last-run.ts';
import type { Holder } from '../sync/apply.ts';
import { deliverTo } from '../sync/deliver.ts';
import { type Observed, observe } from '../sync/make-plan.ts';
import { dueEach, type EachDue, type EachState, holdersOf, type RenewalClock, recentUids } from './due.ts';
import type { Trust } from './membership.ts';
import type { Memory, OpenedSync } from './surroundings.ts';
import type { Locked } from './under-lock.ts';

/** What there is where each member's credential is delivered by itself; undefined for a delivery of another kind. */
export async function eachState(
  { context }: Pick<OpenedSync, 'context'>,
  observed: Observed,
  memory: Memory,
  signal: AbortSignal,
): Promise<EachState | undefined> {
  const { delivery } = context;
  if (delivery.delivered === undefined) return undefined;
  const delivered = await delivery.delivered(signal);
  const staying = observed.accounts.filter(isOwned).filter(({ memberId }) => !observed.holds.has(memberId));
  return {
    holders: holdersOf(observed, memory.reported),
    staying: new Set(staying.map(({ name }) => name)),
    delivered,
  };
}

/** Renews what is due, looked at anew under the lock. @returns what there is afterwards */
export async function deliverEach(
  locked: Locked,
  { opened, memory, trust, renewal }: { opened: OpenedSync; memory: Memory; trust: Trust; renewal: RenewalClock },
): Promise<EachState | undefined> {
  const { context, state, signal } = locked;
  const observed = await observe(context.target, context.registry, signal);
  const before = await eachState(opened, observed, memory, signal);
  if (before === undefined) return undefined;
  const found: EachDue = dueEach(before, renewal);
  if (found.due.length === 0 && !found.leftOver) return before;
  const members = membersOf(trust);
  const holders = found.due.map((account) => holderOf(account, members, renewal.now));
  await deliverTo(context, state, { holders, accounts: before.staying }, signal);
  const after = await eachState(opened, observed, memory, signal);
  if (after !== undefined)
    await writeLastRun(locked.client, context.registry, () => lastRunOfEach(locked, after, renewal.now), signal);
  return after;
}

/** Sends one map for everyone. The directory was read after the last change of accounts. */
export async function deliverMap(
  locked: Locked,
  { plan }: Extract<Trust, { kind: 'trusted' }>['judged'],
  now: () => number,
): Promise<LastRun> {
  const { context, state, client, lock, signal } = locked;
  const holders = plan.keep.map(({ member, account }) => ({ member, account, fresh: false }));
  const accounts = new Set([...holders, ...plan.reported].map(({ account }) => account.name));
  await deliverTo(context, state, { holders, accounts }, signal);
  const acknowledgedAt = now();
  const { outcomes } = state;
  const last: LastRun = {
    ...countsOf(locked, acknowledgedAt),
    lockAcquireTime: lock.acquireTime,
    members: plan.members,
    delivered: outcomes.minted - outcomes.notDelivered,
    earliestExpiry: outcomes.earliestExpiry === undefined ? undefined : isoTime(outcomes.earliestExpiry * 1_000),
    grantedSeconds: outcomes.grantedSeconds,
    recentUids: recentUids(
      plan.keep.map(({ account }) => account),
      acknowledgedAt,
    ),
  };
  await writeLastRun(client, context.registry, () => last, signal);
  return last;
}

function membersOf(trust: Trust): ReadonlyMap<string, Member> {
  if (trust.kind !== 'trusted') return new Map();
  const { keep, create } = trust.judged.plan;
  return new Map([...keep, ...create].map(({ member }) => [member.id, member]));
}

/** Where the directory was not asked, the account alone says whose it is. */
function holderOf(account: OwnedAccount, members: ReadonlyMap<string, Member>, now: number): Holder {
  const member = members.get(account.memberId) ?? { id: account.memberId, login: null };
  return { member, account, fresh: now - account.createdAt < 60_000 };
}

function lastRunOfEach(locked: Locked, { holders, delivered }: EachState, now: number): LastRun {
  const tokens = holders.flatMap(({ name }) => delivered.get(name) ?? []);
  const earliest = earliestOf(tokens);
  return {
    ...countsOf(locked, now),
    lockAcquireTime: locked.lock.acquireTime,
    members: holders.length,
    delivered: tokens.length,
    earliestExpiry: earliest === undefined ? undefined : isoTime(earliest),
    grantedSeconds: tokens.length === 0 ? undefined : Math.min(...grantsOf(tokens)),
  };
}

function countsOf({ state: { outcomes, steps } }: Locked, now: number) {
  return {
    acknowledgedAt: isoTime(now),
    runSeconds: Object.values(steps.seconds).reduce((sum, seconds) => sum + seconds, 0),
    created: outcomes.createdAccounts.length,
    removed: outcomes.removedAccounts.length,
    notRemoved: outcomes.accountsNotRemoved.length,
    undelivered: outcomes.failedMembers.length,
    undeliveredUuids: outcomes.failedMembers.map(({ member }) => member.id),
  };
}

/** Milliseconds since the epoch; undefined where there is none. */
export function earliestOf(tokens: readonly DeliveredToken[]): number | undefined {
  const first = tokens.reduce((earliest, { expiresAt }) => Math.min(earliest, expiresAt), Number.POSITIVE_INFINITY);
  return first === Number.POSITIVE_INFINITY ? undefined : first * 1_000;
}

export function grantsOf(tokens: readonly DeliveredToken[]): number[] {
  return tokens.map(({ grantedSeconds }) => grantedSeconds);
}

const isoTime = (ms: number) => new Date(ms).toISOString();
