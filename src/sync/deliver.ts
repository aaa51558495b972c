/** Issues a credential for each of these accounts, checks them, and delivers them. */
import { memberLabel } from '../core/model.ts';
import { Failure } from '../lib/failure.ts';
import type { Holder } from './apply.ts';
import type { FencedContext, SyncOptions } from './context.ts';
import { issueAll } from './issue.ts';
import type { Outcomes } from './outcomes.ts';
import type { SyncState } from './sync.ts';
import { tryLive } from './verify.ts';

export interface DeliveryOrder {
  /** Who gets a fresh credential; all of them, where a delivery replaces everything. */
  readonly holders: readonly Holder[];
  /** The names of all accounts that stay: what was delivered for any other one is taken away. */
  readonly accounts: ReadonlySet<string>;
}

/** @throws Failure (delivery) where it was not acknowledged, or would lack too many members; Failure (lock) */
export async function deliverTo(
  context: FencedContext,
  { lock, steps, outcomes }: SyncState,
  { holders, accounts }: DeliveryOrder,
  signal: AbortSignal,
): Promise<void> {
  const { target, delivery, options, log, redactor } = context;
  const batch = delivery.begin();
  redactor.addHolder(batch);
  if (delivery.takesCredentials) {
    const issuer = await steps.run('mint', () => context.openIssuer(target, signal));
    const trials = await steps.run('mint', (stepSignal) =>
      issueAll(context, holders, { issuer, batch, outcomes, signal: stepSignal }),
    );
    await steps.run('verify', (stepSignal) => tryLive(context, { issuer, trials, signal: stepSignal }));
  }

  if (delivery.replaces === 'all') requireTolerable(outcomes, options);
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
}

/** P4: a map that lacks members through our own failure goes out only as far as the operator tolerates it. */
function requireTolerable(
  { failedMembers, minted }: Outcomes,
  { maxUndelivered, situation: { spelling = (name: string) => name } }: SyncOptions,
): void {
  if (failedMembers.length <= maxUndelivered) return;
  const shown = failedMembers.slice(0, 10).map(({ member, failure }) => `${memberLabel(member)}: ${failure.message}`);
  const cause = failedMembers[0]?.failure;
  const more = failedMembers.length > shown.length ? `; and ${failedMembers.length - shown.length} more` : '';
  throw new Failure(
    'delivery',
    `${failedMembers.length} of ${failedMembers.length + minted} members have no fresh token, and ${spelling('MAX_UNDELIVERED')} is ${maxUndelivered}; nothing was sent, since a delivery without them would take their stored tokens away (${shown.join('; ')}${more})`,
    {
      hint: `${cause?.hint === undefined ? '' : `${cause.hint}. `}The tokens delivered before go on working; run again, or set ${spelling('MAX_UNDELIVERED')}=${failedMembers.length} to deliver without them`,
      cause,
    },
  );
}
