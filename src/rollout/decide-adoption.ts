/**
 * Who owns the namespaces that members made before the policies, from who is admin there. Pure.
 * - A namespace that has an owner is no subject; nor is one of the cluster's own without a member in it.
 * - What is left alone, and why, is decided in one place: reasonToLeaveAlone.
 * - One member who is admin there owns it. Between two, an operator decides.
 */

import { isMembersGroup, memberNamed, namespaceOwnerRole, ownerOf } from '../audit/members.ts';
import type { Namespace } from '../audit/objects.ts';
import type { Binding } from '../audit/rbac.ts';
import { isValidName, longestName } from '../core/names.ts';

export interface AdoptionFacts {
  readonly namespaces: readonly Namespace[];
  readonly roleBindings: readonly Binding[];
  /** Whether a namespace is one of the cluster's own by its name. */
  readonly isSystem: (namespace: string) => boolean;
  /** Of the members' ServiceAccounts. */
  readonly targetNamespace: string;
}

export type AdoptionDecision = {
  readonly namespace: string;
  /** Whether a binding makes every member admin there. */
  readonly everybody: boolean;
} & (
  | { readonly kind: 'adopt'; readonly uid: string; readonly owner: string }
  | { readonly kind: 'undecided'; readonly candidates: readonly string[] }
  | { readonly kind: 'left alone'; readonly reason: string }
);

/** In the order of the namespaces' names. */
export function decideAdoption(facts: AdoptionFacts): AdoptionDecision[] {
  const byNamespace = Map.groupBy(facts.roleBindings.filter(makesAdmin), (binding) => binding.namespace);
  return facts.namespaces
    .filter((namespace) => ownerOf(namespace) === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap((namespace) => decide(namespace, byNamespace.get(namespace.metadata.name) ?? [], facts));
}

function decide(
  namespace: Namespace,
  bindings: readonly Binding[],
  { isSystem, targetNamespace }: AdoptionFacts,
): AdoptionDecision[] {
  const { name, uid, deletionTimestamp } = namespace.metadata;
  const subjects = bindings.flatMap((binding) => binding.subjects);
  const admins = [...new Set(subjects.flatMap((subject) => memberNamed(subject, targetNamespace) ?? []))]
    // A User may be called anything; an owner is a ServiceAccount whose name fits a label.
    .filter((account) => isValidName(account) && account.length <= longestName)
    .toSorted();
  const everybody = subjects.some((subject) => isMembersGroup(subject, targetNamespace));
  const system = isSystem(name) || name === targetNamespace;
  if (system && admins.length === 0 && !everybody) return [];

  const reason = reasonToLeaveAlone({ system, terminating: deletionTimestamp !== undefined, admins });
  const about = { namespace: name, everybody };
  const [owner, ...others] = admins;
  if (reason !== undefined || owner === undefined) return [{ ...about, kind: 'left alone', reason: reason ?? nobody }];
  return [
    others.length === 0 ? { ...about, kind: 'adopt', uid, owner } : { ...about, kind: 'undecided', candidates: admins },
  ];
}

const nobody = "no member is admin there: it is not a member's, or its owner has left";

/** The first that holds: the one place that says why a namespace gets no owner. */
function reasonToLeaveAlone({
  system,
  terminating,
  admins,
}: {
  readonly system: boolean;
  readonly terminating: boolean;
  readonly admins: readonly string[];
}): string | undefined {
  if (terminating) return 'it is being deleted';
  if (system) {
    const who = admins.length === 0 ? 'every member' : admins.join(', ');
    return `its name is one of the cluster's own, and ${who} is admin there: take that right away, or move what is in it`;
  }
  return admins.length === 0 ? nobody : undefined;
}

/** A Role of such a name is the namespace's own, and may hold anything. */
function makesAdmin({ roleRef }: Binding): boolean {
  return roleRef.kind === 'ClusterRole' && ['admin', 'cluster-admin', namespaceOwnerRole].includes(roleRef.name);
}
