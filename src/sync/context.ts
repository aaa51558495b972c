/** What a run is given from outside: settings, the two sides of the wire, time, chance, and where to say things. */

import type { Settings } from '../config/settings.ts';
import type { PlanDocument } from '../core/plan-file.ts';
import type { ClusterClient } from '../kube/client.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Redactor } from '../lib/redact.ts';
import type { PoolcApi } from '../poolc/api.ts';

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
  readonly agreedPlan: PlanDocument | undefined;
}
