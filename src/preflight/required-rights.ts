/** What a run needs, and no more: the Roles of deploy/base, as data. A test holds the two to each other. */

import { type PolicyRule, resourceRule } from '../audit/rbac.ts';
import { summaryName } from '../registry/last-run.ts';
import { holdsName, shardCount, shardName } from '../registry/names-given.ts';
import { leaseName } from '../run/run-lock.ts';

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
  const nameRecords = Array.from({ length: shardCount }, (_, shard) => shardName(shard));
  return [
    {
      namespace: usersNamespace,
      rules: [
        resourceRule(['get'], '', ['namespaces'], [usersNamespace]),
        resourceRule(['list', 'create', 'delete'], '', ['serviceaccounts']),
        resourceRule(['create'], '', ['serviceaccounts/token']),
      ],
    },
    {
      namespace: systemNamespace,
      rules: [
        // RBAC can't restrict `create` by name.
        resourceRule(['create'], 'coordination.k8s.io', ['leases']),
        resourceRule(['get', 'update'], 'coordination.k8s.io', ['leases'], [leaseName]),
        resourceRule(['create'], '', ['configmaps']),
        resourceRule(['get', 'update'], '', ['configmaps'], [...nameRecords, summaryName]),
        resourceRule(['get'], '', ['configmaps'], [holdsName]),
        resourceRule(['create'], 'events.k8s.io', ['events']),
      ],
    },
  ];
}
