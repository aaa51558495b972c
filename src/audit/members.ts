/** Who counts as a member for RBAC, and which namespaces must be closed to them. */
import { ownerLabel } from '../registry/members-namespaces.ts';
import { gainsOf } from './escalation.ts';
import type { Namespace } from './objects.ts';
import { type Grant, resourceRule, type Subject, serviceAccountIdentity, serviceAccountUser } from './rbac.ts';

export { ownerLabel };

/** What a member has in a namespace of their own; deploy/policies/base/namespace-owner.yaml. */
export const namespaceOwnerRole = 'poolc-namespace-owner';

/** What every member needs cluster-wide, and may have: deploy/policies/base/member.yaml, as data. */
export const memberRules = [
  resourceRule(['get', 'list', 'watch', 'create'], '', ['namespaces']),
  resourceRule(['get', 'list', 'watch'], 'networking.k8s.io', ['ingresses']),
];

/** What a club may choose to let members read besides, by a role of this name: deploy/policies/reader, as data. */
export const readerRoleName = 'poolc-member-reader';
const look = ['get', 'list', 'watch'];
export const readerRules = [
  resourceRule(look, '', [
    'nodes',
    'pods',
    'services',
    'endpoints',
    'persistentvolumeclaims',
    'replicationcontrollers',
    'resourcequotas',
    'limitranges',
  ]),
  resourceRule(look, 'apps', ['deployments', 'statefulsets', 'daemonsets', 'replicasets']),
  resourceRule(look, 'batch', ['jobs', 'cronjobs']),
  resourceRule(look, 'discovery.k8s.io', ['endpointslices']),
  resourceRule(look, 'networking.k8s.io', ['networkpolicies', 'ingressclasses']),
  resourceRule(look, 'storage.k8s.io', ['storageclasses']),
  resourceRule(look, 'argoproj.io', ['applications']),
];

/** A group that every member is in: their own, all ServiceAccounts, everybody. */
export function isMembersGroup({ kind, name }: Subject, targetNamespace: string): boolean {
  return kind === 'Group' && serviceAccountIdentity(targetNamespace, '').groups.includes(name);
}

/** The ServiceAccount name of the member whom a subject names, in either of the two ways; undefined for anyone else. */
export function memberNamed({ kind, name, namespace }: Subject, targetNamespace: string): string | undefined {
  if (kind === 'ServiceAccount') return namespace === targetNamespace ? name : undefined;
  const prefix = serviceAccountUser(targetNamespace, '');
  return kind === 'User' && name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

/** The namespace whose ServiceAccounts a subject names, one of them or all, in any of the three ways; undefined for others. */
export function namespaceNamed({ kind, name, namespace }: Subject): string | undefined {
  if (kind === 'ServiceAccount') return namespace;
  const [, named] =
    (kind === 'Group'
      ? /^system:serviceaccounts:(.+)$/s
      : kind === 'User'
        ? /^system:serviceaccount:([^:]+):/
        : undefined
    )?.exec(name) ?? [];
  return named;
}

/** Names of the namespaces that are some member's. */
export function ownedNamespaces(namespaces: readonly Namespace[]): ReadonlySet<string> {
  return new Set(
    namespaces.filter((namespace) => ownerOf(namespace) !== undefined).map(({ metadata }) => metadata.name),
  );
}

/**
 * Namespaces in which a right leads out of them: Kubernetes' own, the updater's, the members' accounts', and those whose
 * ServiceAccounts have power over the whole cluster.
 */
export function criticalNamespaces(
  grants: readonly Grant[],
  { podNamespace, targetNamespace }: { podNamespace: string; targetNamespace: string },
): (namespace: string) => boolean {
  const powerful = new Set(
    grants
      .filter(({ namespace, rule }) => namespace === undefined && gainsOf(rule, namespace).length > 0)
      .flatMap(({ subject }) => (subject.kind === 'ServiceAccount' && subject.namespace ? [subject.namespace] : [])),
  );
  return (namespace) =>
    namespace.startsWith('kube-') ||
    namespace === podNamespace ||
    namespace === targetNamespace ||
    powerful.has(namespace);
}

export function ownerOf({ metadata }: Namespace): string | undefined {
  return metadata.labels[ownerLabel];
}

/** A member, all of them, or ServiceAccounts of a member's namespace, in any of the ways to name them. */
export function isMembersSubject(
  ownedNames: readonly string[],
  targetNamespace: string,
): (subject: Subject) => boolean {
  const owned = new Set(ownedNames);
  return (subject) =>
    isMembersGroup(subject, targetNamespace) ||
    memberNamed(subject, targetNamespace) !== undefined ||
    owned.has(namespaceNamed(subject) ?? '');
}
