/**
 * Gives each member's namespace what comes with it, where no controller does. Can be run at any time:
 * - A namespace whose owner's RoleBinding is right is left as it is: the rest was made once, and may have been changed.
 * - Otherwise what is missing is made, the RoleBinding last, and a wrong one is put right.
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
import { collectionFinder, type Manifest, manifestFor, namesOwner } from './contents.ts';
import type { RolloutContext } from './context.ts';
import { type ListedNamespace, readNow, whatChanged } from './namespaces.ts';

export interface Provided {
  readonly namespace: string;
  readonly outcome: 'complete' | 'provided' | 'left alone' | 'failed';
  /** `Kind/name` of what was made or put right. */
  readonly made: readonly string[];
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
      if (reason !== undefined) return { namespace, outcome: 'left alone', made: [], reason };
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
    const owners = manifests.filter(({ isOwners }) => isOwners);
    const states = await Promise.all(owners.map(({ manifest }) => stateOf(input, namespace, manifest)));
    if (states.every(({ isRight }) => isRight)) return { namespace, outcome: 'complete', made, reason: undefined };
    for (const { manifest, isOwners } of manifests) {
      if (!isOwners && (await create(input, listed, manifest)) !== undefined) made.push(titleOf(manifest));
    }
    for (const state of states) {
      if (state.isRight) continue;
      const uid = await putRight(input, listed, state);
      made.push(titleOf(state.manifest));
      await takeBackIfChanged(input, listed, state.manifest, uid);
    }
    return { namespace, outcome: 'provided', made, reason: undefined };
  } catch (error) {
    input.context.signal.throwIfAborted();
    return { namespace, outcome: 'failed', made, reason: toFailure(error).message };
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

/** @returns its UID */
async function putRight(input: ProvideInput, listed: OwnedNamespace, state: ObjectState): Promise<string> {
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
  if (uid === undefined)
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
