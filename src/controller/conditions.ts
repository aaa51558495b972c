/** What a pass found, as the conditions of the object: each with a reason for machines and a message that says what to do. Pure. */
import { formatDuration } from '../lib/duration.ts';
import type { Failure } from '../lib/failure.ts';
import type { Condition } from './object.ts';

export type ConditionType = 'Ready' | 'DirectoryTrusted' | 'Delivered' | 'RenewalMarginSufficient' | 'Suspended';

/** A condition before it is known since when it is so. */
export interface Finding {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

/** The conditions that there were, with these in their place; one that says the same keeps its time. */
export function withFindings(
  before: readonly Condition[],
  findings: readonly Finding[],
  { generation, now }: { generation: number; now: number },
): Condition[] {
  const found = new Map(findings.map((finding) => [finding.type as string, finding]));
  const renewed = findings.map((finding): Condition => {
    const previous = before.find(({ type }) => type === finding.type);
    const since = previous?.status === finding.status ? previous.lastTransitionTime : undefined;
    return {
      ...finding,
      // As admission counts, with room to spare.
      message: finding.message.slice(0, 8_000),
      observedGeneration: generation,
      lastTransitionTime: since ?? timeText(now),
    };
  });
  return [...before.filter(({ type }) => !found.has(type)), ...renewed].toSorted((a, b) => (a.type < b.type ? -1 : 1));
}

/** To the second, as Kubernetes writes times. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** What failed and what to do, in one line. */
export function sentence({ message, hint }: Pick<Failure, 'message' | 'hint'>): string {
  return hint === undefined ? message : `${message}. What to do: ${hint}`;
}

/** CamelCase, for machines: what kind of failure it was. */
export function reasonOf(failure: Failure): string {
  if (failure.kind === 'cluster') {
    if (failure.status === 403) return 'Forbidden';
    if (failure.status === 401) return 'Unauthorized';
    return failure.reason === 'NamespaceMissing' ? 'NamespaceMissing' : 'ClusterUnreachable';
  }
  const reasons = {
    usage: 'InvalidSpec',
    directory: 'DirectoryUnreachable',
    token: 'TokenRejected',
    delivery: 'DeliveryFailed',
    refused: 'Refused',
    lock: 'LockedByAnother',
    aborted: 'Stopped',
    deadline: 'TookTooLong',
    internal: 'UnexpectedError',
    login: 'UnexpectedError',
    site: 'UnexpectedError',
    notification: 'UnexpectedError',
  } as const;
  return reasons[failure.kind];
}

export interface Margin {
  /** What the settings ask for. */
  readonly lifetimeSeconds: number;
  /** What the API server grants; undefined while no token is known. */
  readonly grantedSeconds: number | undefined;
  readonly renewBeforeSeconds: number | undefined;
  /** The longest that a renewal may be kept waiting when nothing is wrong. */
  readonly longestWaitSeconds: number;
}

/** Whether there is time to repair something between a token's renewal and its end (P7). */
export function marginFinding({
  lifetimeSeconds,
  grantedSeconds,
  renewBeforeSeconds,
  longestWaitSeconds,
}: Margin): Finding {
  const type = 'RenewalMarginSufficient';
  if (grantedSeconds === undefined)
    return { type, status: 'Unknown', reason: 'NothingDelivered', message: 'no token was delivered yet' };
  const before = Math.min(renewBeforeSeconds ?? grantedSeconds / 3, grantedSeconds * 0.9);
  const clamp =
    grantedSeconds < lifetimeSeconds
      ? `; the API server grants ${formatDuration(grantedSeconds)} where ${formatDuration(lifetimeSeconds)} were asked for (--service-account-max-token-expiration)`
      : '';
  const facts = `tokens live ${formatDuration(grantedSeconds)} and are renewed when ${formatDuration(Math.floor(before))} are left${clamp}`;
  if (before > longestWaitSeconds) {
    return { type, status: 'True', reason: clamp === '' ? 'Sufficient' : 'LifetimeShortened', message: facts };
  }
  return {
    type,
    status: 'False',
    reason: 'TooShort',
    message: `${facts}, but a renewal may have to wait ${formatDuration(longestWaitSeconds)}: members may be locked out until it is delivered. What to do: raise spec.token.renewBefore or spec.token.lifetime, or the API server's clamp`,
  };
}
