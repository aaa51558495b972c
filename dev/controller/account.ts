/** The controller's account on a cluster: the rights of deploy/controller and of `rbac --controller`, and no others. */
import { z } from 'zod';
import { namedKeys, parseMemberSyncObject } from '../../src/config/member-sync-object.ts';
import { controllerOwnRoles, controllerRoles, type RequiredRole } from '../../src/preflight/required-rights.ts';
import type { ClusterAccess } from '../control-plane/index.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const name = 'credentials-updater-controller';
export interface ControllerPlace extends Pick<ClusterAccess, 'request'> {
  /** Where the controller and its MemberSyncs are. */
  readonly systemNamespace: string;
}

const tokenSchema = z.object({ status: z.object({ token: z.string() }) });

/** @returns its token */
export async function createControllerAccount(cluster: ControllerPlace): Promise<string> {
  const { systemNamespace, request } = cluster;
  const accounts = `/api/v1/namespaces/${systemNamespace}/serviceaccounts`;
  await request('POST', accounts, { metadata: { name } });
  await grant(cluster, name, controllerOwnRoles(systemNamespace, [systemNamespace]));
  const { body } = await request('POST', `${accounts}/${name}/token`, { spec: { expirationSeconds: 3_600 } });
  return tokenSchema.parse(body).status.token;
}

/** What `rbac -f FILE --controller` would print for this MemberSync. */
export async function grantFor(cluster: ControllerPlace, object: unknown): Promise<void> {
  const memberSync = parseMemberSyncObject(object);
  await grant(cluster, `sync-${memberSync.metadata.name}`, controllerRoles(memberSync, namedKeys(memberSync)));
}

async function grant(cluster: ControllerPlace, roleName: string, roles: readonly RequiredRole[]): Promise<void> {
  const { systemNamespace, request } = cluster;
  for (const { namespace, rules } of roles) {
    if (namespace === undefined) throw new Error('a right in the whole cluster');
    const place = `${rbac}/namespaces/${namespace}`;
    await request('POST', `${place}/roles`, { metadata: { name: roleName }, rules });
    const { status, body } = await request('POST', `${place}/rolebindings`, {
      metadata: { name: roleName },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: roleName },
      subjects: [{ kind: 'ServiceAccount', name, namespace: systemNamespace }],
    });
    if (status !== 201 && status !== 409) throw new Error(JSON.stringify(body));
  }
}
