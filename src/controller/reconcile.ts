/**
 * One pass over one MemberSync: look at what is, do what is due. Nothing is remembered that matters.
 *
 * 1. The spec is read, with the secrets that it names; what can't be used is a condition.
 * 2. The directory is asked when it is time, or when somebody changed something. What is refused or can't be read stops
 *    changes of membership, and nothing else (P3).
 * 3. Under the run lock of this MemberSync, and only where something is to be done: the directory is read and judged anew,
 *    leavers go, joiners come.
 * 4. Credentials whose time has come are renewed: each by itself, or everyone's in one map, for which the directory is read
 *    once more.
 */
import { hasChanges } from '../core/plan.ts';
import { withBaseline } from '../core/rolling-day.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { readDay, updateDay } from '../registry/day.ts';
import { type LastRun, readLastRun } from '../registry/last-run.ts';
import { readOwnership } from '../registry/owner.ts';
import { requireClaimed } from '../sync/follow-plan.ts';
import type { Observed } from '../sync/make-plan.ts';
import { Outcomes } from '../sync/outcomes.ts';
import { Steps } from '../sync/steps.ts';
import { deliverEach, deliverMap, eachState } from './credentials.ts';
import { dueEach, type EachState, holdersOf, nextMap, nextSync, type RenewalClock } from './due.ts';
import { askDirectory, confirmDirectory, followDirectory, isNewAllowance, type Trust, timeOf } from './membership.ts';
import { type MemberSyncObject, syncNowAnnotation } from './object.ts';
import type { Memory, OpenedSync, Surroundings } from './surroundings.ts';
import { type Locked, underLock } from './under-lock.ts';

/** What a pass found and did: what the object's status is made from. */
export interface PassResult {
  readonly opened: OpenedSync;
  readonly trust: Trust;
  /** Why credentials could not be delivered, though everything before went well. */
  readonly undelivered: Failure | undefined;
  readonly outcomes: Outcomes;
  readonly observed: Observed;
  /** What is delivered now, by one of the two. */
  readonly each: EachState | undefined;
  readonly lastMap: LastRun | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly nextSync: number;
  /** When a credential or a map is due next. */
  readonly nextDelivery: number;
}

/** @throws Failure where the pass could not go on */
export async function reconcile(
  surroundings: Surroundings,
  { object, opened, memory }: { object: MemberSyncObject; opened: OpenedSync; memory: Memory },
  signal: AbortSignal,
): Promise<PassResult> {
  const { clock, client } = surroundings;
  const { wanted, context } = opened;
  const steps = new Steps(clock, signal);
  const now = timeOf(surroundings);
  const renewal: RenewalClock = { now, renewBefore: wanted.token.renewBefore };
  const isDirty = memory.isDirty;
  memory.isDirty = false;
  if (isDirty || isAskedByHand(object)) memory.names = undefined;

  let observed = await surroundings.observed(opened, memory, signal);
  let each = await eachState(opened, observed, memory, signal);
  const isMap = context.delivery.replaces === 'all';
  let lastMap = isMap ? await readLastRun(client, context.registry, signal) : undefined;
  const mapAt = (last: LastRun | undefined) =>
    nextMap(holdersOf(observed, memory.reported), last, {
      ...renewal,
      timing: surroundings.timing,
      uid: object.metadata.uid,
    });
  const isMapDue = () => isMap && mapAt(lastMap) <= timeOf(surroundings);

  const isAsked =
    isDirty ||
    isMapDue() ||
    isAskedByHand(object) ||
    nextSync(wanted, lastSyncOf(object, wanted, memory), now) <= now ||
    isNewAllowance(object, await readDay(client, context.registry, signal));
  let trust: Trust = isAsked
    ? await askDirectory(surroundings, { object, opened, steps, observed }, signal)
    : { kind: 'not asked' };
  remember(trust, memory);

  let outcomes = new Outcomes();
  let undelivered: Failure | undefined;
  const isChanging =
    trust.kind === 'trusted' && (hasChanges(trust.judged.plan) || workspacesAreDue(opened, memory, now));
  const isSending = trust.kind === 'trusted' && isMapDue();
  const isRenewing = each !== undefined && (dueEach(each, renewal).due.length > 0 || dueEach(each, renewal).leftOver);
  if (isChanging || isSending || isRenewing) {
    await underLock(surroundings, context, signal, async (locked) => {
      outcomes = locked.state.outcomes;
      memory.names = undefined;
      if (isChanging) {
        trust = await followDirectory(surroundings, locked);
        remember(trust, memory);
        if (trust.kind === 'trusted') memory.workspacesSeenAt = now;
      } else {
        await requireOwn(locked, observed);
      }
      try {
        each = await deliverEach(locked, { opened, memory, trust, renewal: { ...renewal, now: timeOf(surroundings) } });
        observed = await surroundings.observed(opened, memory, signal);
        if (trust.kind === 'trusted' && isMapDue()) {
          trust = await confirmDirectory(surroundings, locked);
          lastMap = await sendMap(surroundings, locked, trust, lastMap);
        }
      } catch (error) {
        if (isEnd(error, signal)) throw error;
        undelivered = toFailure(error);
      }
      await keepBaseline(surroundings, locked, trust, memory);
    });
  } else if (trust.kind === 'trusted') {
    memory.lastSync = now;
    await updateDay(client, context.registry, (day) => withBaseline(day, ownedCount(observed), now), signal);
  }
  const syncAt = nextSync(wanted, lastSyncOf(object, wanted, memory), now);
  const renewalAt = each === undefined ? Number.POSITIVE_INFINITY : dueEach(each, renewal).next;
  return {
    opened,
    trust,
    undelivered,
    outcomes,
    observed,
    each,
    lastMap,
    now,
    nextSync: syncAt,
    nextDelivery: Math.min(renewalAt, isMap ? mapAt(lastMap) : Number.POSITIVE_INFINITY),
  };
}

