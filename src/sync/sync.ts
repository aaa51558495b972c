/**
 * One sync, from the directory to the acknowledged delivery. One way, no loops back; each step's output is plain data and
 * the next step's input. Nothing that a delivered token hangs on is deleted for an active member, at any step (P1).
 */
import type { Plan } from '../core/plan.ts';
import type { DeliveryRight } from '../deliveries/delivery.ts';
import { Failure } from '../lib/failure.ts';
import type { FencedContext } from './context.ts';
import { deliverTo } from './deliver.ts';
import { followPlan, planOf } from './follow-plan.ts';
import type { Outcomes } from './outcomes.ts';
import { refusalFailure } from './refusal.ts';
import type { Steps } from './steps.ts';

export interface SyncState {
  readonly lock: DeliveryRight;
  readonly steps: Steps;
  readonly outcomes: Outcomes;
  /** Set once there is one: a report of a failed run shows how far it came. */
  plan?: Plan;
}

/** @throws Failure at the first step that can't go on; `state` then tells how far the run came */
export async function sync(context: FencedContext, state: SyncState, signal: AbortSignal): Promise<void> {
  const judged = await planOf(context, state);
  const { plan, verdict } = judged;
  if (verdict.refusals.length > 0) throw refusalFailure(plan, verdict.refusals, context.options.whatAllows);
  await state.steps.run('deliver', async (stepSignal) => context.delivery.prepare?.(stepSignal));
  const holders = await followPlan(context, state, judged);
  const accounts = new Set([...holders, ...plan.reported].map(({ account }) => account.name));
  await deliverTo(context, state, { holders, accounts }, signal);
  requireRemoved(state.outcomes);
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
