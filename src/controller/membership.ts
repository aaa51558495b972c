/** Who is a member: asking the directory, judging the plan by the day, following it. */
import { hasChanges } from '../core/plan.ts';
import {
  changesOf,
  type Direction,
  type RollingDay,
  refusalsOfDay,
  withAllowances,
  withChanges,
  withoutRefusal,
  withRefusal,
} from '../core/rolling-day.ts';
import { type Failure, toFailure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import { readDay, updateDay } from '../registry/day.ts';
import type { SyncContext } from '../sync/context.ts';
import { followPlan, type JudgedSync, type PlanWith, planOf } from '../sync/follow-plan.ts';
import type { Observed } from '../sync/make-plan.ts';
import { refusalFailure } from '../sync/refusal.ts';
import type { Steps } from '../sync/steps.ts';
import { allowAdditionsAnnotation, allowRemovalsAnnotation, type MemberSyncObject } from './object.ts';
import type { OpenedSync, Surroundings } from './surroundings.ts';
import type { Locked } from './under-lock.ts';

/** What the directory's word is worth. */
export type Trust =
  | { readonly kind: 'trusted'; readonly judged: JudgedSync }
  | { readonly kind: 'refused'; readonly judged: JudgedSync; readonly failure: Failure }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'not asked' };

/** The numbers that an operator gave as annotations. */
function allowancesOf({ metadata }: MemberSyncObject): Partial<Record<Direction, string>> {
  const removals = metadata.annotations[allowRemovalsAnnotation];
  const additions = metadata.annotations[allowAdditionsAnnotation];
  return { ...(removals === undefined ? {} : { removals }), ...(additions === undefined ? {} : { additions }) };
}

/** Whether the day knows nothing yet of what the annotations say. */
export function isNewAllowance(object: MemberSyncObject, { allowances }: RollingDay): boolean {
  const given = allowancesOf(object);
  return given.removals !== allowances.removals?.text || given.additions !== allowances.additions?.text;
}

/**
 * Reads the directory and judges what it would change; changes nothing but the record of what is refused.
 * @throws Failure where the accounts are another MemberSync's, or the cluster can't be read
 */
export async function askDirectory(
  surroundings: Surroundings,
  {
    object,
    opened,
    steps,
    observed,
  }: { object: MemberSyncObject; opened: OpenedSync; steps: Steps; observed: Observed },
  signal: AbortSignal,
): Promise<Trust> {
  const { client } = surroundings;
  const { context } = opened;
  const given = allowancesOf(object);
  const read = await readDay(client, context.registry, signal);
  const day = isNewAllowance(object, read)
    ? await updateDay(client, context.registry, (latest) => withAllowances(latest, given), signal)
    : read;
  const quiet = { ...context, log: quietLog(context.log) };
  const trust = await judge(surroundings, quiet, steps, {
    day,
    observed: () => Promise.resolve(observed),
  });
  if (trust.kind === 'refused') {
    const { plan } = trust.judged;
    await updateDay(client, context.registry, (latest) => withRefusal(latest, plan), signal);
  } else if (trust.kind === 'trusted' && !hasChanges(trust.judged.plan) && withoutRefusal(day) !== day) {
    await updateDay(client, context.registry, withoutRefusal, signal);
  }
  return trust;
}

/**
 * The same once more under the lock, with everything read anew, and then done.
 * @returns 'refused' and 'failed' where nothing was changed
 */
export async function followDirectory(surroundings: Surroundings, locked: Locked): Promise<Trust> {
  const { context, state, client, signal } = locked;
  const { registry } = context;
  const day = await readDay(client, registry, signal);
  const trust = await judge(surroundings, context, state.steps, { day });
  if (trust.kind !== 'trusted') return trust;
  const { plan } = trust.judged;
  const now = timeOf(surroundings);
  const changes = changesOf(plan, now);
  // Written before anything is removed: a crash counts too many, never too few.
  const before = (stepSignal: AbortSignal) =>
    changes.length === 0
      ? Promise.resolve()
      : updateDay(client, registry, (latest) => withChanges(latest, changes, now), stepSignal).then(() => undefined);
  await followPlan(context, state, trust.judged, before);
  return trust;
}

/** Once more without following it: what a map of everyone is made from, after the last change. */
export async function confirmDirectory(surroundings: Surroundings, locked: Locked): Promise<Trust> {
  const day = await readDay(locked.client, locked.context.registry, locked.signal);
  const { context, state } = locked;
  return judge(surroundings, { ...context, log: quietLog(context.log) }, state.steps, { day });
}

async function judge(
  surroundings: Surroundings,
  context: SyncContext,
  steps: Steps,
  { day, observed }: { day: RollingDay; observed?: PlanWith['observed'] },
): Promise<Trust> {
  const now = timeOf(surroundings);
  const { guard } = context.options;
  try {
    const judged = await planOf(
      context,
      { steps },
      { ofDay: (plan) => refusalsOfDay(plan, guard, { day, now }), observed },
    );
    const { plan, verdict } = judged;
    if (verdict.refusals.length === 0) return { kind: 'trusted', judged };
    return { kind: 'refused', judged, failure: refusalFailure(plan, verdict.refusals, context.options.whatAllows) };
  } catch (error) {
    const failure = toFailure(error);
    // A directory that can't be read stops nothing but changes of membership.
    if (failure.kind === 'directory' || (failure.kind === 'deadline' && steps.current === 'fetch'))
      return { kind: 'failed', failure };
    throw error;
  }
}

export function timeOf({ client, clock }: Pick<Surroundings, 'client' | 'clock'>): number {
  return client.serverTime ?? clock.now();
}

/** A pass every few minutes that changes nothing is worth no line. */
function quietLog(log: Log): Log {
  return {
    ...log,
    debug: log.debug.bind(log),
    info: log.debug.bind(log),
    warn: log.debug.bind(log),
    error: log.error.bind(log),
  };
}
