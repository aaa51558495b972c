/**
 * Whose accounts a namespace holds: a Lease there names the one MemberSync that may change them. It is read before any
 * change, and written right before the first one.
 */
import type { ClusterClient } from '../kube/client.ts';
import { microTime } from '../kube/events.ts';
import { type LeaseState, readLease, writeLease } from '../kube/lease.ts';
import { Failure } from '../lib/failure.ts';
import { defaultSyncName, type RegistryPlace } from './place.ts';

export const ownerLeaseName = 'credentials-updater-owner';

/** What is known of the owner before a change. */
export interface Ownership {
  /** `<namespace>/<name>` of the MemberSync; undefined where nobody has claimed the namespace. */
  readonly owner: string | undefined;
  readonly lease: LeaseState | undefined;
  /** The failure for which it could not be read, where that stops nobody. */
  readonly unreadable: Failure | undefined;
}

/** `<namespace>/<name>`. */
export const ownerOf = ({ namespace, name }: RegistryPlace): string => `${namespace}/${name}`;

/**
 * @throws Failure (refused) where the accounts are another MemberSync's; Failure (cluster) where that can't be seen.
 * Settings from the environment go on without the right to look, as before this Lease existed.
 */
export async function readOwnership(
  client: ClusterClient,
  accountsNamespace: string,
  place: RegistryPlace,
  signal: AbortSignal,
): Promise<Ownership> {
  let lease: LeaseState;
  try {
    lease = await readLease(client, { namespace: accountsNamespace, name: ownerLeaseName }, signal);
  } catch (error) {
    if (!isOptional(error, place)) throw error;
    return { owner: undefined, lease: undefined, unreadable: error };
  }
  const owner = lease.holder === '' ? undefined : lease.holder;
  if (owner !== undefined && owner !== ownerOf(place)) {
    throw new Failure(
      'refused',
      `the accounts in ${accountsNamespace} belong to the MemberSync ${owner}, and this is ${ownerOf(place)}; nothing was changed`,
      {
        hint: `give the document of ${owner} with -f, or use another namespace for these accounts; \`credentials-updater adopt --take-over\` moves them`,
      },
    );
  }
  return { owner, lease, unreadable: undefined };
}

/** Who has claimed the namespace, whoever it is. */
export async function readOwner(
  client: ClusterClient,
  accountsNamespace: string,
  signal: AbortSignal,
): Promise<{ readonly owner: string | undefined; readonly lease: LeaseState }> {
  const lease = await readLease(client, { namespace: accountsNamespace, name: ownerLeaseName }, signal);
  return { owner: lease.holder === '' ? undefined : lease.holder, lease };
}

/** Makes the namespace this MemberSync's, whosever it was when `lease` was read. @throws Failure where it changed since */
export async function moveOwner(
  client: ClusterClient,
  accountsNamespace: string,
  { place, lease, nowMs }: { place: RegistryPlace; lease: LeaseState; nowMs: number },
  signal: AbortSignal,
): Promise<void> {
  const address = { namespace: accountsNamespace, name: ownerLeaseName };
  if ((await writeLease(client, address, ownedBy(place, lease, nowMs), signal)) !== undefined) return;
  // Our own attempt, whose answer was lost.
  if ((await readOwner(client, accountsNamespace, signal)).owner === ownerOf(place)) return;
  throw new Failure('refused', `somebody else claimed the accounts in ${accountsNamespace} meanwhile`, {
    hint: 'run the command again, and look who it is',
  });
}

function ownedBy(place: RegistryPlace, lease: LeaseState, nowMs: number): LeaseState {
  const time = microTime(nowMs);
  return { ...lease, holder: ownerOf(place), durationSeconds: 1, acquireTime: time, renewTime: time };
}

/** Writes who owns the namespace, where nobody does yet. @throws Failure (refused) when another was quicker */
export async function claim(
  client: ClusterClient,
  accountsNamespace: string,
  { place, ownership, nowMs }: { place: RegistryPlace; ownership: Ownership; nowMs: number },
  signal: AbortSignal,
): Promise<void> {
  const { owner, lease } = ownership;
  if (owner !== undefined || lease === undefined) return;
  try {
    const address = { namespace: accountsNamespace, name: ownerLeaseName };
    if ((await writeLease(client, address, ownedBy(place, lease, nowMs), signal)) !== undefined) return;
  } catch (error) {
    if (isOptional(error, place)) return;
    throw error;
  }
  // Somebody wrote meanwhile, or we did in an attempt whose answer was lost.
  await readOwnership(client, accountsNamespace, place, signal);
}

function isOptional(error: unknown, { name }: RegistryPlace): error is Failure {
  return name === defaultSyncName && error instanceof Failure && error.status === 403;
}
