/**
 * Gives each member's namespace what comes with it, where no controller does or one has left something out (Kyverno 1.15
 * forgets an object whose creation fails once). Can be run at any time:
 * - A quota or limits that are missing are made: only an operator deletes them. What is there stays as it is.
 * - The rest is made only while the owner's RoleBinding isn't right: later, the owner may have deleted it. It is named.
 * - The RoleBinding is made last, and a wrong one is put right.
 * - Right before each write the namespace is read again: it must be the one that was listed, and its owner the same.
 * - A namespace that is being deleted is left alone, and a failure in one stops no other.
 */
import pMap from 'p-map';
import * as z from 'zod';
import { ownerOf } from '../audit/members.ts';
import type { Namespace } from '../audit/objects.ts';
import { printable } from '../core/model.ts';
import { isValidName } from '../core/names.ts';
import { parseAnswer } from '../kube/client.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { isClustersOwn } from './clusters-own.ts';
import { collectionFinder, isOperators, type Manifest, manifestFor, namesOwner } from './contents.ts';
import type { RolloutContext } from './context.ts';
import { type ListedNamespace, readNow, whatChanged } from './namespaces.ts';

export interface Provided {
  readonly namespace: string;
  readonly outcome: 'complete' | 'provided' | 'left alone' | 'failed';
  /** `Kind/name` of what was made or put right. */
  readonly made: readonly string[];
  /** The same of what is not there, and was not made because its owner may have deleted it. */
  readonly missing: readonly string[];
  /** Why it was left alone, or what failed. */
  readonly reason: string | undefined;
}

/** @returns one outcome for each namespace that has an owner, in the order of their names */
export async function provide(context: RolloutContext, contents: readonly Manifest[]): Promise<Provided[]> {
  const { gathered, client, signal, concurrency } = context;
  const isSystem = await isClustersOwn(gathered);
  const collectionOf = collectionFinder(client, signal);
  const owned = (await gathered.namespaces())
    .filter((namespace) => ownerOf(namespace) !== undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return pMap(
    owned,
    async (found) => {
      const { name: namespace, uid } = found.metadata;
      const owner = ownerOf(found) ?? '';
      const reason = reasonToLeaveAlone(found, owner, isSystem);
      if (reason !== undefined) return { namespace, outcome: 'left alone', made: [], missing: [], reason };
      return provideOne({ context, contents, collectionOf }, { namespace, uid, owner });
    },
    { concurrency, signal },
  );
}

function reasonToLeaveAlone(
  { metadata }: Namespace,
  owner: string,
  isSystem: (namespace: string) => boolean,
): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return 'it is being deleted';
  if (!isValidName(owner)) return `its owner label, ${printable(owner) || 'empty'}, is no name of a ServiceAccount`;
  if (isSystem(metadata.name))
    return "its name is one of the cluster's own, so the policies trust its ServiceAccounts: take the owner label off, or move what is in it";
  return undefined;
}

export interface ProvideInput {
  readonly context: RolloutContext;
  readonly contents: readonly Manifest[];
  readonly collectionOf: ReturnType<typeof collectionFinder>;
}

interface OwnedNamespace extends ListedNamespace {
  readonly owner: string;
}

/** One namespace, as it was listed: never a later one of the same name, and never for another owner. */
async function provideOne(input: ProvideInput, listed: OwnedNamespace): Promise<Provided> {
  const { namespace } = listed;
  const made: string[] = [];
  try {
    const manifests = input.contents.map((manifest) => ({
      manifest: manifestFor(manifest, listed),
      isOwners: namesOwner(manifest),
    }));
    const states = await Promise.all(
      manifests.map(async ({ manifest, isOwners }) => ({
        ...(await stateOf(input, namespace, manifest)),
        isOwners,
      })),
    );
    const wrong = states.filter(({ isOwners, isRight }) => isOwners && !isRight);
    const absent = states.filter(({ isOwners, found }) => !isOwners && found === undefined);
    const toMake = absent.filter(({ manifest }) => wrong.length > 0 || isOperators(manifest));
    for (const { manifest } of toMake)
      if ((await create(input, listed, manifest)) !== undefined) made.push(titleOf(manifest));
    for (const state of wrong) {
      const uid = await putRight(input, listed, state);
      if (uid === undefined) continue;
      made.push(titleOf(state.manifest));
      await takeBackIfChanged(input, listed, state.manifest, uid);
    }
    const missing = absent.filter((state) => !toMake.includes(state)).map(({ manifest }) => titleOf(manifest));
    const outcome = wrong.length + toMake.length === 0 ? 'complete' : 'provided';
    return { namespace, outcome, made, missing, reason: undefined };
  } catch (error) {
    input.context.signal.throwIfAborted();
    return { namespace, outcome: 'failed', made, missing: [], reason: toFailure(error).message };
  }
}

