/** What a pass found, as the object's status: conditions, counts and times, the last runs. Pure. */
import { isOwned } from '../core/model.ts';
import { type Failure, withContext } from '../lib/failure.ts';
import { type Finding, marginFinding, reasonOf, sentence, timeText, withFindings } from './conditions.ts';
import { earliestOf, grantsOf } from './credentials.ts';
import type { MapTiming } from './due.ts';
import { type MemberSyncObject, type PastRun, type Status, syncNowAnnotation } from './object.ts';
import type { PassResult } from './reconcile.ts';

const mostRuns = 10;

/** What became of a pass. */
export type PassEnd =
  | { readonly kind: 'passed'; readonly result: PassResult }
  | { readonly kind: 'suspended' }
  /** It could not go on, or not even begin. */
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface StatusMoment {
  /** Milliseconds since the epoch, by the API server's clock. */
  readonly now: number;
  readonly timing: MapTiming;
}

/** The whole status, as it is to be now. */
export function statusAfter(object: MemberSyncObject, end: PassEnd, { now, timing }: StatusMoment): Status {
  const before = object.status ?? {};
  const { generation, annotations } = object.metadata;
  const findings = findingsOf(end, timing);
  const conditions = withFindings(before.conditions ?? [], findings, { generation, now });
  const common: Status = { ...before, observedGeneration: generation, conditions };
  if (end.kind !== 'passed') return { ...common, runs: runsAfter(before.runs ?? [], runOf(end), now) };
  const { result } = end;
  const { trust, each, lastMap, outcomes, nextSync } = result;
  const isTrusted = trust.kind === 'trusted';
  const tokens = each === undefined ? [] : each.holders.flatMap(({ name }) => each.delivered.get(name) ?? []);
  const earliest = each === undefined ? Date.parse(lastMap?.earliestExpiry ?? '') : earliestOf(tokens);
  const isDelivered = outcomes.delivered && outcomes.minted > outcomes.notDelivered;
  const lastDelivery = lastMap?.acknowledgedAt ?? (isDelivered ? new Date(now).toISOString() : before.lastDeliveryTime);
  const syncNow = annotations[syncNowAnnotation];
  const refused = trust.kind === 'not asked' ? before.refused : refusedOf(result);
  return defined({
    ...common,
    members: isTrusted ? trust.judged.plan.members : before.members,
    accounts: result.observed.accounts.filter(isOwned).filter(({ terminating }) => !terminating).length,
    lastSyncTime: isTrusted ? timeText(result.now) : before.lastSyncTime,
    lastDeliveryTime: lastDelivery === undefined ? undefined : timeText(Date.parse(lastDelivery)),
    nextSyncTime: Number.isFinite(nextSync) ? timeText(Math.max(nextSync, now)) : undefined,
    earliestExpiration: earliest === undefined || Number.isNaN(earliest) ? undefined : timeText(earliest),
    refused,
    lastHandledSyncNow: trust.kind === 'not asked' ? before.lastHandledSyncNow : (syncNow ?? before.lastHandledSyncNow),
    runs: runsAfter(before.runs ?? [], runOf(end), now),
  });
}

function defined(status: { [Name in keyof Status]: Status[Name] | undefined }): Status {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}

function refusedOf({ trust }: PassResult): Status['refused'] {
  if (trust.kind !== 'refused') return undefined;
  const { plan } = trust.judged;
  return { removals: plan.remove.filter(({ held }) => !held).length, additions: plan.create.length };
}

function findingsOf(end: PassEnd, timing: MapTiming): Finding[] {
  const running: Finding = { type: 'Suspended', status: 'False', reason: 'Running', message: 'spec.suspend is false' };
  if (end.kind === 'suspended') {
    const message =
      'spec.suspend is true: nothing is changed, and no token is renewed. What to do: set it to false before the earliest token expires';
    return [
      { type: 'Suspended', status: 'True', reason: 'Suspended', message },
      { type: 'Ready', status: 'False', reason: 'Suspended', message },
    ];
  }
  if (end.kind === 'failed') {
    const { failure } = end;
    return [running, { type: 'Ready', status: 'False', reason: reasonOf(failure), message: sentence(failure) }];
  }
  const { result } = end;
  const directory = directoryFinding(result);
  const delivery = deliveryFinding(result);
  const margin = marginOf(result, timing);
  return [
    running,
    ...[directory, delivery].filter((finding) => finding !== undefined),
    margin,
    readyFinding([directory, delivery, margin], result),
  ];
}

