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
        hint: `give the document of ${owner} with -f, or use another namespace for these accounts`,
      },
    );
  }
  return { owner, lease, unreadable: undefined };
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
  const time = microTime(nowMs);
  const wanted = { ...lease, holder: ownerOf(place), durationSeconds: 1, acquireTime: time, renewTime: time };
  try {
    const address = { namespace: accountsNamespace, name: ownerLeaseName };
    if ((await writeLease(client, address, wanted, signal)) !== undefined) return;
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
