/** What runs and operators' actions on a cluster are given around a sync: the lock, the record, who runs them and where. */
import type { Schedule } from '../core/renewal-margin.ts';
import type { ProxyVariables } from '../http/proxy.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { CommandLine } from '../lib/shell-command.ts';
import type { Channels } from '../notify/channels.ts';
import type { RegistryPlace } from '../registry/place.ts';
import type { SyncContext, Target } from '../sync/context.ts';

/** What a change of accounts happens with: the way to the cluster, and who holds the lock. */
export interface LockedContext {
  readonly target: Target;
  readonly registry: RegistryPlace;
  readonly lock: LockSettings;
  /** Pod or host name: who holds the lock, for those who wait for it. */
  readonly host: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** For messages: commands for the same cluster. */
  readonly commandLine: CommandLine;
}

export interface LockSettings {
  /** How long the lock outlives a run that was killed. */
  readonly durationSeconds: number;
  /** How long another holder is waited for. */
  readonly waitSeconds: number;
}

/** The Job that a run belongs to, when it runs as one. */
export interface JobReference {
  readonly name: string;
  readonly uid: string;
}

export interface OnceContext
  extends Omit<LockedContext, 'target' | 'registry' | 'clock' | 'random' | 'log' | 'commandLine'> {
  readonly sync: SyncContext;
  readonly job: JobReference | undefined;
  readonly deadlineSeconds: number;
  readonly schedule: Schedule | undefined;
  /** What is asked for, until it is known what is granted. */
  readonly tokenLifetimeSeconds: number;
  /** Where a run leaves its summary for `kubectl describe pod`; undefined for nowhere. */
  readonly terminationMessagePath: string | undefined;
  readonly notifications: NotificationSettings;
  /** Called when nothing is issued any more, whatever came of it. */
  readonly onIssuingEnded: () => void;
}

export interface NotificationSettings {
  readonly channels: Channels;
  readonly userAgent: string;
  readonly proxyEnv: ProxyVariables;
  /** The API server as people know it, host and port. */
  readonly cluster: string;
}
