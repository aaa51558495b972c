/** Who has credentials now, from what the cluster keeps; the directory only adds names. Reads only. */

import { type LastDelivery, type MemberStatus, memberStatuses } from '../core/member-status.ts';
import { readLease } from '../kube/lease.ts';
import type { Clock } from '../lib/clock.ts';
import { type LastRun, readLastRun } from '../registry/last-run.ts';
import { type RegistryPlace, runLockName } from '../registry/place.ts';
import type { Target } from '../sync/context.ts';
import { observe } from '../sync/make-plan.ts';
import type { DirectoryAnswer } from './ask-directory.ts';

export interface StatusContext {
  readonly target: Target;
  readonly registry: RegistryPlace;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface ClubStatus {
  readonly members: readonly MemberStatus[];
  /** The last acknowledged delivery; undefined when there was none. */
  readonly lastRun: LastRun | undefined;
  /** Who holds the run lock; undefined when nobody does. */
  readonly lockHolder: { readonly name: string; readonly since: string | undefined } | undefined;
  /** When the lock was taken after the last delivery: by a run that delivered nothing, or by a revoke. */
  readonly lockTakenSince: string | undefined;
  /** The API server's time, in milliseconds since the epoch. */
  readonly now: number;
}

export async function gatherStatus(
  { target, registry, clock, signal }: StatusContext,
  directory: DirectoryAnswer,
): Promise<ClubStatus> {
  const { client } = target;
  const [observed, lastRun, lease] = await Promise.all([
    observe(target, registry, signal),
    readLastRun(client, registry, signal),
    readLease(client, { namespace: registry.namespace, name: runLockName(registry) }, signal),
  ]);
  const now = client.serverTime ?? clock.now();
  const members = 'members' in directory ? directory.members : undefined;
  const { holder, acquireTime } = lease;
  return {
    members: memberStatuses({ ...observed, members, delivery: lastDelivery(lastRun), now }),
    lastRun,
    lockHolder: holder ? { name: holder, since: acquireTime } : undefined,
    // Not by comparing times: the lock's is by the clock of the one who took it, the delivery's by the API server's, in whole
    // seconds, so that a run of less than a second would seem to end before it began.
    lockTakenSince: acquireTime === lastRun?.lockAcquireTime ? undefined : acquireTime,
    now,
  };
}

function lastDelivery(summary: LastRun | undefined): LastDelivery | undefined {
  if (summary === undefined) return undefined;
  return {
    acknowledgedAt: Date.parse(summary.acknowledgedAt),
    earliestExpiry: summary.earliestExpiry === undefined ? undefined : Date.parse(summary.earliestExpiry),
    grantedSeconds: summary.grantedSeconds,
    undelivered: new Set(summary.undeliveredUuids),
  };
}
