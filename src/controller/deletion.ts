/**
 * What happens when a MemberSync is deleted. Retain: nothing, an Event says so. Delete: a finalizer keeps the object until
 * the accounts are gone, and what was delivered for them.
 */
import pMap from 'p-map';
import { isOwned } from '../core/model.ts';
import { deleteAccount } from '../registry/accounts.ts';
import { recordNames } from '../registry/names-given.ts';
import { readOwnership } from '../registry/owner.ts';
import { observe } from '../sync/make-plan.ts';
import { accountsFinalizer, type MemberSyncObject, memberSyncCollection } from './object.ts';
import type { OpenedSync, Surroundings } from './surroundings.ts';
import { underLock } from './under-lock.ts';

export const isBeingDeleted = ({ metadata }: MemberSyncObject): boolean => metadata.deletionTimestamp !== undefined;
export const hasFinalizer = ({ metadata }: MemberSyncObject): boolean =>
  metadata.finalizers.includes(accountsFinalizer);

/** Puts the finalizer on, or takes it off, as deletionPolicy says. */
export async function keepFinalizer(
  { client }: Surroundings,
  object: MemberSyncObject,
  policy: 'Retain' | 'Delete',
  signal: AbortSignal,
): Promise<void> {
  const isWanted = policy === 'Delete' && !isBeingDeleted(object);
  if (isWanted === hasFinalizer(object)) return;
  const others = object.metadata.finalizers.filter((name) => name !== accountsFinalizer);
  await writeFinalizers({ client }, object, isWanted ? [...others, accountsFinalizer] : others, signal);
}

/** Removes every account of this MemberSync, and lets the object go. @returns how many accounts were removed */
export async function removeAll(
  surroundings: Surroundings,
  object: MemberSyncObject,
  { context }: OpenedSync,
  signal: AbortSignal,
): Promise<number> {
  const removed = await underLock(surroundings, context, signal, async (locked) => {
    const { client, lock, state } = locked;
    const { target, registry, options, delivery } = locked.context;
    // Throws for another's: those stay.
    const { owner } = await readOwnership(client, target.namespace, registry, locked.signal);
    if (owner === undefined) return 0;
    const { accounts } = await observe(target, registry, locked.signal);
    const owned = accounts.filter(isOwned).filter(({ terminating }) => !terminating);
    // P9 outlives the MemberSync: a name is never given to another member.
    await recordNames(client, registry, owned, locked.signal);
    await lock.renew();
    await pMap(owned, (account) => deleteAccount(client, target.namespace, account, locked.signal), {
      concurrency: options.accountConcurrency,
      signal: locked.signal,
    });
    if (delivery.replaces === 'each')
      await delivery.begin().send({ right: state.lock, signal: locked.signal, accounts: new Set() });
    return owned.length;
  });
  await keepFinalizer(surroundings, object, 'Retain', signal);
  return removed;
}

async function writeFinalizers(
  { client }: Pick<Surroundings, 'client'>,
  { metadata: { namespace, name, resourceVersion } }: MemberSyncObject,
  finalizers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await client.call({
    method: 'PATCH',
    path: `${memberSyncCollection(namespace)}/${name}`,
    // With the version that was looked at: somebody else's finalizer is not overwritten.
    body: { metadata: { resourceVersion, finalizers } },
    signal,
    expected: [404],
  });
}
