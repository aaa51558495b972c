/**
 * ServiceAccounts of the target namespace: list, create, delete. A delivered token hangs on them, so that nothing of one is
 * ever updated but the id in its annotation.
 */
import * as z from 'zod';
import { annotationOf, type MemberId, memberIdFrom } from '../core/member-id.ts';
import { type Account, managedByLabel, managedByValue, type OwnedAccount } from '../core/model.ts';
import { type ClusterClient, parseAnswer } from '../kube/client.ts';
import { listPages } from '../kube/pages.ts';
import { Failure, withContext } from '../lib/failure.ts';
import { commandTemplate } from '../lib/shell-command.ts';
import { deployCommand } from './deploy-command.ts';

const serviceAccountSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
type ServiceAccount = z.infer<typeof serviceAccountSchema>;
/** A ServiceAccount of the API, read as an account. */
export const accountSchema: z.ZodType<Account> = serviceAccountSchema.transform(toAccount);

const listSchema = z.object({
  metadata: z.object({ continue: z.string().optional() }),
  items: z.array(serviceAccountSchema),
});

const namespaceSchema = z.object({ status: z.object({ phase: z.string().optional() }).optional() });

/**
 * Every ServiceAccount of the namespace, ours or not.
 * The list of a namespace that doesn't exist is an error: to an administrator the API server answers 200 and empty, so a
 * list without any account that we own is followed by a look at the namespace.
 */
export async function listAccounts(client: ClusterClient, namespace: string, signal: AbortSignal): Promise<Account[]> {
  try {
    const items = await listPages({
      client,
      path: collection(namespace),
      item: serviceAccountSchema,
      what: 'ServiceAccounts',
      signal,
    });
    const accounts = items.map(toAccount);
    if (!accounts.some(({ labelled }) => labelled)) await requireNamespace(client, namespace, signal);
    return accounts;
  } catch (error) {
    throw explain(error, client, namespace);
  }
}

/** One account by name; undefined when there is none. Uses the list verb, so that a run needs no other. */
export async function findAccount(
  client: ClusterClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<Account | undefined> {
  const query = new URLSearchParams({ fieldSelector: `metadata.name=${name}` });
  const response = await client.call({ method: 'GET', path: `${collection(namespace)}?${query.toString()}`, signal });
  const [item] = parseAnswer(listSchema, response, 'ServiceAccounts').items;
  return item === undefined ? undefined : toAccount(item);
}

/**
 * Creates a member's account. A name that exists already may be our own earlier attempt whose answer was lost: then that
 * one is given.
 * @throws Failure (AlreadyExists) when the name is held by anyone else
 */
export async function createAccount(
  client: ClusterClient,
  namespace: string,
  { name, memberId }: { name: string; memberId: MemberId },
  signal: AbortSignal,
): Promise<Account> {
  const body = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name,
      namespace,
      labels: { [managedByLabel]: managedByValue },
      annotations: { [annotationOf(memberId)]: memberId },
    },
    // Members use tokens that are minted for them; no pod gets one by being started under this account.
    automountServiceAccountToken: false,
  };
  const response = await client.call({ method: 'POST', path: collection(namespace), body, signal, expected: [409] });
  if (response.status !== 409) return toAccount(parseAnswer(serviceAccountSchema, response, name));
  const existing = await findAccount(client, namespace, name, signal);
  if (existing !== undefined && existing.labelled && existing.memberId === memberId && !existing.terminating)
    return existing;
  throw new Failure('cluster', `the ServiceAccount ${name} was created by someone else meanwhile`, {
    status: 409,
    reason: 'AlreadyExists',
    hint: 'run sync again: the member gets another name',
  });
}

/**
 * Deletes exactly this account: the UID precondition keeps a namesake that was created meanwhile.
 * Gone already, or replaced by a namesake, counts as deleted.
 * @throws Failure (Conflict) when it is refused though the account is there
 */
export async function deleteAccount(
  client: ClusterClient,
  namespace: string,
  account: Pick<Account, 'name' | 'uid'>,
  signal: AbortSignal,
): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: account.uid } };
  const response = await client.call({
    method: 'DELETE',
    path: accountPath(namespace, account.name),
    body,
    signal,
    expected: [404, 409],
  });
  if (response.status !== 409) return;
  const current = await findAccount(client, namespace, account.name, signal);
  if (current?.uid !== account.uid) return;
  throw new Failure('cluster', `the API server refuses to delete the ServiceAccount ${account.name} (409)`, {
    status: 409,
    reason: 'Conflict',
    hint: `run sync again; if it stays, look at it with \`${commandTemplate(client.access.kubectl)`-n ${namespace} get serviceaccount ${account.name} -o yaml`}\``,
  });
}

/**
 * Writes another id on exactly this account. Its name and UID stay, so that every token of it goes on working.
 * @throws Failure (Conflict) where a namesake took its place
 */
export async function rekeyAccount(
  client: ClusterClient,
  namespace: string,
  { name, uid, memberId }: Pick<OwnedAccount, 'name' | 'uid' | 'memberId'>,
  to: MemberId,
  signal: AbortSignal,
): Promise<void> {
  const annotations = { [annotationOf(memberId)]: null, [annotationOf(to)]: to };
  const body = { metadata: { uid, annotations } };
  await client.call({ method: 'PATCH', path: accountPath(namespace, name), body, signal });
}

/** @throws Failure when the namespace doesn't exist, or is being deleted with everything in it */
async function requireNamespace(client: ClusterClient, namespace: string, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const response = await client.call({ method: 'GET', path, signal, expected: [404] });
  if (response.status === 404) throw namespaceMissing(client, namespace);
  const { status } = parseAnswer(namespaceSchema, response, `the namespace ${namespace}`);
  if (status?.phase !== 'Terminating') return;
  throw new Failure(
    'cluster',
    `the namespace ${namespace} is being deleted, with every account in it; nothing was changed`,
    {
      reason: 'NamespaceMissing',
      hint: `wait until it is gone, create it anew with ${deployCommand(client.access)}, then sync: until then nobody has access`,
    },
  );
}

export function accountPath(namespace: string, name: string): string {
  return `${collection(namespace)}/${encodeURIComponent(name)}`;
}

function collection(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts`;
}

function namespaceMissing({ access }: ClusterClient, namespace: string): Failure {
  return new Failure('cluster', `the namespace ${namespace} does not exist; nothing was changed`, {
    reason: 'NamespaceMissing',
    hint: `create it with \`${commandTemplate(access.kubectl)`create namespace ${namespace}`}\`, or with its Role: ${deployCommand(access)}`,
  });
}

function explain(error: unknown, { access }: ClusterClient, namespace: string): Failure {
  if (error instanceof Failure && error.status === 403) {
    return new Failure('cluster', `listing ServiceAccounts in ${namespace}: ${error.message}`, {
      cause: error,
      status: 403,
      ...(error.reason === undefined ? {} : { reason: error.reason }),
      hint: `either the namespace ${namespace} does not exist (its Role went with it) or the Role is missing there: ${deployCommand(access)} brings both`,
    });
  }
  return error instanceof Failure && error.reason === 'NamespaceMissing'
    ? error
    : withContext(`listing ServiceAccounts in ${namespace}`, error);
}

function toAccount({ metadata }: ServiceAccount): Account {
  return {
    name: metadata.name,
    uid: metadata.uid,
    labelled: metadata.labels?.[managedByLabel] === managedByValue,
    memberId: memberIdFrom(metadata.annotations ?? {}),
    createdAt: Date.parse(metadata.creationTimestamp),
    terminating: metadata.deletionTimestamp !== undefined,
  };
}