function directoryFinding({ trust }: PassResult): Finding | undefined {
  const type = 'DirectoryTrusted';
  switch (trust.kind) {
    case 'not asked':
      return undefined;
    case 'trusted': {
      const { members } = trust.judged.plan;
      return {
        type,
        status: 'True',
        reason: 'Followed',
        message: `the directory has ${members} members, and is followed`,
      };
    }
    case 'refused':
      return { type, status: 'False', reason: 'RefusedByGuard', message: sentence(trust.failure) };
    case 'failed': {
      const kept = 'accounts stay as they are, and what is delivered is renewed where it can be';
      const { message, hint } = trust.failure;
      return {
        type,
        status: 'False',
        reason: 'DirectoryUnreachable',
        message: `${sentence({ message, hint })}. Until then ${kept}`,
      };
    }
  }
}

function deliveryFinding({ opened, undelivered, outcomes, each, lastMap, trust }: PassResult): Finding | undefined {
  const type = 'Delivered';
  const { delivery } = opened.context;
  if (!delivery.takesCredentials)
    return {
      type,
      status: 'True',
      reason: 'NothingToDeliver',
      message: 'spec.delivery is none: credentials are not delivered',
    };
  if (undelivered !== undefined)
    return { type, status: 'False', reason: reasonOf(undelivered), message: sentence(undelivered) };
  const [first] = outcomes.failedMembers;
  if (first !== undefined) {
    const why = withContext(`${outcomes.failedMembers.length} members have no fresh credential`, first.failure);
    return { type, status: 'False', reason: 'SomeUndelivered', message: sentence(why) };
  }
  if (delivery.replaces === 'all' && trust.kind !== 'trusted' && trust.kind !== 'not asked') {
    const message = "everyone's tokens are delivered in one map, which is not made while the directory is not trusted";
    return { type, status: 'False', reason: 'WaitingForDirectory', message };
  }
  const count =
    each === undefined ? lastMap?.delivered : each.holders.filter(({ name }) => each.delivered.has(name)).length;
  return { type, status: 'True', reason: 'Delivered', message: `${count ?? 0} credentials are delivered` };
}

function marginOf({ opened: { wanted, context }, each, lastMap }: PassResult, timing: MapTiming): Finding {
  const grants = each === undefined ? [] : grantsOf([...each.delivered.values()]);
  const grantedSeconds = grants.length > 0 ? Math.min(...grants.slice(0, 10_000)) : lastMap?.grantedSeconds;
  return marginFinding({
    lifetimeSeconds: wanted.token.lifetime,
    grantedSeconds: context.delivery.takesCredentials ? grantedSeconds : undefined,
    renewBeforeSeconds: wanted.token.renewBefore,
    longestWaitSeconds: context.delivery.replaces === 'all' ? (timing.everyMs + timing.gatherMs) / 1_000 : 60,
  });
}

/** Not ready for the first of the others that is False. */
function readyFinding(others: readonly (Finding | undefined)[], { outcomes, observed }: PassResult): Finding {
  const type = 'Ready';
  const bad = others.find((finding) => finding?.status === 'False');
  if (bad !== undefined) return { type, status: 'False', reason: bad.reason, message: bad.message };
  const [left] = outcomes.accountsNotRemoved;
  if (left !== undefined) {
    const count = outcomes.accountsNotRemoved.length;
    const why = withContext(`${count} leavers could not be removed and still have access`, left.failure);
    return { type, status: 'False', reason: 'LeaversNotRemoved', message: sentence(why) };
  }
  return {
    type,
    status: 'True',
    reason: 'InSync',
    message: `${observed.accounts.filter(isOwned).length} accounts are in sync`,
  };
}

/** The run for the history; undefined for one that changed and failed nothing. */
function runOf(end: PassEnd): Omit<PastRun, 'time'> | undefined {
  if (end.kind === 'suspended') return undefined;
  if (end.kind === 'failed') return { outcome: 'Failed', message: sentence(end.failure).slice(0, 1_000) };
  const { trust, undelivered, outcomes } = end.result;
  const counts = {
    created: outcomes.createdAccounts.length,
    removed: outcomes.removedAccounts.length,
    delivered: outcomes.delivered ? outcomes.minted - outcomes.notDelivered : 0,
    failed: outcomes.failedMembers.length,
  };
  const failure = trust.kind === 'failed' || trust.kind === 'refused' ? trust.failure : undelivered;
  if (failure !== undefined) {
    const outcome = trust.kind === 'refused' ? 'Refused' : 'Failed';
    return { outcome, message: sentence(failure).slice(0, 1_000), ...counts };
  }
  if (counts.failed > 0) return { outcome: 'Partial', ...counts };
  return counts.created + counts.removed + counts.delivered > 0 ? { outcome: 'Changed', ...counts } : undefined;
}

/** The newest first; a failure that goes on is one run. */
function runsAfter(before: readonly PastRun[], run: Omit<PastRun, 'time'> | undefined, now: number): PastRun[] {
  const [last] = before;
  if (run === undefined) return [...before];
  const isSame = run.outcome !== 'Changed' && last?.outcome === run.outcome && last.message === run.message;
  return isSame ? [...before] : [{ time: timeText(now), ...run }, ...before].slice(0, mostRuns);
}
