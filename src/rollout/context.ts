/** What the steps of the roll-out are given. */

import type { Gathered } from '../audit/gather.ts';
import type { ClusterClient } from '../kube/client.ts';

export interface RolloutContext {
  readonly client: ClusterClient;
  readonly gathered: Gathered;
  /** Of the members' ServiceAccounts. */
  readonly targetNamespace: string;
  /** Whether Kyverno lets us past its policies, so that a dry run of ours shows nothing. */
  readonly isExempt: () => Promise<boolean>;
  /** Requests at a time. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}
