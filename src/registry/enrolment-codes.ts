/**
 * One-time codes by which an operator lets a device in: a Secret of a type of its own beside the accounts, and a token that
 * is bound to it. The Secret holds nothing. To spend the code is to delete the Secret, which only one can do.
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type Account, accountAnnotation, managedByLabel, managedByValue } from '../core/model.ts';
import { type ClusterClient, parseAnswer } from '../kube/client.ts';
import { listPages } from '../kube/pages.ts';

const codeSecretType = 'credentials-updater.poolc.org/enrolment-code';
export const enrolmentCodeLifetimeSeconds = 86_400;

/** The Secret that a code's token is bound to. */
export interface CodeSecret {
  readonly name: string;
  readonly uid: string;
}

const metadataSchema = z.object({
  name: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().optional(),
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z.array(z.object({ kind: z.string(), uid: z.string() })).optional(),
});
const codeSchema = z.object({ metadata: metadataSchema, type: z.literal(codeSecretType) });
const anySchema = z.object({ metadata: metadataSchema, type: z.string() });

/** A name that nothing else has. */
export const newCodeName = (): string => `enrolment-code-${randomUUID()}`;

/** @param codeName a new one. @throws Failure (cluster); then it may be there or not */
export async function createEnrolmentCode(
  client: ClusterClient,
  namespace: string,
  codeName: string,
  { name, uid }: Pick<Account, 'name' | 'uid'>,
  signal: AbortSignal,
): Promise<CodeSecret> {
  const created = await client.call({
    method: 'POST',
    path: collection(namespace),
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: codeName,
        namespace,
        labels: { [managedByLabel]: managedByValue },
        annotations: { [accountAnnotation]: name },
        ownerReferences: [{ apiVersion: 'v1', kind: 'ServiceAccount', name, uid, blockOwnerDeletion: false }],
      },
      type: codeSecretType,
      immutable: true,
    },
    signal,
    expected: [409],
  });
  const path = `${collection(namespace)}/${encodeURIComponent(codeName)}`;
  // The name is new: an earlier attempt of this call, whose answer was lost, has made it.
  const response = created.status === 409 ? await client.call({ method: 'GET', path, signal }) : created;
  const { metadata } = parseAnswer(codeSchema, response, 'the Secret of the code');
  return { name: metadata.name, uid: metadata.uid };
}

/** Removes the Secret of a code that nobody has got, if it is there. @throws Failure (cluster) */
export async function withdrawEnrolmentCode(
  client: ClusterClient,
  namespace: string,
  codeName: string,
  signal: AbortSignal,
): Promise<void> {
  const path = `${collection(namespace)}/${encodeURIComponent(codeName)}`;
  await client.call({ method: 'DELETE', path, signal, expected: [404] });
}

/**
 * Uses the code up, for the account that it was made for.
 * @returns whether this call has: of several at once, one does. false for what is gone, another's, or no code at all
 * @throws Failure (cluster); then it may be used up, and is not worth another try
 */
export async function spendEnrolmentCode(
  client: ClusterClient,
  namespace: string,
  { name, uid }: CodeSecret,
  accountUid: string,
  signal: AbortSignal,
): Promise<boolean> {
  const path = `${collection(namespace)}/${encodeURIComponent(name)}`;
  const found = await client.call({ method: 'GET', path, signal, expected: [404] });
  if (found.status === 404) return false;
  const { metadata, type } = parseAnswer(anySchema, found, 'the Secret of a code');
  const { resourceVersion, finalizers = [], ownerReferences = [] } = metadata;
  const isWhole =
    type === codeSecretType &&
    metadata.uid === uid &&
    metadata.deletionTimestamp === undefined &&
    // With a finalizer it would stay after its deletion, and could be deleted again.
    finalizers.length === 0 &&
    ownerReferences.some(({ kind, uid: owner }) => kind === 'ServiceAccount' && owner === accountUid);
  if (!isWhole) return false;
  const preconditions = { uid, resourceVersion };
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy: 'Background' };
  const deleted = await client.once({ method: 'DELETE', path, body, signal, expected: [404, 409] });
  return deleted.status !== 404 && deleted.status !== 409;
}

/** Removes the codes that nobody used in time. @param now milliseconds since the epoch. @returns how many */
export async function removeOldCodes(
  client: ClusterClient,
  namespace: string,
  now: number,
  signal: AbortSignal,
): Promise<number> {
  const codes = await listPages({
    client,
    path: collection(namespace),
    query: { fieldSelector: `type=${codeSecretType}` },
    item: codeSchema,
    what: 'enrolment codes',
    signal,
  });
  // Twice their life: an API server may grant more than was asked for.
  const old = codes.filter(
    ({ metadata }) => now - Date.parse(metadata.creationTimestamp) > 2_000 * enrolmentCodeLifetimeSeconds,
  );
  for (const { metadata } of old) {
    const path = `${collection(namespace)}/${encodeURIComponent(metadata.name)}`;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: metadata.uid } };
    await client.call({ method: 'DELETE', path, body, signal, expected: [404, 409] });
  }
  return old.length;
}

function collection(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
}
