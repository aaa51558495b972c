/** What each member's namespace comes with: deploy/policies/namespace-contents, read from a checkout as data. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { type ClusterClient, parseAnswer } from '../kube/client.ts';
import { Failure } from '../lib/failure.ts';
import { isRecord } from '../lib/json.ts';

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Stands for the owner's ServiceAccount name; Kyverno's forms are rendered from the same files. */
const ownerPlaceholder = '$(OWNER)';

/** @throws Failure (usage) where there is no such folder, or something else in it */
export async function readContents(folder: string): Promise<Manifest[]> {
  const hint = 'run it in a checkout of this project, or name the folder with --contents';
  let files: string[];
  try {
    files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).toSorted();
  } catch (error) {
    throw new Failure('usage', `what namespaces come with can't be read: there is no folder ${folder}`, {
      cause: error,
      hint,
    });
  }
  const manifests = await Promise.all(files.map((file) => readManifests(join(folder, file))));
  if (manifests.flat().length === 0)
    throw new Failure('usage', `the folder ${folder} holds no manifest (*.yaml)`, { hint });
  return manifests.flat();
}

async function readManifests(file: string): Promise<Manifest[]> {
  const documents = parseAllDocuments(await readFile(file, 'utf8'));
  return [...documents].map((document) => {
    const parsed = manifestSchema.safeParse(document.errors.length === 0 ? document.toJS() : undefined);
    if (!parsed.success)
      throw new Failure('usage', `${file} holds something that is no Kubernetes object`, {
        hint: 'each document of it needs apiVersion, kind and metadata.name',
      });
    return parsed.data;
  });
}

export function namesOwner(manifest: Manifest): boolean {
  return JSON.stringify(manifest).includes(ownerPlaceholder);
}

/** Whether its owner can't delete it, by deploy/policies/builtin/namespace-contents.yaml. */
export function isOperators({ kind }: Manifest): boolean {
  return kind === 'ResourceQuota' || kind === 'LimitRange';
}

/** The manifest for a namespace. The owner's name is put into the data, never into text that is parsed afterwards. */
export function manifestFor(manifest: Manifest, { namespace, owner }: { namespace: string; owner: string }): Manifest {
  const { metadata, ...rest } = manifestSchema.parse(withOwner(manifest, owner));
  return { ...rest, metadata: { ...metadata, namespace } };
}

function withOwner(value: unknown, owner: string): unknown {
  if (typeof value === 'string') return value.replaceAll(ownerPlaceholder, () => owner);
  if (Array.isArray(value)) return value.map((item) => withOwner(item, owner));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withOwner(item, owner)]));
}

const resourcesSchema = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});

/** The collection of a kind in a namespace, as the API server serves it. Asked once for each group and version. */
export function collectionFinder(
  client: ClusterClient,
  signal: AbortSignal,
): (manifest: Manifest, namespace: string) => Promise<string> {
  const known = new Map<string, Promise<z.infer<typeof resourcesSchema>>>();
  const ask = async (root: string) =>
    parseAnswer(resourcesSchema, await client.call({ method: 'GET', path: root, signal }), root);
  return async ({ apiVersion, kind }, namespace) => {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const asked = known.get(root) ?? ask(root);
    known.set(root, asked);
    const { resources } = await asked;
    const resource = resources.find((each) => each.kind === kind && each.namespaced && !each.name.includes('/'));
    if (resource === undefined)
      throw new Failure('cluster', `the API server serves no ${kind} of ${apiVersion} in a namespace`, {
        hint: 'look at what --contents holds',
      });
    return `${root}/namespaces/${encodeURIComponent(namespace)}/${resource.name}`;
  };
}
