/** What the updater may have left on a cluster for others to read. */
import type { ClusterAccess } from '../dev/control-plane/index.ts';
import { type UpdaterNamespaces, updaterRoles } from '../dev/updater-account.ts';

/**
 * Every object of each kind that the updater's rights let it write, as text: annotations, Events, records, the lock.
 * What a cluster that is away at the moment holds is seen after the next run.
 */
export async function traces(cluster: ClusterAccess & UpdaterNamespaces): Promise<string> {
  const lists = await Promise.all(
    writableCollections(cluster).map(async (path) => {
      try {
        return JSON.stringify((await cluster.request('GET', path)).body);
      } catch {
        return '';
      }
    }),
  );
  return lists.join('\n');
}

/** Paths of the collections, from the Roles that deploy/base grants: a new kind there is searched as well. */
export function writableCollections(namespaces: UpdaterNamespaces): string[] {
  const paths = updaterRoles(namespaces).flatMap(({ namespace, rules }) =>
    rules
      .filter(({ verbs }) => verbs.some((verb) => verb === 'create' || verb === 'update' || verb === 'patch'))
      .flatMap(({ apiGroups, resources }) =>
        apiGroups.flatMap((group) =>
          resources
            .filter((resource) => !resource.includes('/'))
            .map((resource) => `${group === '' ? '/api' : `/apis/${group}`}/v1/namespaces/${namespace}/${resource}`),
        ),
      ),
  );
  return [...new Set(paths)];
}
