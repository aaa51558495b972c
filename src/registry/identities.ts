/**
 * Who logged in to an account first, where logins and not ids say whose it is: a Secret of a type of its own beside the
 * account, which never changes. The account owns it, so that a new account with the same name begins anew; until Kubernetes
 * has removed the old account's, it counts for nothing.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Account, accountAnnotation, managedByLabel, managedByValue } from '../core/model.ts';
import { type ClusterClient, parseAnswer } from '../kube/client.ts';
import { listPages } from '../kube/pages.ts';
import { findAccount } from './accounts.ts';

const identityType = 'credentials-updater.poolc.org/identity';
/** Finds the account of a person. */
const personLabel = 'credentials-updater.poolc.org/identity';

/** Somebody at a login provider, by what the provider never changes or gives to another. */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
}

const secretSchema = z.object({
  metadata: z.object({
    name: z.string(),
    ownerReferences: z.array(z.object({ kind: z.string(), name: z.string(), uid: z.string() })).optional(),
  }),
  type: z.literal(identityType),
  data: z.object({ issuer: z.base64(), subject: z.base64() }),
});

/**
 * Remembers that this account is this person's, unless it is another's, or the person has another account.
 * @returns whether it is theirs. @throws Failure (cluster)
 */
export async function claimAccount(
  client: ClusterClient,
  namespace: string,
  account: Pick<Account, 'name' | 'uid'>,
  person: Person,
  signal: AbortSignal,
): Promise<boolean> {
  const known = await readPerson(client, namespace, account, signal);
  if (known !== undefined) return isSame(known, person);
  const query = { fieldSelector: `type=${identityType}`, labelSelector: `${personLabel}=${labelOf(person)}` };
  const path = collection(namespace);
  const theirs = await listPages({ client, path, query, item: secretSchema, what: 'identities', signal });
  for (const identity of theirs) if (await hasAccount(client, namespace, identity, signal)) return false;
  const body = newSecret(namespace, account, person);
  const created = await client.call({ method: 'POST', path, body, signal, expected: [409] });
  if (created.status !== 409) return true;
  // Somebody was first by a moment: perhaps the same person, twice.
  const first = await readPerson(client, namespace, account, signal);
  return first !== undefined && isSame(first, person);
}

/** Whether the account is there whose identity this is. */
async function hasAccount(
  client: ClusterClient,
  namespace: string,
  { metadata: { name, ownerReferences = [] } }: z.infer<typeof secretSchema>,
  signal: AbortSignal,
): Promise<boolean> {
  const owner = ownerReferences.find(({ kind, uid }) => kind === 'ServiceAccount' && name === nameOf(uid));
  if (owner === undefined) return false;
  const account = await findAccount(client, namespace, owner.name, signal);
  return account !== undefined && account.uid === owner.uid && !account.terminating;
}

async function readPerson(
  client: ClusterClient,
  namespace: string,
  { uid }: Pick<Account, 'uid'>,
  signal: AbortSignal,
): Promise<Person | undefined> {
  const name = nameOf(uid);
  const path = `${collection(namespace)}/${name}`;
  const response = await client.call({ method: 'GET', path, signal, expected: [404] });
  if (response.status === 404) return undefined;
  const { data } = parseAnswer(secretSchema, response, `the identity ${name}`);
  return { issuer: decoded(data.issuer), subject: decoded(data.subject) };
}

function newSecret(namespace: string, { name, uid }: Pick<Account, 'name' | 'uid'>, person: Person) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: nameOf(uid),
      namespace,
      labels: { [managedByLabel]: managedByValue, [personLabel]: labelOf(person) },
      annotations: { [accountAnnotation]: name },
      ownerReferences: [{ apiVersion: 'v1', kind: 'ServiceAccount', name, uid, blockOwnerDeletion: false }],
    },
    type: identityType,
    immutable: true,
    data: { issuer: encoded(person.issuer), subject: encoded(person.subject) },
  };
}

const nameOf = (uid: string): string => `identity-${encodeURIComponent(uid)}`;
const encoded = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const decoded = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

function isSame(one: Person, other: Person): boolean {
  return one.issuer === other.issuer && one.subject === other.subject;
}

/** A label's value holds at most 63 characters. */
function labelOf({ issuer, subject }: Person): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex')
    .slice(0, 40);
}

function collection(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
}
