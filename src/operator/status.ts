/** Who has credentials now, from what the cluster keeps; the directory only adds names. Reads only. */

import { type LastDelivery, type MemberStatus, memberStatuses } from '../core/member-status.ts';
import { leaseName, readLease } from '../kube/lease.ts';
import { type RunSummary, readSummary } from '../registry/last-run.ts';
import type { RunContext } from '../sync/context.ts';
import { observe } from '../sync/observe.ts';
import type { DirectoryAnswer } from './find-member.ts';

export type StatusContext = Pick<RunContext, 'settings' | 'client' | 'clock' | 'signal'>;

export interface ClubStatus {
  readonly members: readonly MemberStatus[];
  /** The last acknowledged delivery; undefined when there was none. */
  readonly lastRun: RunSummary | undefined;
  /** Who holds the run lock; undefined when nobody does. */
  readonly lockHolder: { readonly name: string; readonly since: string | undefined } | undefined;
  /** When the lock was taken after the last delivery: by a run that delivered nothing, or by a revoke. */
  readonly lockTakenSince: string | undefined;
  /** The API server's time, in milliseconds since the epoch. */
  readonly now: number;
}

export async function gatherStatus(
  { settings, client, clock, signal }: StatusContext,
  directory: DirectoryAnswer,
): Promise<ClubStatus> {
  const [observed, lastRun, lease] = await Promise.all([
    observe(client, settings, signal),
    readSummary(client, settings.metadata.namespace, signal),
    readLease(client, { namespace: settings.metadata.namespace, name: leaseName }, signal),
  ]);
  const now = client.serverTime ?? clock.now();
  const members = 'members' in directory ? directory.members : undefined;
  const { holder, acquireTime } = lease;
  return {
    members: memberStatuses({ ...observed, members, delivery: lastDelivery(lastRun), now }),
    lastRun,
    lockHolder: holder ? { name: holder, since: acquireTime } : undefined,
    // Not by comparing times: the lock's is by the clock of whoever took it, the delivery's by the API server's, in whole
    // seconds, so that a run of less than a second would seem to end before it began.
    lockTakenSince: acquireTime === lastRun?.lockAcquireTime ? undefined : acquireTime,
    now,
  };
}

function lastDelivery(summary: RunSummary | undefined): LastDelivery | undefined {
  if (summary === undefined) return undefined;
  return {
    acknowledgedAt: Date.parse(summary.acknowledgedAt),
    earliestExpiry: summary.earliestExpiry === undefined ? undefined : Date.parse(summary.earliestExpiry),
    grantedSeconds: summary.grantedSeconds,
    undelivered: new Set(summary.undeliveredUuids),
  };
}
