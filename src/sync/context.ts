/** What a run is given from outside: settings, the two sides of the wire, time, chance, and where to say things. */
import type { ClusterClient } from '../cluster/client.ts';
import type { Settings } from '../config.ts';
import type { PlanDocument } from '../plan/plan-file.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { PoolcApi } from '../shared/poolc.ts';
import type { Redactor } from '../shared/redact.ts';
import type { CommandLine } from '../shared/shell-command.ts';

/** Progress of the one step that takes long, for whoever watches. */
export interface Progress {
  start(label: string, total: number): void;
  advance(): void;
  end(): void;
}

/** The Job that this run belongs to, when it runs as one. */
export interface JobReference {
  readonly name: string;
  readonly uid: string;
}

export interface AgreedPlan {
  readonly document: PlanDocument;
  /** As it was given. */
  readonly file: string;
}

export interface RunContext {
  readonly settings: Settings;
  readonly client: ClusterClient;
  readonly poolc: PoolcApi;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly progress: Progress;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Pod or host name. */
  readonly host: string;
  readonly job: JobReference | undefined;
  /** `--first-run` was given. */
  readonly firstRunConfirmed: boolean;
  /** The plan that was agreed to (`--plan`): this one is applied, or none. */
  readonly agreedPlan: AgreedPlan | undefined;
  readonly commandLine: CommandLine;
}
