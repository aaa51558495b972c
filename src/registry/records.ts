/** What a cluster remembers for us is kept in ConfigMaps of our own, which say so. */
import type { ClusterClient } from '../kube/client.ts';
import { updateConfigMap } from '../kube/config-maps.ts';

const labels = { 'app.kubernetes.io/name': 'credentials-updater' };

/**
 * Reads, changes and writes a record; done again from the start when someone else wrote meanwhile.
 * @param change gives the new data, or undefined when there is nothing to write
 */
export async function updateRecord(
  client: ClusterClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  change: (data: Readonly<Record<string, string>>) => Record<string, string> | undefined,
  signal: AbortSignal,
): Promise<void> {
  await updateConfigMap(client, { namespace, name, labels }, change, signal);
}
