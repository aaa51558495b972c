/**
 * One Secret for each member, in another namespace than the accounts': beside ServiceAccounts, anyone who may write Secrets
 * can have legacy tokens made. For External Secrets, Reflector, or an operator who hands them out.
 *
 * - Annotations hold the account's UID, the expiry and the owner, so that a run reads metadata only and never a token.
 * - A Secret of that name that is not this MemberSync's is never overwritten and never deleted.
 * - The Secret of an account that is gone goes too.
 */
import pMap from 'p-map';
import * as z from 'zod';
import {
  accountAnnotation,
  accountUidAnnotation,
  managedByLabel,
  managedByValue,
  ownerAnnotation,
} from '../core/model.ts';
import type { DeliveredToken } from '../core/renewal.ts';
import { type ClusterClient, partialMetadata } from '../kube/client.ts';
import type { KubeconfigCluster } from '../kube/kubeconfig-document.ts';
import { listPages } from '../kube/pages.ts';
import { Failure, isSystemic, toFailure, withContext } from '../lib/failure.ts';
import type { Delivery, NotDelivered, Parcel, SendOptions } from './delivery.ts';
import { keepParcels } from './kept-parcels.ts';
import { memberKubeconfig } from './member-kubeconfig.ts';

const expiresAnnotation = 'credentials-updater.poolc.org/expires';
/** Seconds that the token was granted, from which the controller knows when to renew it. */
const grantedAnnotation = 'credentials-updater.poolc.org/granted-seconds';
const managedBy = { [managedByLabel]: managedByValue };

export interface SecretsDeliveryOptions {
  readonly client: ClusterClient;
  /** Of the Secrets. */
  readonly namespace: string;
  /** `credentials-{account}`. */
  readonly name: string;
  /** `<namespace>/<name>` of the MemberSync. */
  readonly owner: string;
  /** The API server as members reach it. */
  readonly cluster: KubeconfigCluster;
  readonly concurrency: number;
}

export function secretsDelivery(options: SecretsDeliveryOptions): Delivery {
  return {
    kind: 'secrets',
    address: `Secrets in ${options.namespace}`,
    replaces: 'each',
    takesCredentials: true,
    delivered: (signal) => delivered(options, signal),
    begin: () => keepParcels((parcels, sendOptions) => send(options, parcels, sendOptions)),
  };
}

/** As it came: what Reflector or an operator has put on a Secret, a label or an annotation, is written back. */
const metadataSchema = z.object({
  metadata: z.looseObject({
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    managedFields: z.unknown().optional(),
  }),
});
type Existing = z.infer<typeof metadataSchema>['metadata'];

async function send(
  options: SecretsDeliveryOptions,
  parcels: readonly Parcel[],
  { right, signal, accounts }: SendOptions,
): Promise<NotDelivered[]> {
  const { namespace, concurrency } = options;
  await right.renew();
  const client = options.client.withFence(() => right.assertHeld());
  const ours = await listOurs({ ...options, client }, signal);
  // Access first: what an account that is gone was given is taken away before anything new is written.
  const leaving = [...ours.values()].filter(({ annotations }) => !accounts.has(annotations?.[accountAnnotation] ?? ''));
  await pMap(leaving, (secret) => remove(client, namespace, secret, signal), { concurrency, signal });
  const results = await pMap(
    parcels,
    async (parcel): Promise<NotDelivered | undefined> => {
      const name = options.name.replaceAll('{account}', parcel.account.name);
      try {
        await write({ ...options, client }, { name, parcel, existing: ours.get(name) }, signal);
        return undefined;
      } catch (error) {
        if (isSystemic(error) || signal.aborted) throw withContext(`writing the Secret ${namespace}/${name}`, error);
        return { member: parcel.member, failure: toFailure(error) };
      }
    },
    { concurrency, signal },
  );
  return results.filter((result) => result !== undefined);
}

