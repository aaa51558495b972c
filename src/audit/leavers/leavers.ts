/**
 * Leavers who are still named somewhere: as the owner of a namespace, or in a binding. Pure. Bindings name a
 * ServiceAccount, not its UID, so that anyone who gets such a name next would inherit all that is bound to it (P9).
 */
import { nobodysId } from '../../core/member-id.ts';
import { type Account, isOwned, type Member, type NamesGiven } from '../../core/model.ts';
import { isValidName } from '../../core/names.ts';
import { memberNamed, namespaceOwnerRole, ownerOf } from '../members.ts';
import type { Namespace } from '../objects.ts';
import type { Binding, Subject } from '../rbac.ts';

/** What a cluster knows of names and people. */
export interface Whereabouts {
  readonly targetNamespace: string;
  readonly accounts: readonly Account[];
  readonly namesGiven: NamesGiven;
  /** UUIDs that an operator keeps out. */
  readonly holds: ReadonlySet<string>;
  /** undefined where the directory can't be asked or believed: then an account that is there counts as a member's. */
  readonly members: readonly Member[] | undefined;
  /** Whether a sync leaves leavers their accounts (removalPolicy Report). */
  readonly onlyReports: boolean;
  readonly namespaces: readonly Namespace[];
  readonly bindings: readonly Binding[];
  /** Whether a namespace is the cluster's own, and so nobody's, whatever its label says. */
  readonly isSystem: (namespace: string) => boolean;
}

export interface Leaver {
  /** Of the ServiceAccount. */
  readonly name: string;
  /** undefined where neither an account nor the record tells: then the name is anyone's. */
  readonly memberId: string | undefined;
  /** What follows "kim …". */
  readonly why: string;
  /** Why they may well be a member: then nothing of theirs is to be touched. undefined where they certainly left. */
  readonly doubt: string | undefined;
}

export interface Naming {
  readonly binding: Binding;
  readonly subject: Subject;
}

/** One place that still names one leaver. */
export interface Trace {
  readonly leaver: Leaver;
  /** undefined for what is cluster-wide. */
  readonly namespace: string | undefined;
  /** Whether the namespace is the leaver's own, rather than one that they were invited to. */
  readonly owns: boolean;
  /** Whether the label of a namespace of the cluster's own says that it is the leaver's. */
  readonly labelsSystem: boolean;
  readonly namings: readonly Naming[];
  /** What somebody else has in a namespace that the leaver owns: they may have their work in it. */
  readonly others: readonly Naming[];
}

/** By name, then by namespace. */
export function findTraces(whereabouts: Whereabouts): Trace[] {
  const { targetNamespace, isSystem } = whereabouts;
  const leaverOf = leaverFinder(whereabouts);
  const isGoing = new Set(
    whereabouts.namespaces
      .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
      .map(({ metadata }) => metadata.name),
  );
  const places = new Map<string, { name: string; namespace: string | undefined; owns: boolean; namings: Naming[] }>();
  const placeOf = (name: string, namespace: string | undefined) => {
    const key = `${name}/${namespace ?? ''}`;
    const place = places.get(key) ?? { name, namespace, owns: false, namings: [] };
    places.set(key, place);
    return place;
  };
  for (const binding of whereabouts.bindings) {
    for (const subject of binding.subjects) {
      const name = memberNamed(subject, targetNamespace);
      if (name !== undefined) placeOf(name, binding.namespace).namings.push({ binding, subject });
    }
  }
  for (const namespace of whereabouts.namespaces) {
    const owner = ownerOf(namespace);
    if (owner !== undefined) placeOf(owner, namespace.metadata.name).owns = true;
  }
  const labelled = new Set(
    whereabouts.namespaces.filter((namespace) => ownerOf(namespace) !== undefined).map(({ metadata }) => metadata.name),
  );
  const bindingsIn = Map.groupBy(whereabouts.bindings, ({ namespace }) => namespace);
  const hasLeft = (subject: Subject): boolean => {
    const name = memberNamed(subject, targetNamespace);
    const leaver = name === undefined ? undefined : leaverOf(name);
    return leaver !== undefined && leaver.doubt === undefined;
  };
  const othersIn = (namespace: string, name: string): Naming[] =>
    (bindingsIn.get(namespace) ?? []).flatMap((binding) =>
      binding.subjects
        .filter((subject) => memberNamed(subject, targetNamespace) !== name && !hasLeft(subject))
        .map((subject) => ({ binding, subject })),
    );
  const compare = (one: string, other: string) => (one < other ? -1 : Number(one > other));
  return [...places.values()]
    .flatMap(({ name, namespace, owns, namings }): Trace[] => {
      const leaver = leaverOf(name);
      if (leaver === undefined || (namespace !== undefined && isGoing.has(namespace))) return [];
      if (namespace === undefined || isSystem(namespace))
        return [{ leaver, namespace, owns: false, labelsSystem: owns, namings, others: [] }];
      const others = othersIn(namespace, name);
      // Before the policies came, nothing but the binding said whose a namespace is; of two admins, it is either's.
      const ownsByBinding = !labelled.has(namespace) && namings.some(makesOwner) && !others.some(makesOwner);
      const isTheirs = owns || ownsByBinding;
      return [{ leaver, namespace, owns: isTheirs, labelsSystem: false, namings, others: isTheirs ? others : [] }];
    })
    .toSorted(
      (one, other) =>
        compare(one.leaver.name, other.leaver.name) || compare(one.namespace ?? '', other.namespace ?? ''),
    );
}

const ownersRoles = [namespaceOwnerRole, 'admin', 'cluster-admin'];

export function makesOwner({ binding: { roleRef } }: Naming): boolean {
  return roleRef.kind === 'ClusterRole' && ownersRoles.includes(roleRef.name);
}

function leaverFinder({
  accounts,
  namesGiven,
  holds,
  members,
  onlyReports,
}: Whereabouts): (name: string) => Leaver | undefined {
  const byName = new Map(accounts.filter(({ terminating }) => !terminating).map((account) => [account.name, account]));
  const uuids = members === undefined ? undefined : new Set(members.map(({ id }) => id));
  const doubt = uuids === undefined ? 'they may be a member, which the directory does not tell' : undefined;
  return (name) => {
    const account = byName.get(name);
    if (account !== undefined) {
      // One that isn't ours is nobody who could leave.
      if (!isOwned(account) || uuids === undefined || uuids.has(account.memberId)) return undefined;
      return {
        name,
        memberId: account.memberId,
        why: `is no longer in the directory; the next sync ${onlyReports ? 'only reports it' : 'removes the account'}`,
        doubt,
      };
    }
    // Kubernetes makes it in every namespace, a moment after the namespace.
    if (name === 'default') return undefined;
    const memberId = namesGiven.get(name);
    if (memberId === undefined) {
      const why = 'has no account, and no record says who had that name';
      const next = isValidName(name) ? '; once it is reserved, run this again' : '';
      return { name, memberId, why, doubt: `it may be the name of a member${next}` };
    }
    if (memberId === nobodysId) return { name, memberId, why: 'is a name that is reserved for nobody', doubt };
    if (holds.has(memberId)) return { name, memberId, why: 'is held out by an operator', doubt };
    // The next sync gives it back.
    if (uuids?.has(memberId) === true) return undefined;
    return { name, memberId, why: uuids === undefined ? 'has no account any more' : 'has left', doubt };
  };
}
