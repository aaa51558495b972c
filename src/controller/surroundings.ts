/** What a pass over one MemberSync is given, and what it remembers until the next one. */
import type { MemberSync } from '../config/member-sync.ts';
import type { MemberId } from '../core/member-id.ts';
import type { NamesGiven } from '../core/model.ts';
import type { FencedClient } from '../kube/client.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { RunLock } from '../run/run-lock.ts';
import type { SyncContext } from '../sync/context.ts';
import type { Observed } from '../sync/make-plan.ts';
import type { MapTiming } from './due.ts';
import type { MemberSyncObject } from './object.ts';
import type { OperatorChannels } from './tell-operators.ts';

/** A MemberSync with all that its sync needs: secrets read, directory and delivery opened. */
export interface OpenedSync {
  readonly wanted: MemberSync;
  readonly context: SyncContext;
  /** Who is notified of what goes wrong. */
  readonly operators: OperatorChannels;
}

export interface Surroundings {
  /** Its changes stop once we lead no more. */
  readonly client: FencedClient;
  readonly leader: Pick<RunLock, 'assertHeld' | 'remainingMs'>;
  /** Pod or host name, for whoever waits for a run lock. */
  readonly host: string;
  /** How long the run lock of one MemberSync outlives a controller that was killed. */
  readonly lockSeconds: number;
  /** A pass that takes longer is stopped. */
  readonly passSeconds: number;
  readonly timing: MapTiming;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** @throws Failure (usage) for a document or a secret that can't be used */
  readonly open: (object: MemberSyncObject, client: FencedClient, signal: AbortSignal) => Promise<OpenedSync>;
  /** What watches know of the cluster; looked up where they don't. */
  readonly observed: (opened: OpenedSync, memory: Memory, signal: AbortSignal) => Promise<Observed>;
}

/** Lost with the process: everything that matters is on the cluster. Times in milliseconds since the epoch. */
export interface Memory {
  /** When the directory was last read and followed. */
  lastSync: number | undefined;
  /** Whether the list of members, or an account, was changed by somebody since. */
  isDirty: boolean;
  /** Passes in a row that failed. */
  failures: number;
  /** The names given, as they were last read; read anew once anything was changed. */
  names: { readonly namesGiven: NamesGiven; readonly at: number } | undefined;
  /** Leavers whose accounts stay (removalPolicy: Report), and whose tokens are not renewed. */
  reported: ReadonlySet<MemberId>;
  workspacesSeenAt: number | undefined;
  /** Takes the secrets out of a text that the last pass may have met. */
  redact: (text: string) => string;
}

export function newMemory(): Memory {
  return {
    lastSync: undefined,
    isDirty: true,
    failures: 0,
    names: undefined,
    reported: new Set(),
    workspacesSeenAt: undefined,
    redact: (text) => text,
  };
}
