/**
 * Who left and is still named somewhere: as the owner of a namespace, or in a binding. Pure. Bindings name a
 * ServiceAccount, not its UID, so that whoever gets such a name next would inherit all that is bound to it (P9).
 */
import { type Account, isOwned, type Member, nobodysUuid, type Reservations } from '../../plan/model.ts';
import { memberNamed, namespaceOwnerRole, ownerOf } from '../members.ts';
import type { Namespace } from '../objects.ts';
import type { Binding, Subject } from '../rbac.ts';

/** What a cluster knows of names and people. */
export interface Whereabouts {
  readonly targetNamespace: string;
  readonly accounts: readonly Account[];
  readonly reservations: Reservations;
  /** UUIDs that an operator keeps out. */
  readonly holds: ReadonlySet<string>;
  /** undefined where the directory can't be asked: then an account that is there counts as a member's. */
  readonly members: readonly Member[] | undefined;
  readonly namespaces: readonly Namespace[];
  readonly bindings: readonly Binding[];
}

export interface Leaver {
  /** Of the ServiceAccount. */
  readonly name: string;
  /** undefined where neither an account nor the record tells: then the name is anyone's. */
  readonly uuid: string | undefined;
  /** What follows "kim …". */
  readonly why: string;
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
  readonly namings: readonly Naming[];
}

/** By name, then by namespace. */
export function findTraces(whereabouts: Whereabouts): Trace[] {
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
      const name = memberNamed(subject, whereabouts.targetNamespace);
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
  const compare = (one: string, other: string) => (one < other ? -1 : Number(one > other));
  return [...places.values()]
    .flatMap(({ name, namespace, owns, namings }) => {
      const leaver = leaverOf(name);
      if (leaver === undefined || (namespace !== undefined && isGoing.has(namespace))) return [];
      // Before the policies came, nothing but the binding said whose a namespace is.
      const ownsByBinding = namespace !== undefined && !labelled.has(namespace) && namings.some(makesOwner);
      return [{ leaver, namespace, owns: owns || ownsByBinding, namings }];
    })
    .toSorted(
      (one, other) =>
        compare(one.leaver.name, other.leaver.name) || compare(one.namespace ?? '', other.namespace ?? ''),
    );
}

const ownersRoles = [namespaceOwnerRole, 'admin', 'cluster-admin'];

function makesOwner({ binding: { roleRef } }: Naming): boolean {
  return roleRef.kind === 'ClusterRole' && ownersRoles.includes(roleRef.name);
}

function leaverFinder({ accounts, reservations, holds, members }: Whereabouts): (name: string) => Leaver | undefined {
  const byName = new Map(accounts.filter(({ terminating }) => !terminating).map((account) => [account.name, account]));
  const uuids = members === undefined ? undefined : new Set(members.map(({ uuid }) => uuid));
  return (name) => {
    const account = byName.get(name);
    if (account !== undefined) {
      // One that isn't ours is nobody who could leave.
      if (!isOwned(account) || uuids === undefined || uuids.has(account.uuid)) return undefined;
      return { name, uuid: account.uuid, why: 'is no longer in the directory; the next sync removes the account' };
    }
    // Kubernetes makes it in every namespace, a moment after the namespace.
    if (name === 'default') return undefined;
    const uuid = reservations.get(name);
    if (uuid === undefined) return { name, uuid, why: 'has no account, and no record says who had that name' };
    if (uuid === nobodysUuid) return { name, uuid, why: 'is a name that is reserved for nobody' };
    if (holds.has(uuid)) return { name, uuid, why: 'is held out by an operator' };
    // The next sync gives it back.
    if (uuids?.has(uuid) === true) return undefined;
    return { name, uuid, why: uuids === undefined ? 'has no account any more' : 'has left' };
  };
}
