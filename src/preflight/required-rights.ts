/** What a sync needs, and no more, as data: for `rbac`, for preflight, and for the test that compares it with deploy/base. */

import { type PolicyRule, resourceRule } from '../audit/rbac.ts';
import { shardCount } from '../registry/names-given.ts';
import { ownerLeaseName } from '../registry/owner.ts';
import { dayName, holdsName, lastRunName, namesGivenName, type RegistryPlace, runLockName } from '../registry/place.ts';
import { type WorkspaceSettings, workspaceObjectName } from '../registry/workspaces.ts';
import { leaderLeaseName } from '../run/leader-lease.ts';

/** What of a MemberSync decides which rights it needs. */
export interface SyncParts {
  readonly metadata: RegistryPlace;
  readonly accounts: { readonly namespace: string };
  readonly delivery:
    | { readonly kind: 'poolc' | 'files' | 'none' }
    | { readonly kind: 'secrets'; readonly namespace: string };
  readonly workspace?: Pick<WorkspaceSettings, 'clusterRole' | 'quota'> | undefined;
}

/** What the Roles and bindings are called that `rbac` prints: several MemberSyncs may share a namespace. */
export function printedName({ namespace, name }: RegistryPlace): string {
  return `credentials-updater:${namespace}:${name}`;
}

export interface RequiredRole {
  /** undefined for rights in the whole cluster. */
  readonly namespace: string | undefined;
  readonly rules: readonly PolicyRule[];
}

/** One for each namespace, and one for the whole cluster where the sync makes workspaces. */
export function requiredRoles({ metadata, accounts, delivery, workspace }: SyncParts): RequiredRole[] {
  const roles: RequiredRole[] = [
    { namespace: accounts.namespace, rules: accountRules(accounts.namespace, delivery.kind !== 'none') },
    { namespace: metadata.namespace, rules: recordRules(metadata) },
    ...(delivery.kind === 'secrets' ? [{ namespace: delivery.namespace, rules: [secretsRule] }] : []),
    ...(workspace === undefined ? [] : [{ namespace: undefined, rules: workspaceRules(workspace) }]),
  ];
  return [...Map.groupBy(roles, ({ namespace }) => namespace)].map(([namespace, ofOne]) => ({
    namespace,
    rules: ofOne.flatMap(({ rules }) => rules),
  }));
}

/** A Secret or ConfigMap that a MemberSync of the cluster names, in its own namespace. */
export interface NamedObject {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
}

/** What the controller needs for one MemberSync: those of a sync, its record of the day, and what it watches. */
export function controllerRoles(sync: SyncParts, named: readonly NamedObject[]): RequiredRole[] {
  const { metadata, accounts } = sync;
  const namesOf = (kind: NamedObject['kind']) => [
    ...new Set(named.filter((each) => each.kind === kind).map(({ name }) => name)),
  ];
  // Watched by name, metadata alone; read when they are used.
  const readRule = (resource: string, names: readonly string[]) =>
    names.length === 0 ? [] : [resourceRule(['get', 'list', 'watch'], '', [resource], names)];
  const more: RequiredRole[] = [
    { namespace: accounts.namespace, rules: [resourceRule(['watch'], '', ['serviceaccounts'])] },
    {
      namespace: metadata.namespace,
      rules: [
        resourceRule(['get', 'update'], '', ['configmaps'], [dayName(metadata)]),
        ...readRule('secrets', namesOf('Secret')),
        ...readRule('configmaps', namesOf('ConfigMap')),
      ],
    },
  ];
  return requiredRoles(sync).map((role) => ({
    ...role,
    rules: [
      ...role.rules,
      ...more.filter(({ namespace }) => namespace === role.namespace).flatMap(({ rules }) => rules),
    ],
  }));
}

/** What the controller needs whatever there is: its own Lease, and the MemberSyncs of each namespace that it watches. */
export function controllerOwnRoles(own: string, watched: readonly string[]): RequiredRole[] {
  const leases = 'coordination.k8s.io';
  const group = 'credentials-updater.poolc.org';
  const ofLeader = [
    // RBAC can't restrict `create` by name.
    resourceRule(['create'], leases, ['leases']),
    resourceRule(['get', 'update'], leases, ['leases'], [leaderLeaseName]),
  ];
  return [...new Set([own, ...watched])].map((namespace) => ({
    namespace,
    rules: [
      ...(namespace === own ? ofLeader : []),
      ...(watched.includes(namespace)
        ? [
            // patch: the finalizer of deletionPolicy Delete.
            resourceRule(['list', 'watch', 'patch'], group, ['membersyncs']),
            resourceRule(['patch'], group, ['membersyncs/status']),
            resourceRule(['create'], 'events.k8s.io', ['events']),
          ]
        : []),
    ],
  }));
}

function accountRules(namespace: string, issuesTokens: boolean): PolicyRule[] {
  return [
    resourceRule(['get'], '', ['namespaces'], [namespace]),
    resourceRule(['list', 'create', 'delete'], '', ['serviceaccounts']),
    ...(issuesTokens ? [resourceRule(['create'], '', ['serviceaccounts/token'])] : []),
    // Whose accounts these are. RBAC can't restrict `create` by name.
    resourceRule(['create'], 'coordination.k8s.io', ['leases']),
    resourceRule(['get'], 'coordination.k8s.io', ['leases'], [ownerLeaseName]),
  ];
}

function recordRules(registry: RegistryPlace): PolicyRule[] {
  const nameRecords = Array.from({ length: shardCount }, (_, shard) => namesGivenName(registry, shard));
  return [
    // RBAC can't restrict `create` by name.
    resourceRule(['create'], 'coordination.k8s.io', ['leases']),
    resourceRule(['get', 'update'], 'coordination.k8s.io', ['leases'], [runLockName(registry)]),
    resourceRule(['create'], '', ['configmaps']),
    resourceRule(['get', 'update'], '', ['configmaps'], [...nameRecords, lastRunName(registry)]),
    resourceRule(['get'], '', ['configmaps'], [holdsName(registry)]),
    resourceRule(['create'], 'events.k8s.io', ['events']),
  ];
}

/** Their names come from the accounts, so RBAC can't restrict them. */
const secretsRule = resourceRule(['list', 'create', 'update', 'delete'], '', ['secrets']);

/** In the whole cluster, since the members' namespaces are not known beforehand. */
function workspaceRules({ clusterRole, quota }: Pick<WorkspaceSettings, 'clusterRole' | 'quota'>): PolicyRule[] {
  const rbac = 'rbac.authorization.k8s.io';
  const quotaRules =
    Object.keys(quota).length === 0
      ? // A quota from before goes.
        [resourceRule(['list', 'delete'], '', ['resourcequotas'], [workspaceObjectName])]
      : [
          resourceRule(['create'], '', ['resourcequotas']),
          resourceRule(['list', 'update'], '', ['resourcequotas'], [workspaceObjectName]),
        ];
  return [
    resourceRule(['list', 'create'], '', ['namespaces']),
    resourceRule(['create'], rbac, ['rolebindings']),
    resourceRule(['list', 'update', 'delete'], rbac, ['rolebindings'], [workspaceObjectName]),
    resourceRule(['bind'], rbac, ['clusterroles'], [clusterRole]),
    ...quotaRules,
  ];
}
