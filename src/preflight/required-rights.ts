/** What a run needs, and no more: the Roles of deploy/base, as data. A test holds the two to each other. */

import { type PolicyRule, resourceRule } from '../audit/rbac.ts';
import { shardCount } from '../registry/names-given.ts';
import { ownerLeaseName } from '../registry/owner.ts';
import { defaultSyncName, holdsName, lastRunName, namesGivenName, runLockName } from '../registry/place.ts';

export interface UpdaterNamespaces {
  /** Where the updater lives; poolc-system in production. */
  readonly systemNamespace: string;
  /** Where the members' ServiceAccounts live; poolc-users in production. */
  readonly usersNamespace: string;
}

export interface RequiredRole {
  readonly namespace: string;
  readonly rules: readonly PolicyRule[];
}

export function requiredRoles({ systemNamespace, usersNamespace }: UpdaterNamespaces): RequiredRole[] {
  const registry = { namespace: systemNamespace, name: defaultSyncName };
  const nameRecords = Array.from({ length: shardCount }, (_, shard) => namesGivenName(registry, shard));
  return [
    {
      namespace: usersNamespace,
      rules: [
        resourceRule(['get'], '', ['namespaces'], [usersNamespace]),
        resourceRule(['list', 'create', 'delete'], '', ['serviceaccounts']),
        resourceRule(['create'], '', ['serviceaccounts/token']),
        // Whose accounts these are. RBAC can't restrict `create` by name.
        resourceRule(['create'], 'coordination.k8s.io', ['leases']),
        resourceRule(['get'], 'coordination.k8s.io', ['leases'], [ownerLeaseName]),
      ],
    },
    {
      namespace: systemNamespace,
      rules: [
        // RBAC can't restrict `create` by name.
        resourceRule(['create'], 'coordination.k8s.io', ['leases']),
        resourceRule(['get', 'update'], 'coordination.k8s.io', ['leases'], [runLockName(registry)]),
        resourceRule(['create'], '', ['configmaps']),
        resourceRule(['get', 'update'], '', ['configmaps'], [...nameRecords, lastRunName(registry)]),
        resourceRule(['get'], '', ['configmaps'], [holdsName(registry)]),
        resourceRule(['create'], 'events.k8s.io', ['events']),
      ],
    },
  ];
}
