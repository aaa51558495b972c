/**
 * Makes the accounts of a namespace this MemberSync's: those that nobody has claimed, or, with `takeOver`, another's. What
 * protects members moves before the claim does: holds, names given, and what was made for members. So a claim that was cut
 * short is still the former owner's, and the command can be run again.
 */
import { type Account, isOwned } from '../core/model.ts';
import type { FencedClient } from '../kube/client.ts';
import { Failure } from '../lib/failure.ts';
import { listAccounts } from '../registry/accounts.ts';
import { holdMember, readHolds, readNamesGiven, recordNames } from '../registry/names-given.ts';
import { moveOwnedObjects, type OwnedPlaces } from '../registry/owned-objects.ts';
import { moveOwner, ownerOf, readOwner } from '../registry/owner.ts';
import type { RegistryPlace } from '../registry/place.ts';
import type { LockedContext } from '../run/context.ts';
import { acquireLock } from '../run/run-lock.ts';
import { underLock } from './under-lock.ts';

export interface Adoption {
  /** Whose they are now; undefined for nobody's. */
  readonly owner: string | undefined;
  readonly accounts: readonly (Account & { readonly memberId: string })[];
  readonly names: number;
  readonly holds: number;
}

/** @returns undefined where they are this MemberSync's already. @throws Failure (refused) where they are another's, unless `takeOver` */
export async function findAdoption(context: LockedContext, takeOver: boolean): Promise<Adoption | undefined> {
  const { target, registry, signal } = context;
  const { owner } = await readOwner(target.client, target.namespace, signal);
  if (owner === ownerOf(registry)) return undefined;
  if (owner !== undefined && !takeOver)
    throw new Failure(
      'refused',
      `the accounts in ${target.namespace} belong to the MemberSync ${owner}; nothing was changed`,
      { hint: `only if ${owner} is not to sync them any more: --take-over` },
    );
  const accounts = (await listAccounts(target.client, target.namespace, signal)).filter(isOwned);
  if (owner === undefined) return { owner, accounts, names: 0, holds: 0 };
  const former = placeOf(owner);
  const [names, holds] = await Promise.all([
    readNamesGiven(target.client, former, signal),
    readHolds(target.client, former, signal),
  ]);
  return { owner, accounts, names: names.size, holds: holds.size };
}

/** @throws Failure (refused) where the owner is another than was shown; Failure (lock) while either of the two syncs */
export async function adopt(context: LockedContext, agreed: Adoption, places: OwnedPlaces): Promise<void> {
  const { target, registry, signal, clock } = context;
  await underLock(context, async (client) => {
    const { owner, lease } = await readOwner(client, target.namespace, signal);
    if (owner === ownerOf(registry)) return;
    if (owner !== agreed.owner)
      throw new Failure('refused', 'the accounts changed hands since you were asked; nothing was changed', {
        hint: 'run adopt again',
      });
    const nowMs = client.serverTime ?? clock.now();
    const claim = () => moveOwner(client, target.namespace, { place: registry, lease, nowMs }, signal);
    const accounts = (await listAccounts(client, target.namespace, signal)).filter(isOwned);
    const records = accounts.map(({ name, memberId }) => ({ name, memberId }));
    if (owner === undefined) {
      await recordNames(client, registry, records, signal);
      await claim();
      return;
    }
    const former = placeOf(owner);
    // A sync of the former owner must not be under way while it loses what it works with.
    const theirs = await acquireLock({ ...context, registry: former }, signal);
    try {
      const fenced = client.withFence(theirs.assertHeld);
      await copyRecords(fenced, { from: former, to: registry, nowMs }, signal);
      await recordNames(fenced, registry, records, signal);
      await moveOwnedObjects(fenced, places, { from: owner, to: ownerOf(registry) }, signal);
      theirs.assertHeld();
      await claim();
    } finally {
      await theirs.release();
    }
  });
}

/** Where two say different things of a name, the one that these accounts were synced by is right. */
async function copyRecords(
  client: FencedClient,
  { from, to, nowMs }: { from: RegistryPlace; to: RegistryPlace; nowMs: number },
  signal: AbortSignal,
): Promise<void> {
  const since = new Date(nowMs).toISOString();
  for (const memberId of await readHolds(client, from, signal))
    await holdMember(client, to, { memberId, since }, signal);
  const names = await readNamesGiven(client, from, signal);
  await recordNames(
    client,
    to,
    [...names].map(([name, memberId]) => ({ name, memberId })),
    signal,
  );
}

function placeOf(owner: string): RegistryPlace {
  const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(owner) ?? [];
  if (namespace !== undefined && name !== undefined) return { namespace, name };
  throw new Failure('refused', `the claim names ${owner}, which is not <namespace>/<name> of a MemberSync`, {
    hint: 'somebody wrote it by hand: look at the Lease credentials-updater-owner',
  });
}