const objectSchema = z.object({
  metadata: z.object({ uid: z.string(), resourceVersion: z.string() }),
  roleRef: z.object({ kind: z.string(), name: z.string() }).optional(),
  subjects: z
    .array(z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() }))
    .nullish()
    .transform((subjects) => subjects ?? []),
});
type FoundObject = z.infer<typeof objectSchema>;
const roleAndSubjectsSchema = objectSchema.omit({ metadata: true });

interface ObjectState {
  readonly manifest: Manifest;
  readonly found: FoundObject | undefined;
  readonly isRight: boolean;
}

async function stateOf(
  { context: { client, signal }, collectionOf }: ProvideInput,
  namespace: string,
  manifest: Manifest,
): Promise<ObjectState> {
  const path = `${await collectionOf(manifest, namespace)}/${encodeURIComponent(manifest.metadata.name)}`;
  const response = await client.call({ method: 'GET', path, signal, expected: [404] });
  if (response.status === 404) return { manifest, found: undefined, isRight: false };
  const found = parseAnswer(objectSchema, response, `${titleOf(manifest)} in ${namespace}`);
  const { roleRef, subjects } = roleAndSubjectsSchema.parse(manifest);
  return { manifest, found, isRight: isSame(found.roleRef, roleRef) && isSame(found.subjects, subjects) };
}

/** @returns its UID; undefined where somebody else has made it right meanwhile, such as Kyverno */
async function putRight(input: ProvideInput, listed: OwnedNamespace, state: ObjectState): Promise<string | undefined> {
  const { manifest, found } = state;
  const { client, signal } = input.context;
  if (found !== undefined) {
    const path = `${await input.collectionOf(manifest, listed.namespace)}/${encodeURIComponent(manifest.metadata.name)}`;
    await expectUnchanged(input, listed);
    const { uid, resourceVersion } = found.metadata;
    if (isSame(found.roleRef, roleAndSubjectsSchema.parse(manifest).roleRef)) {
      const body = { ...manifest, metadata: { ...manifest.metadata, uid, resourceVersion } };
      await client.call({ method: 'PUT', path, body, signal });
      return uid;
    }
    // The role of a RoleBinding can't be changed.
    await client.call({ method: 'DELETE', path, body: { preconditions: { uid, resourceVersion } }, signal });
  }
  const uid = await create(input, listed, manifest);
  if (uid === undefined && !(await stateOf(input, listed.namespace, manifest)).isRight)
    throw new Failure('cluster', `${titleOf(manifest)} was made by somebody else meanwhile: run this again`);
  return uid;
}

/** @returns its UID; undefined where there is one of that name, which stays as it is */
async function create(input: ProvideInput, listed: OwnedNamespace, manifest: Manifest): Promise<string | undefined> {
  const { client, signal } = input.context;
  const path = await input.collectionOf(manifest, listed.namespace);
  await expectUnchanged(input, listed);
  const response = await client.call({ method: 'POST', path, body: manifest, signal, expected: [409] });
  if (response.status === 409) return undefined;
  return parseAnswer(objectSchema, response, titleOf(manifest)).metadata.uid;
}

async function expectUnchanged({ context }: ProvideInput, listed: OwnedNamespace): Promise<void> {
  const change = whatChanged(listed, await readNow(context.client, listed.namespace, context.signal));
  if (change !== undefined) throw new Failure('cluster', `${change}: nothing more was written; run this again`);
}

/** Between the look and the write lies a moment in which the namespace may have become another's. */
async function takeBackIfChanged(
  { context: { client, signal }, collectionOf }: ProvideInput,
  listed: OwnedNamespace,
  manifest: Manifest,
  uid: string,
): Promise<void> {
  const change = whatChanged(listed, await readNow(client, listed.namespace, signal));
  if (change === undefined) return;
  const path = `${await collectionOf(manifest, listed.namespace)}/${encodeURIComponent(manifest.metadata.name)}`;
  await client.call({ method: 'DELETE', path, body: { preconditions: { uid } }, signal, expected: [404, 409] });
  throw new Failure('cluster', `${change}: ${titleOf(manifest)} was taken back; run this again`);
}

function titleOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
