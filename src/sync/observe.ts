/** What is on the cluster before a run changes it: the accounts, the record of names, and who is held out. */
import type { ClusterClient } from '../cluster/client.ts';
import { readHolds, readReservations } from '../cluster/reservations.ts';
import { listAccounts } from '../cluster/service-accounts.ts';
import type { Settings } from '../config.ts';
import type { PlanInput } from '../plan/plan.ts';

export type Observed = Omit<PlanInput, 'members'>;

export async function observe(client: ClusterClient, settings: Settings, signal: AbortSignal): Promise<Observed> {
  const [accounts, reservations, holds] = await Promise.all([
    listAccounts(client, settings.targetNamespace, signal),
    readReservations(client, settings.podNamespace, signal),
    readHolds(client, settings.podNamespace, signal),
  ]);
  return { accounts, reservations, holds };
}
