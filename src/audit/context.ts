/** What an audit check is given. It knows nothing of how the updater is deployed, only what it runs as. */

import type { Refusal } from '../core/guard.ts';
import type { Member } from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import type { ClusterClient } from '../kube/client.ts';
import type { Clock } from '../lib/clock.ts';
import type { Commands } from './commands.ts';
import type { Gathered, Namespaces } from './gather.ts';

export interface AuditContext {
  readonly namespaces: Namespaces;
  readonly gathered: Gathered;
  readonly client: ClusterClient;
  /** The ServiceAccount that the updater runs as, in its own namespace. */
  readonly updaterAccount: () => Promise<string>;
  /** The Secret of the updater's own namespace that holds its API key. */
  readonly keySecret: () => Promise<string>;
  /** Whether the members' policies belong to this deployment: they do to PoolC's, and another club may do without. */
  readonly expectsPolicies: boolean;
  /** What a sync would do now. @throws Failure where the directory or the accounts can't be read */
  readonly nextSync: () => Promise<NextSync>;
  /** Keeps a secret out of everything that is printed. */
  readonly redact: (secret: string) => void;
  readonly commands: Commands;
  readonly options: AuditOptions;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

export interface NextSync {
  /** As the directory lists them. */
  readonly members: readonly Member[];
  readonly plan: Plan;
  /** Why the guard would stop it; empty where it would not. */
  readonly refusals: readonly Refusal[];
}

export interface AuditOptions {
  /** Act as a fresh member, too. */
  readonly probe: boolean;
  /** Look for what members who left still have. */
  readonly leavers: boolean;
  /** AppProjects of Argo CD that no member deploys through. */
  readonly operatorProjects: readonly string[];
}
