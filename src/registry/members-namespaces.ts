/** Namespaces that are some member's: by the label of the policies, or as a workspace that a sync made. */
import * as z from 'zod';
import { accountAnnotation, managedByLabel, managedByValue } from '../core/model.ts';
import { type ClusterClient, partialMetadata } from '../kube/client.ts';
import { listPages } from '../kube/pages.ts';

/** The label that the policies give to a member's namespace: its owner's ServiceAccount name. */
export const ownerLabel = 'poolc.org/owner';

const namespaceSchema = z.object({
  metadata: z.object({
    name: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
});

/** The names of the namespaces that belong to one of the accounts. @throws Failure where they may not be listed */
export async function namespacesOfAccounts(
  client: ClusterClient,
  accounts: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<string[]> {
  const namespaces = await listPages({
    client,
    path: '/api/v1/namespaces',
    item: namespaceSchema,
    what: 'namespaces',
    signal,
    accept: partialMetadata,
  });
  return namespaces
    .filter(({ metadata: { labels, annotations } }) => {
      const isWorkspace = labels[managedByLabel] === managedByValue;
      return [labels[ownerLabel], isWorkspace ? annotations[accountAnnotation] : undefined].some(
        (account) => account !== undefined && accounts.has(account),
      );
    })
    .map(({ metadata }) => metadata.name);
}
