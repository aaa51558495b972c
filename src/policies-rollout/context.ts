/** What the steps of the roll-out are given. */
import type { ClusterClient } from '../cluster/client.ts';
import type { Gathered } from '../preflight/gather.ts';

export interface RolloutContext {
  readonly client: ClusterClient;
  readonly gathered: Gathered;
  /** Of the members' ServiceAccounts. */
  readonly targetNamespace: string;
  /** Requests at a time. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}
