/**
 * The devices of members: Secrets of a type of their own in the accounts' namespace, one a device. A token that a gateway
 * gives is bound to such a Secret, so that deleting the Secret ends the token within about 10 s and touches no other.
 *
 * - Never a token in it: the device's public key, its name, when it was last renewed, and the next nonce.
 * - Ten names for each account UID, so that a member's eleventh device finds no name that is free: the API server itself
 *   holds the limit, however many gateways there are.
 * - The ServiceAccount owns it: Kubernetes removes the devices of an account that is gone.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { accountAnnotation, accountUidAnnotation, managedByLabel, managedByValue } from '../core/model.ts';
import { type ClusterClient, parseAnswer } from '../kube/client.ts';
import { listPages } from '../kube/pages.ts';
import { Failure } from '../lib/failure.ts';

export const deviceSecretType = 'credentials-updater.poolc.org/device';
export const devicesPerAccount = 10;
/** Finds the device of a key, before the device knows its own name. */
const keyLabel = 'credentials-updater.poolc.org/device-key';

/** The public key of a device, as JSON Web Key members in a fixed order; opaque here. */
export type DeviceKeyText = string;

export interface Device {
  /** Of the Secret: `device-<account UID>-<0 to 9>`. */
  readonly name: string;
  /** Of the Secret: tokens are bound to it. */
  readonly uid: string;
  readonly resourceVersion: string;
  readonly account: { readonly name: string; readonly uid: string };
  readonly publicKey: DeviceKeyText;
  /** As its owner called it. Anything at all. */
  readonly label: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** When it last got a token; when it was made, before its first. */
  readonly renewedAt: number;
  /** What the device's next assertion must carry. */
  readonly nonce: string;
  readonly terminating: boolean;
}

export interface NewDevice {
  readonly account: { readonly name: string; readonly uid: string };
  readonly publicKey: DeviceKeyText;
  /** RFC 7638. */
  readonly thumbprint: string;
  readonly label: string;
  readonly nonce: string;
  readonly now: number;
}

const secretSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    deletionTimestamp: z.string().optional(),
    creationTimestamp: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
  type: z.literal(deviceSecretType),
  data: z.record(z.string(), z.base64()).nullish(),
});

type DeviceSecret = z.infer<typeof secretSchema>;

const dataSchema = z.object({
  publicKey: z.string().min(1),
  name: z.string(),
  renewed: z.iso.datetime(),
  nonce: z.string().min(1),
});

const deviceName = (accountUid: string, slot: number): string => `device-${accountUid}-${slot}`;

/** @returns undefined where there is no such device. @throws Failure (cluster) */
export async function readDevice(
  client: ClusterClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<Device | undefined> {
  if (!isDeviceName(name)) return undefined;
  const path = pathOf(namespace, name);
  const response = await client.call({ method: 'GET', path, signal, expected: [404] });
  return response.status === 404 ? undefined : toDevice(parseAnswer(secretSchema, response, `the device ${name}`));
}

/** Every device of one account. */
export async function devicesOf(
  client: ClusterClient,
  namespace: string,
  accountUid: string,
  signal: AbortSignal,
): Promise<Device[]> {
  return listDevices(client, namespace, { [accountLabel]: labelOf(accountUid) }, signal);
}

/** The device that has this key; undefined where there is none. */
export async function deviceOfKey(
  client: ClusterClient,
  namespace: string,
  thumbprint: string,
  signal: AbortSignal,
): Promise<Device | undefined> {
  const [device] = await listDevices(client, namespace, { [keyLabel]: labelOf(thumbprint) }, signal);
  return device;
}

export interface AllDevices {
  readonly devices: readonly Device[];
  /** Names of Secrets of the type that no gateway wrote so: a gateway lets none of them in. */
  readonly unreadable: readonly string[];
}

/** Every device in the namespace, whatever its labels say: none can be hidden by them. */
export async function allDevices(client: ClusterClient, namespace: string, signal: AbortSignal): Promise<AllDevices> {
  const secrets = await listSecrets(client, namespace, undefined, signal);
  const read = secrets.map((secret) => ({ name: secret.metadata.name, device: parseDevice(secret) }));
  return {
    devices: read.flatMap(({ device }) => (device === undefined ? [] : [device])),
    unreadable: read.flatMap(({ name, device }) => (device === undefined ? [name] : [])),
  };
}

/** @returns 'full' when the account has ten devices. @throws Failure (cluster) */
export async function createDevice(
  client: ClusterClient,
  namespace: string,
  device: NewDevice,
  signal: AbortSignal,
): Promise<Device | 'full'> {
  for (let slot = 0; slot < devicesPerAccount; slot++) {
    const response = await client.call({
      method: 'POST',
      path: collection(namespace),
      body: newSecret(namespace, deviceName(device.account.uid, slot), device),
      signal,
      expected: [409],
    });
    if (response.status !== 409) return toDevice(parseAnswer(secretSchema, response, 'the new device'));
  }
  return 'full';
}

/**
 * Replaces the nonce and says when the device was last renewed, if nobody else has meanwhile.
 * @returns undefined when someone has, or the device is gone. @throws Failure (cluster)
 */
export async function consumeNonce(
  client: ClusterClient,
  namespace: string,
  device: Device,
  { nonce, now }: { readonly nonce: string; readonly now: number },
  signal: AbortSignal,
): Promise<Device | undefined> {
  const { name, uid, resourceVersion } = device;
  // A merge patch with the version and the UID: a compare-and-swap that leaves everything else as it is. Sent once: when
  // its answer is lost, the device asks again and is given the nonce that is there by then.
  const response = await client.once({
    method: 'PATCH',
    path: pathOf(namespace, name),
    body: {
      metadata: { uid, resourceVersion },
      data: { nonce: encoded(nonce), renewed: encoded(new Date(now).toISOString()) },
    },
    signal,
    expected: [404, 409],
  });
  if (response.status === 404 || response.status === 409) return undefined;
  return toDevice(parseAnswer(secretSchema, response, `the device ${name}`));
}

/** Deletes exactly this device, and no namesake that came after it. Gone already counts as deleted. */
export async function deleteDevice(
  client: ClusterClient,
  namespace: string,
  { name, uid }: Pick<Device, 'name' | 'uid'>,
  signal: AbortSignal,
): Promise<void> {
  await client.call({
    method: 'DELETE',
    path: pathOf(namespace, name),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } },
    signal,
    expected: [404, 409],
  });
}

