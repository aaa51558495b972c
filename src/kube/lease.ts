/** One Lease object (coordination.k8s.io/v1): read, create, replace. What it means is its caller's decision. */
import * as z from 'zod';
import type { RetryPolicy } from '../http/retry.ts';
import { type ClusterClient, parseAnswer } from './client.ts';

export interface LeaseState {
  /** undefined when the Lease doesn't exist yet. */
  readonly resourceVersion: string | undefined;
  /** Goes with each write: the API server would otherwise create a Lease anew that was deleted meanwhile. */
  readonly uid: string | undefined;
  /** undefined or empty when nobody holds it. */
  readonly holder: string | undefined;
  readonly durationSeconds: number;
  /** Times as the holder wrote them (RFC 3339): to be compared with themselves, never with a clock. */
  readonly acquireTime: string | undefined;
  readonly renewTime: string | undefined;
  readonly transitions: number;
}

const leaseSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), uid: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .nullish(),
});

export interface LeaseAddress {
  readonly namespace: string;
  readonly name: string;
}

export async function readLease(
  client: ClusterClient,
  address: LeaseAddress,
  signal: AbortSignal,
  policy?: RetryPolicy,
): Promise<LeaseState> {
  const response = await client.call({
    method: 'GET',
    path: leasePath(address),
    signal,
    expected: [404],
    ...(policy === undefined ? {} : { policy }),
  });
  if (response.status === 404) {
    return {
      resourceVersion: undefined,
      uid: undefined,
      holder: undefined,
      durationSeconds: 0,
      acquireTime: undefined,
      renewTime: undefined,
      transitions: 0,
    };
  }
  return toState(parseAnswer(leaseSchema, response, `the Lease ${address.name}`));
}

/** Writes the Lease if it is still the one that `state` says. undefined when someone else wrote or deleted it meanwhile. */
export async function writeLease(
  client: ClusterClient,
  address: LeaseAddress,
  state: LeaseState,
  signal: AbortSignal,
  policy?: RetryPolicy,
): Promise<LeaseState | undefined> {
  const exists = state.resourceVersion !== undefined;
  const response = await client.call({
    method: exists ? 'PUT' : 'POST',
    path: exists ? leasePath(address) : collection(address),
    body: {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...address, ...(exists ? { resourceVersion: state.resourceVersion, uid: state.uid } : {}) },
      spec: {
        holderIdentity: state.holder ?? '',
        leaseDurationSeconds: state.durationSeconds,
        acquireTime: state.acquireTime,
        renewTime: state.renewTime,
        leaseTransitions: state.transitions,
      },
    },
    signal,
    expected: exists ? [404, 409] : [409],
    ...(policy === undefined ? {} : { policy }),
  });
  if (response.status >= 300) return undefined;
  return toState(parseAnswer(leaseSchema, response, `the Lease ${address.name}`));
}

function toState({ metadata, spec }: z.infer<typeof leaseSchema>): LeaseState {
  return {
    resourceVersion: metadata.resourceVersion,
    uid: metadata.uid,
    holder: spec?.holderIdentity ?? undefined,
    durationSeconds: spec?.leaseDurationSeconds ?? 0,
    acquireTime: spec?.acquireTime ?? undefined,
    renewTime: spec?.renewTime ?? undefined,
    transitions: spec?.leaseTransitions ?? 0,
  };
}

function collection({ namespace }: LeaseAddress): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
}

function leasePath(address: LeaseAddress): string {
  return `${collection(address)}/${address.name}`;
}
