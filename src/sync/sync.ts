/**
 * A run, from the directory to the acknowledged delivery. One way, no loops back; each step's output is plain data and
 * the next step's input. Nothing that a delivered token hangs on is deleted for an active member, at any step (P1).
 */

import { isLocalEndpoint, planPlace } from '../config.ts';
import { deliver } from '../delivery/deliver.ts';
import { TokenMap } from '../delivery/token-map.ts';
import { fetchMembers } from '../directory/members.ts';
import { guard } from '../plan/guard.ts';
import { memberLabel } from '../plan/model.ts';
import { buildPlan, hasChanges, type Plan } from '../plan/plan.ts';
import { refuseAnotherPlan } from '../plan/plan-file.ts';
import { Failure } from '../shared/errors.ts';
import { withRetry } from '../shared/retry.ts';
import { createNewcomers, type Holder, removeLeavers } from './apply.ts';
import type { RunContext } from './context.ts';
import { mintAll, openKeyRing } from './mint.ts';
import { observe } from './observe.ts';
import type { Outcomes } from './outcomes.ts';
import { logPlan } from './plan-log.ts';
import { refusalFailure } from './refusal.ts';
import type { RunLock } from './run-lock.ts';
import type { Steps } from './steps.ts';
import { tryLive } from './verify.ts';

export interface RunState {
  readonly lock: RunLock;
  readonly steps: Steps;
  readonly outcomes: Outcomes;
  /** Set once there is one: a report of a failed run shows how far it came. */
  plan?: Plan;
}

/** @throws Failure at the first step that can't go on; `state` then tells how far the run came */
export async function sync(context: RunContext, state: RunState, signal: AbortSignal): Promise<void> {
  const { settings, client, poolc, clock, random, log, redactor } = context;
  const { lock, steps, outcomes } = state;

  const members = await steps.run('fetch', (stepSignal) => fetchMembers(poolc, { signal: stepSignal, random, log }));
  const observed = await steps.run('observe', (stepSignal) => observe(client, settings, stepSignal));

  const plan = await steps.run('plan', () => buildPlan({ members, ...observed }));
  state.plan = plan;
  logPlan(log, plan);
  const verdict = guard(plan, settings.guard, {
    inPod: settings.inPod,
    loopbackDirectory: isLocalEndpoint(settings),
    firstRunConfirmed: context.firstRunConfirmed,
  });
  for (const note of verdict.notes) log.info(note);
  const another =
    context.agreedPlan === undefined
      ? undefined
      : refuseAnotherPlan(context.agreedPlan.document, plan, planPlace(settings));
  const refusals = another === undefined ? verdict.refusals : [another, ...verdict.refusals];
  if (refusals.length > 0) throw refusalFailure(context, plan, refusals);

  // Whoever was suspended since the lock was taken, and wakes up here, must not change anything by a stale plan: neither
  // every clock nor every hypervisor tells, so the API server is asked.
  if (hasChanges(plan)) {
    await steps.run('lock', (stepSignal) => withRetry(() => lock.renew(), { clock, random, signal: stepSignal }));
  }
  const unrecorded = await steps.run('remove', (stepSignal) => removeLeavers(context, plan, outcomes, stepSignal));
  const newcomers = await steps.run('create', (stepSignal) =>
    createNewcomers(context, plan, { unrecorded, outcomes, signal: stepSignal }),
  );

  // Under the run's signal, not the step's: while tokens are minted, the keys may have to be fetched again.
  const keyRing = await steps.run('mint', () => openKeyRing(context, signal));
  const holders: Holder[] = [
    ...plan.keep.map(({ member, account }) => ({ member, account, fresh: false })),
    ...newcomers,
  ];
  const map = new TokenMap();
  redactor.addHolder(map);
  const trials = await steps.run('mint', (stepSignal) =>
    mintAll(context, holders, { map, keyRing, outcomes, signal: stepSignal }),
  );
  await steps.run('verify', (stepSignal) => tryLive(context, trials, stepSignal));

  requireTolerable(outcomes, settings.maxUndelivered);
  await steps.run('deliver', (stepSignal) => deliver(poolc, map, { right: lock, signal: stepSignal, random, log }));
  outcomes.delivered = true;
  requireRemoved(outcomes);
}

/** Said at the very end: that a leaver is still in must not keep anyone's fresh token back, but the run has failed. */
function requireRemoved({ accountsNotRemoved }: Outcomes): void {
  const [first] = accountsNotRemoved;
  if (first === undefined) return;
  const names = accountsNotRemoved.slice(0, 10).map(({ removal }) => removal.account.name);
  throw new Failure(
    'cluster',
    `everyone's token was delivered, but ${accountsNotRemoved.length} who left could not be removed and still have access: ${names.join(', ')}${accountsNotRemoved.length > names.length ? ', …' : ''} (${first.failure.message})`,
    { cause: first.failure, hint: 'run again; if it stays, delete these ServiceAccounts by hand' },
  );
}

/** P4: a map that lacks members through our own failure goes out only as far as the operator tolerates it. */
function requireTolerable({ failedMembers, minted }: Outcomes, maxUndelivered: number): void {
  if (failedMembers.length <= maxUndelivered) return;
  const shown = failedMembers.slice(0, 10).map(({ member, failure }) => `${memberLabel(member)}: ${failure.message}`);
  const cause = failedMembers[0]?.failure;
  const more = failedMembers.length > shown.length ? `; and ${failedMembers.length - shown.length} more` : '';
  throw new Failure(
    'delivery',
    `${failedMembers.length} of ${failedMembers.length + minted} members have no fresh token, and MAX_UNDELIVERED is ${maxUndelivered}; nothing was sent, since a delivery without them would take their stored tokens away (${shown.join('; ')}${more})`,
    {
      hint: `${cause?.hint === undefined ? '' : `${cause.hint}. `}The tokens delivered before go on working; run again, or set MAX_UNDELIVERED=${failedMembers.length} to deliver without them`,
      cause,
    },
  );
}
