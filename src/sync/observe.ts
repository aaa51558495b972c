/** What is on the cluster before a run changes it: the accounts, the record of names, and who is held out. */

import type { Settings } from '../config/settings.ts';
import type { PlanInput } from '../core/plan.ts';
import type { ClusterClient } from '../kube/client.ts';
import { listAccounts } from '../registry/accounts.ts';
import { readHolds, readReservations } from '../registry/names-given.ts';

export type Observed = Omit<PlanInput, 'members'>;

export async function observe(client: ClusterClient, settings: Settings, signal: AbortSignal): Promise<Observed> {
  const [accounts, reservations, holds] = await Promise.all([
    listAccounts(client, settings.accounts.namespace, signal),
    readReservations(client, settings.metadata.namespace, signal),
    readHolds(client, settings.metadata.namespace, signal),
  ]);
  return { accounts, reservations, holds };
}
