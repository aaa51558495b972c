/** Accounts and other objects of a club's cluster, as a test makes them and compares them. */
import pMap from 'p-map';
import { z } from 'zod';
import { accountsOf, createAccount } from '../accounts.ts';
import type { Club } from '../club.ts';

const labels = { 'app.kubernetes.io/managed-by': 'credentials-updater' };

/** Accounts of members, as earlier runs left them. */
export async function ownAccounts({ cluster }: Club, uuids: readonly string[]): Promise<void> {
  await pMap(
    uuids.entries(),
    ([index, uuid]) =>
      createAccount(cluster, { name: `m${index}`, labels, annotations: { 'credentials-updater/user-uuid': uuid } }),
    { concurrency: 8 },
  );
}

export async function ownedUuids({ cluster }: Club): Promise<string[]> {
  return [...(await accountsOf(cluster)).values()].flatMap(({ uuid }) => uuid ?? []).sort();
}

const listSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ uid: z.string(), name: z.string(), resourceVersion: z.string() }) })),
});

/** Every object of both namespaces that a run could change, but for its lock. */
export async function objectsOf({ cluster }: Club) {
  const lists = [cluster.systemNamespace, cluster.usersNamespace].flatMap((namespace) =>
    [
      '/api/v1/*/serviceaccounts',
      '/api/v1/*/configmaps',
      '/api/v1/*/secrets',
      '/apis/events.k8s.io/v1/*/events',
      '/apis/rbac.authorization.k8s.io/v1/*/roles',
      '/apis/rbac.authorization.k8s.io/v1/*/rolebindings',
    ].map((path) => path.replace('*', `namespaces/${namespace}`)),
  );
  return Promise.all(
    lists.map(async (path) => [path, listSchema.parse((await cluster.request('GET', path)).body).items]),
  );
}
