/** What a notification says of a run: numbers and places. No member's name or login id, and no secret, is ever in it. */
import type { ErrorKind } from '../lib/failure.ts';

export type RunOutcome = 'done' | 'partial' | 'failed' | 'refused' | 'locked' | 'stopped';

export interface RunFacts {
  readonly outcome: RunOutcome;
  readonly exitCode: number;
  /** What kind of failure ended it; undefined when none did. Its message may name members, and stays in the log. */
  readonly failure: ErrorKind | undefined;
  /** The step that it ended in, when it failed; `start` when it never got as far as a step. */
  readonly step: string | undefined;
  readonly place: RunPlace;
  readonly counts: RunCounts;
  /** undefined without a schedule, or when it ended before there was a token to measure. */
  readonly renewalMargin: { readonly seconds: number; readonly text: string } | undefined;
  /** The longest time between two runs; undefined without a schedule. */
  readonly intervalSeconds: number | undefined;
  /** When the first of the delivered tokens expires, in seconds since the epoch; undefined when nothing was delivered. */
  readonly tokensExpireAt: number | undefined;
  readonly seconds: number;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
}

export interface RunPlace {
  /** Of the updater: the run lock, the records, the Jobs. */
  readonly namespace: string;
  /** Of the members' ServiceAccounts. */
  readonly membersNamespace: string;
  /** The API server as people know it, host and port; undefined when it isn't known. */
  readonly cluster: string | undefined;
  /** The PoolC API's host; undefined when it isn't known. */
  readonly directory: string | undefined;
  /** undefined when it was run by hand. */
  readonly job: string | undefined;
}

export interface RunCounts {
  /** undefined when the directory was never read. */
  readonly members: number | undefined;
  /** Removals that the plan holds, whether or not they happened. */
  readonly toRemove: number;
  readonly created: number;
  readonly removed: number;
  readonly notRemoved: number;
  readonly delivered: number;
  readonly undelivered: number;
  /** Members whose workspace is missing or incomplete. */
  readonly withoutWorkspace?: number;
  /** RoleBindings of leavers that could not be removed. */
  readonly workspacesNotClosed?: number;
}

/** Another run is at work and speaks for itself: this one only waited for it. */
export function onlyWaited({ outcome, step }: RunFacts): boolean {
  return outcome === 'locked' && step === 'lock';
}