async function sendMap(
  surroundings: Surroundings,
  locked: Locked,
  trust: Trust,
  before: LastRun | undefined,
): Promise<LastRun | undefined> {
  // Somebody joined or left since: the next pass follows first. A joiner who could not be given an account is no reason.
  if (trust.kind !== 'trusted' || trust.judged.plan.remove.length > 0) return before;
  const failed = new Set(locked.state.outcomes.failedMembers.map(({ member }) => member.id));
  if (trust.judged.plan.create.some(({ member }) => !failed.has(member.id))) return before;
  return deliverMap(locked, trust.judged, () => timeOf(surroundings));
}

/** Where the directory was not asked under the lock: whose the accounts are is still looked at before anything is written. */
async function requireOwn({ context, signal }: Locked, observed: Observed): Promise<void> {
  const { target, registry } = context;
  const ownership = await readOwnership(target.client, target.namespace, registry, signal);
  requireClaimed(ownership, { owned: ownedCount(observed) }, registry);
}

async function keepBaseline(surroundings: Surroundings, locked: Locked, trust: Trust, memory: Memory): Promise<void> {
  const { outcomes } = locked.state;
  if (trust.kind !== 'trusted' || outcomes.accountsNotRemoved.length > 0) return;
  const now = timeOf(surroundings);
  const owned = trust.judged.plan.owned - outcomes.removedAccounts.length + outcomes.createdAccounts.length;
  memory.lastSync = now;
  await updateDay(locked.client, locked.context.registry, (day) => withBaseline(day, owned, now), locked.signal);
}

function remember(trust: Trust, memory: Memory): void {
  if (trust.kind === 'trusted')
    memory.reported = new Set(trust.judged.plan.reported.map(({ account }) => account.memberId));
}

function isAskedByHand({ metadata, status }: MemberSyncObject): boolean {
  const syncNow = metadata.annotations[syncNowAnnotation];
  return (
    status?.observedGeneration !== metadata.generation ||
    (syncNow !== undefined && syncNow !== status.lastHandledSyncNow)
  );
}

/** A schedule counts from the last sync that the status tells of, also after a restart. */
function lastSyncOf(
  { status }: MemberSyncObject,
  { schedule }: OpenedSync['wanted'],
  memory: Memory,
): number | undefined {
  if (memory.lastSync !== undefined || schedule === undefined) return memory.lastSync;
  const written = Date.parse(status?.lastSyncTime ?? '');
  return Number.isNaN(written) ? undefined : written;
}

const workspacesEveryMs = 3_600_000;

function workspacesAreDue({ wanted }: OpenedSync, { workspacesSeenAt }: Memory, now: number): boolean {
  return (
    wanted.workspace !== undefined && (workspacesSeenAt === undefined || now - workspacesSeenAt > workspacesEveryMs)
  );
}

function ownedCount({ accounts }: Observed): number {
  return accounts.filter(({ labelled, memberId, terminating }) => labelled && memberId !== undefined && !terminating)
    .length;
}

/** What ends the whole pass, and not the delivery alone. */
function isEnd(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || (error instanceof Failure && error.kind === 'lock');
}