/** This MemberSync's own Secrets, by name: their metadata alone. */
async function listOurs(
  { client, namespace, owner }: Pick<SecretsDeliveryOptions, 'client' | 'namespace' | 'owner'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Existing>> {
  const existing = await listPages({
    client,
    path: collection(namespace),
    query: { labelSelector: `${managedByLabel}=${managedByValue}` },
    item: metadataSchema,
    what: `Secrets in ${namespace}`,
    signal,
    accept: partialMetadata,
  });
  return new Map(
    existing
      .map(({ metadata }) => metadata)
      .filter(({ annotations }) => annotations?.[ownerAnnotation] === owner)
      .map((metadata) => [metadata.name, metadata]),
  );
}

/** A Secret of another name than today's, or whose annotations somebody changed, counts as none: a new one is written. */
async function delivered(
  options: SecretsDeliveryOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, DeliveredToken>> {
  const found = new Map<string, DeliveredToken>();
  for (const [name, { annotations = {} }] of await listOurs(options, signal)) {
    const account = annotations[accountAnnotation];
    const expiresAt = Date.parse(annotations[expiresAnnotation] ?? '') / 1_000;
    // Until grants were written down, a week was what nearly everyone asked for; an earlier renewal does no harm.
    const grantedSeconds = Number(annotations[grantedAnnotation] ?? 7 * 86_400);
    if (account === undefined || Number.isNaN(expiresAt) || !(grantedSeconds > 0)) continue;
    if (name !== options.name.replaceAll('{account}', account)) continue;
    found.set(account, { uid: annotations[accountUidAnnotation] ?? '', expiresAt, grantedSeconds });
  }
  return found;
}

async function write(
  { client, namespace, owner, cluster, ...rest }: SecretsDeliveryOptions,
  { name, parcel, existing }: { name: string; parcel: Parcel; existing: Existing | undefined },
  signal: AbortSignal,
): Promise<void> {
  if (name.length > 253)
    throw new Failure('delivery', `the name ${name} is too long for a Secret (253 characters)`, {
      hint: 'shorten spec.delivery.secrets.name',
    });
  const { account, credential } = parcel;
  const expires = new Date(credential.expiresAt * 1_000).toISOString();
  const { managedFields: _, ...kept } = existing ?? {};
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      ...kept,
      name,
      namespace,
      labels: { ...existing?.labels, ...managedBy },
      annotations: {
        ...existing?.annotations,
        [ownerAnnotation]: owner,
        [accountAnnotation]: account.name,
        [accountUidAnnotation]: account.uid,
        [expiresAnnotation]: expires,
        [grantedAnnotation]: String(credential.grantedSeconds),
      },
    },
    stringData: {
      token: credential.secret.reveal(),
      kubeconfig: memberKubeconfig(parcel, cluster),
      expiration: expires,
    },
  };
  const path = collection(namespace);
  const response = await client.call({
    method: existing === undefined ? 'POST' : 'PUT',
    path: existing === undefined ? path : `${path}/${encodeURIComponent(name)}`,
    body,
    signal,
    expected: [404, 409],
    // The answer repeats the token, and nobody needs it.
    accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  });
  if (response.status < 300) return;
  if (existing === undefined && response.status === 404)
    throw new Failure('delivery', `there is no namespace ${namespace}`, {
      hint: 'create it, or correct spec.delivery.secrets.namespace',
    });
  const found = await find({ client, namespace, owner }, name, signal);
  // Our own attempt, whose answer was lost.
  if (
    found !== undefined &&
    found.resourceVersion !== existing?.resourceVersion &&
    found.annotations?.[expiresAnnotation] === expires &&
    found.annotations[accountUidAnnotation] === account.uid
  )
    return;
  if (existing !== undefined) throw changedMeanwhile(namespace, name);
  // One that we made before, whose label somebody took away.
  if (found !== undefined)
    return write({ client, namespace, owner, cluster, ...rest }, { name, parcel, existing: found }, signal);
  throw new Failure('delivery', `there is a Secret ${namespace}/${name} already that is not ours; it was left alone`, {
    hint: `delete or rename it, or choose another spec.delivery.secrets.name`,
  });
}

/** The Secret of that name, where it is this MemberSync's. */
async function find(
  { client, namespace, owner }: Pick<SecretsDeliveryOptions, 'client' | 'namespace' | 'owner'>,
  name: string,
  signal: AbortSignal,
): Promise<Existing | undefined> {
  const found = await listPages({
    client,
    path: collection(namespace),
    query: { fieldSelector: `metadata.name=${name}` },
    item: metadataSchema,
    what: `the Secret ${name}`,
    signal,
    accept: partialMetadata,
  });
  return found.map(({ metadata }) => metadata).find(({ annotations }) => annotations?.[ownerAnnotation] === owner);
}

async function remove(client: ClusterClient, namespace: string, secret: Existing, signal: AbortSignal): Promise<void> {
  await client.call({
    method: 'DELETE',
    path: `${collection(namespace)}/${encodeURIComponent(secret.name)}`,
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: secret.uid } },
    signal,
    expected: [404, 409],
  });
}

function changedMeanwhile(namespace: string, name: string): Failure {
  return new Failure('delivery', `the Secret ${namespace}/${name} was changed by someone else meanwhile`, {
    hint: 'run sync again; if it stays, find out who else writes it',
  });
}

function collection(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
}
