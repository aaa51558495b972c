/**
 * One sync, from the directory to the acknowledged delivery. One way, no loops back; each step's output is plain data and
 * the next step's input. Nothing that a delivered token hangs on is deleted for an active member, at any step (P1).
 */
import { memberLabel } from '../core/model.ts';
import { hasChanges, type Plan } from '../core/plan.ts';
import type { DeliveryRight } from '../deliveries/delivery.ts';
import { withRetry } from '../http/retry.ts';
import { Failure } from '../lib/failure.ts';
import { claim, type Ownership, readOwnership } from '../registry/owner.ts';
import { defaultSyncName, type RegistryPlace } from '../registry/place.ts';
import { createNewcomers, type Holder, removeLeavers } from './apply.ts';
import type { FencedContext } from './context.ts';
import { issueAll } from './issue.ts';
import { makePlan, observe, readMembers } from './make-plan.ts';
import type { Outcomes } from './outcomes.ts';
import { logPlan } from './plan-log.ts';
import { refusalFailure } from './refusal.ts';
import type { Steps } from './steps.ts';
import { tryLive } from './verify.ts';
import { keepWorkspaces } from './workspaces.ts';

export interface SyncState {
  readonly lock: DeliveryRight;
  readonly steps: Steps;
  readonly outcomes: Outcomes;
  /** Set once there is one: a report of a failed run shows how far it came. */
  plan?: Plan;
}

/** @throws Failure at the first step that can't go on; `state` then tells how far the run came */
export async function sync(context: FencedContext, state: SyncState, signal: AbortSignal): Promise<void> {
  const { directory, target, registry, delivery, options, clock, random, log, redactor } = context;
  const { lock, steps, outcomes } = state;

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
      observed: (stepSignal) => observe(target, registry, stepSignal),
      isSnapshot: directory.isSnapshot,
      options,
    },
    {
      limits: options.guard,
      situation: options.situation,
      agreedPlan: options.agreedPlan,
      place: { targetNamespace: target.namespace, endpoint: directory.address },
      isOwnId: (id) => directory.isOwnId(id),
    },
    (name, work) => steps.run(name, work),
  );
  state.plan = plan;
  logPlan(log, plan);
  for (const note of verdict.notes) log.info(note);
  requireClaimed(ownership, plan, registry);
  if (verdict.refusals.length > 0) throw refusalFailure(plan, verdict.refusals, options.whatAllows);

  // A process that was suspended since the lock was taken, and wakes up here, must not change anything by a stale plan.
  // It may not notice by itself, so ask the API server.
  if (hasChanges(plan)) {
    await steps.run('lock', (stepSignal) => withRetry(() => lock.renew(), { clock, random, signal: stepSignal }));
  }
  const nowMs = target.client.serverTime ?? clock.now();
  await steps.run('lock', (stepSignal) =>
    claim(target.client, target.namespace, { place: registry, ownership, nowMs }, stepSignal),
  );
  const unrecorded = await steps.run('remove', (stepSignal) => removeLeavers(context, plan, outcomes, stepSignal));
  const newcomers = await steps.run('create', (stepSignal) =>
    createNewcomers(context, plan, { unrecorded, outcomes, signal: stepSignal }),
  );

  const holders: Holder[] = [
    ...plan.keep.map(({ member, account }) => ({ member, account, fresh: false })),
    ...newcomers,
  ];
  await keepWorkspaces(context, steps, { plan, holders, right: lock, outcomes });
  const batch = delivery.begin();
  redactor.addHolder(batch);
  if (delivery.takesCredentials) {
    const issuer = await steps.run('mint', () => context.openIssuer(target, signal));
    const trials = await steps.run('mint', (stepSignal) =>
      issueAll(context, holders, { issuer, batch, outcomes, signal: stepSignal }),
    );
    await steps.run('verify', (stepSignal) => tryLive(context, { issuer, trials, signal: stepSignal }));
  }

  if (delivery.replaces === 'all') requireTolerable(outcomes, options.maxUndelivered);
  const accounts = new Set([...holders, ...plan.reported].map(({ account }) => account.name));
  const notDelivered = await steps.run('deliver', (stepSignal) =>
    batch.send({ right: lock, signal: stepSignal, accounts }),
  );
  for (const { member, failure } of notDelivered) {
    outcomes.undelivered(member, failure);
    log.warn(
      `${memberLabel(member)} got no credential: ${failure.message}${failure.hint === undefined ? '' : `; ${failure.hint}`}`,
    );
  }
  outcomes.delivered = true;
  requireRemoved(outcomes);
}

/** Accounts from before there was a claim are those of the settings from the environment. */
function requireClaimed({ owner }: Ownership, { owned }: Plan, { namespace, name }: RegistryPlace): void {
  if (owner !== undefined || owned === 0 || name === defaultSyncName) return;
  throw new Failure(
    'refused',
    `there are ${owned} accounts already that no MemberSync has claimed, and ${namespace}/${name} does not take them unasked; nothing was changed`,
    { hint: 'use another namespace in spec.accounts.namespace' },
  );
}

/** Said at the very end: that a leaver is still in must not keep anyone's fresh token back, but the run has failed. */
function requireRemoved({ accountsNotRemoved }: Outcomes): void {
  const [first] = accountsNotRemoved;
  if (first === undefined) return;
  const names = accountsNotRemoved.slice(0, 10).map(({ removal }) => removal.account.name);
  throw new Failure(
    'cluster',
    `everyone's token was delivered, but ${accountsNotRemoved.length} leavers could not be removed and still have access: ${names.join(', ')}${accountsNotRemoved.length > names.length ? ', …' : ''} (${first.failure.message})`,
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
