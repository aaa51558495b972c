/** The rights on a cluster, as roles to compare with what was used. */
import { z } from 'zod';
import { type Role, roleSchema } from '../rbac-audit.ts';
import type { Kubectl } from './kubectl.ts';

/** The groups that every ServiceAccount is in, whatever its namespace. */
const EVERYBODY = ['system:authenticated', 'system:serviceaccounts'];

const roleList = z.object({ items: z.array(roleSchema) });
const bindingList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ namespace: z.string().optional() }),
      roleRef: z.object({ kind: z.string(), name: z.string() }),
      subjects: z.array(z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() })).default([]),
    }),
  ),
});
type Subject = z.infer<typeof bindingList>['items'][number]['subjects'][number];

/** What is bound to a ServiceAccount by itself, in any namespace or cluster-wide. */
export function rolesOfAccount(kubectl: Kubectl, namespace: string, name: string): Promise<Role[]> {
  return rolesOf(
    kubectl,
    (subject) => subject.kind === 'ServiceAccount' && subject.name === name && subject.namespace === namespace,
  );
}

/** What is bound to the groups that every account is in. */
export function rolesOfEverybody(kubectl: Kubectl): Promise<Role[]> {
  return rolesOf(kubectl, ({ kind, name }) => kind === 'Group' && EVERYBODY.includes(name));
}

async function rolesOf(kubectl: Kubectl, isMeant: (subject: Subject) => boolean): Promise<Role[]> {
  const get = async (...args: string[]): Promise<unknown> => JSON.parse(await kubectl(['get', ...args, '-o', 'json']));
  const bindings = bindingList.parse(await get('rolebindings,clusterrolebindings', '--all-namespaces')).items;
  const roles = roleList.parse(await get('roles', '--all-namespaces')).items;
  const clusterRoles = roleList.parse(await get('clusterroles')).items;
  return bindings
    .filter(({ subjects }) => subjects.some(isMeant))
    .map(({ metadata: { namespace }, roleRef }) => {
      const role =
        roleRef.kind === 'ClusterRole'
          ? clusterRoles.find(({ metadata }) => metadata.name === roleRef.name)
          : roles.find(({ metadata }) => metadata.name === roleRef.name && metadata.namespace === namespace);
      if (role === undefined)
        throw new Error(`a binding names the ${roleRef.kind} ${roleRef.name}, which is not there`);
      // A ClusterRole bound in a namespace counts there alone.
      return { ...role, metadata: { name: role.metadata.name, namespace } };
    });
}
