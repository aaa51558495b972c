/** What the namespace controller of kube-controller-manager does; the shared control plane runs without one. */
import { z } from 'zod';
import type { ApiRequest, ClusterAccess } from '../dev/control-plane/index.ts';

const groupsSchema = z.object({
  groups: z.array(z.object({ preferredVersion: z.object({ groupVersion: z.string() }) })),
});
const resourcesSchema = z.object({
  resources: z.array(z.object({ name: z.string(), namespaced: z.boolean(), verbs: z.array(z.string()) })),
});
const namespaceSchema = z.looseObject({ spec: z.looseObject({}) });

/** Deletes a namespace and all that is in it, and returns once it is gone. One that isn't there is fine. */
export async function removeNamespace({ request }: ClusterAccess, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${name}`;
  const { status } = await request('DELETE', path);
  if (status === 404) return;
  // A terminating namespace takes nothing new, so that what is deleted now stays deleted.
  for (const collection of await deletableCollections(request)) await request('DELETE', collection(name));
  const { status: left, body } = await request('GET', path);
  if (left === 404) return;
  const namespace = namespaceSchema.parse(body);
  await request('PUT', `${path}/finalize`, { ...namespace, spec: { ...namespace.spec, finalizers: [] } });
}

/** Paths of everything that namespaces can hold. Asked anew: a test may have added kinds of its own. */
async function deletableCollections(request: ApiRequest): Promise<((namespace: string) => string)[]> {
  const { groups } = groupsSchema.parse((await request('GET', '/apis')).body);
  const roots = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const lists = await Promise.all(
    roots.map(async (root) => {
      const { resources } = resourcesSchema.parse((await request('GET', root)).body);
      return resources
        .filter(({ namespaced, verbs }) => namespaced && verbs.includes('deletecollection'))
        .map((resource) => (namespace: string) => `${root}/namespaces/${namespace}/${resource.name}`);
    }),
  );
  return lists.flat();
}
