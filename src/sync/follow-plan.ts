/** Makes the cluster what a plan says: leavers out, newcomers in, workspaces put right. Only under the lock, and fenced. */

import type { Verdict } from '../core/guard.ts';
import { hasChanges, type Plan } from '../core/plan.ts';
import { withRetry } from '../http/retry.ts';
import { Failure } from '../lib/failure.ts';
import { en } from '../lib/message.ts';
import { guardMessages } from '../lib/messages/guard.ts';
import { claim, type Ownership, readOwnership } from '../registry/owner.ts';
import { defaultSyncName, type RegistryPlace } from '../registry/place.ts';
import { createNewcomers, type Holder, removeLeavers } from './apply.ts';
import type { FencedContext, SyncContext } from './context.ts';
import { makePlan, type Observed, observe, type PlanJudgement, readMembers } from './make-plan.ts';
import { logPlan } from './plan-log.ts';
import type { SyncState } from './sync.ts';
import { keepWorkspaces } from './workspaces.ts';

/** A plan, what the guard says of it, and whose the accounts are. */
export interface JudgedSync {
  readonly plan: Plan;
  readonly verdict: Verdict;
  readonly ownership: Ownership;
}

/** What a program that goes on adds. */
export interface PlanWith {
  readonly ofDay?: PlanJudgement['ofDay'];
  /** What it knows of the cluster already; looked up unless given. */
  readonly observed?: ((signal: AbortSignal) => Promise<Observed>) | undefined;
}

/** @throws Failure where the directory or the cluster can't be read whole, or the accounts are another MemberSync's */
export async function planOf(
  context: SyncContext,
  state: Pick<SyncState, 'steps'> & { plan?: Plan },
  { ofDay, observed }: PlanWith = {},
): Promise<JudgedSync> {
  const { directory, target, registry, options, log } = context;
  const { steps } = state;
  const ownership = await steps.run('observe', (stepSignal) =>
    readOwnership(target.client, target.namespace, registry, stepSignal),
  );
  if (ownership.unreadable !== undefined) {
    log.warn(
      `whose accounts ${target.namespace} holds could not be seen, so that two syncs of it would not notice each other: ${ownership.unreadable.message}`,
    );
  }
  const { plan, verdict } = await makePlan(
    {
      members: (stepSignal) => readMembers(directory, log, stepSignal),
      observed: observed ?? ((stepSignal) => observe(target, registry, stepSignal)),
      isSnapshot: directory.isSnapshot,
      options,
    },
    {
      limits: options.guard,
      situation: options.situation,
      ofDay,
      agreedPlan: options.agreedPlan,
      place: { targetNamespace: target.namespace, endpoint: directory.address },
      isOwnId: (id) => directory.isOwnId(id),
    },
    (name, work) => steps.run(name, work),
  );
  state.plan = plan;
  logPlan(log, plan);
  for (const note of verdict.notes) log.info(en(note));
  requireClaimed(ownership, plan, registry);
  return { plan, verdict, ownership };
}

/**
 * @param before what is written down before anything is changed
 * @returns who is to have a credential
 */
export async function followPlan(
  context: FencedContext,
  { lock, steps, outcomes }: SyncState,
  { plan, ownership }: Pick<JudgedSync, 'plan' | 'ownership'>,
  before?: (signal: AbortSignal) => Promise<void>,
): Promise<Holder[]> {
  const { target, registry, clock, random } = context;
  // A process that was suspended since the lock was taken, and wakes up here, must not change anything by a stale plan.
  // It may not notice by itself, so ask the API server.
  if (hasChanges(plan)) {
    await steps.run('lock', (stepSignal) => withRetry(() => lock.renew(), { clock, random, signal: stepSignal }));
  }
  const nowMs = target.client.serverTime ?? clock.now();
  await steps.run('lock', (stepSignal) =>
    claim(target.client, target.namespace, { place: registry, ownership, nowMs }, stepSignal),
  );
  if (before !== undefined) await steps.run('remove', before);
  const unrecorded = await steps.run('remove', (stepSignal) => removeLeavers(context, plan, outcomes, stepSignal));
  const newcomers = await steps.run('create', (stepSignal) =>
    createNewcomers(context, plan, { unrecorded, outcomes, signal: stepSignal }),
  );
  const holders: Holder[] = [
    ...plan.keep.map(({ member, account }) => ({ member, account, fresh: false })),
    ...newcomers,
  ];
  await keepWorkspaces(context, steps, { plan, holders, right: lock, outcomes });
  return holders;
}

/** Accounts from before there was a claim are those of the settings from the environment. */
export function requireClaimed(
  { owner }: Ownership,
  { owned }: Pick<Plan, 'owned'>,
  { namespace, name }: RegistryPlace,
): void {
  if (owner !== undefined || owned === 0 || name === defaultSyncName) return;
  throw new Failure('refused', guardMessages.unclaimed({ owned, memberSync: `${namespace}/${name}` }), {
    hint: guardMessages.claimThem(),
  });
}