const accountLabel = 'credentials-updater.poolc.org/device-account';

function newSecret(namespace: string, name: string, { account, publicKey, thumbprint, label, nonce, now }: NewDevice) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      labels: {
        [managedByLabel]: managedByValue,
        [accountLabel]: labelOf(account.uid),
        [keyLabel]: labelOf(thumbprint),
      },
      annotations: { [accountAnnotation]: account.name, [accountUidAnnotation]: account.uid },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'ServiceAccount', name: account.name, uid: account.uid, blockOwnerDeletion: false },
      ],
    },
    type: deviceSecretType,
    data: {
      publicKey: encoded(publicKey),
      name: encoded(label),
      renewed: encoded(new Date(now).toISOString()),
      nonce: encoded(nonce),
    },
  };
}

async function listDevices(
  client: ClusterClient,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Device[]> {
  const selectors = Object.entries({ [managedByLabel]: managedByValue, ...labels });
  const selector = selectors.map(([name, value]) => `${name}=${value}`).join(',');
  return (await listSecrets(client, namespace, selector, signal)).map(toDevice);
}

function listSecrets(client: ClusterClient, namespace: string, labelSelector: string | undefined, signal: AbortSignal) {
  return listPages({
    client,
    path: collection(namespace),
    query: { fieldSelector: `type=${deviceSecretType}`, ...(labelSelector === undefined ? {} : { labelSelector }) },
    item: secretSchema,
    what: 'devices',
    signal,
  });
}

/** @throws Failure (cluster) for what the gateway did not write so */
function toDevice(secret: DeviceSecret): Device {
  const device = parseDevice(secret);
  if (device !== undefined) return device;
  throw new Failure('cluster', `the Secret ${secret.metadata.name} is not a device as a gateway writes it`, {
    hint: 'delete it: the member enrols that device again; who may write such Secrets is shown by preflight',
  });
}

/** undefined for what the gateway did not write so. */
function parseDevice({ metadata, data }: DeviceSecret): Device | undefined {
  const { name, uid, resourceVersion, creationTimestamp, deletionTimestamp, annotations = {}, labels = {} } = metadata;
  const content = dataSchema.safeParse(
    Object.fromEntries(
      Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
    ),
  );
  const accountName = annotations[accountAnnotation];
  const accountUid = annotations[accountUidAnnotation];
  // Without its label a device would be missing in the list that its member sees.
  const isWhole =
    accountUid !== undefined &&
    Array.from({ length: devicesPerAccount }, (_, slot) => deviceName(accountUid, slot)).includes(name) &&
    labels[accountLabel] === labelOf(accountUid);
  if (!content.success || accountName === undefined || accountUid === undefined || !isWhole) return undefined;
  return {
    name,
    uid,
    resourceVersion,
    account: { name: accountName, uid: accountUid },
    publicKey: content.data.publicKey,
    label: content.data.name,
    createdAt: Date.parse(creationTimestamp),
    renewedAt: Date.parse(content.data.renewed),
    nonce: content.data.nonce,
    terminating: deletionTimestamp !== undefined,
  };
}

function isDeviceName(name: string): boolean {
  return /^device-[0-9a-f-]{36}-[0-9]$/.test(name);
}

/** A label's value holds at most 63 characters. */
function labelOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}

function encoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function collection(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
}

function pathOf(namespace: string, name: string): string {
  return `${collection(namespace)}/${encodeURIComponent(name)}`;
}
