/** What a MemberSync made for its members besides their accounts, as it says itself: moved when the owner, or an id, is. */
import * as z from 'zod';
import { annotationOf, type MemberId, memberIdFrom } from '../core/member-id.ts';
import { managedByLabel, managedByValue, ownerAnnotation } from '../core/model.ts';
import { type ClusterClient, partialMetadata, partialMetadataOfOne } from '../kube/client.ts';
import { listPages } from '../kube/pages.ts';

const objectSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
});

interface Kind {
  readonly group: string;
  readonly resource: string;
}
const namespaces: Kind = { group: '/api/v1', resource: 'namespaces' };
const inWorkspaces: readonly Kind[] = [
  { group: '/apis/rbac.authorization.k8s.io/v1', resource: 'rolebindings' },
  { group: '/api/v1', resource: 'resourcequotas' },
];

/** Where such objects are. */
export interface OwnedPlaces {
  /** Whether members have namespaces of their own. */
  readonly hasWorkspaces: boolean;
  /** Of the members' Secrets, where there are any. */
  readonly secretsNamespace: string | undefined;
}

/**
 * Makes the objects of one MemberSync another's. Reads and writes metadata alone, so that no token passes through.
 * @returns how many
 */
export async function moveOwnedObjects(
  client: ClusterClient,
  { hasWorkspaces, secretsNamespace }: OwnedPlaces,
  { from, to }: { readonly from: string; readonly to: string },
  signal: AbortSignal,
): Promise<number> {
  const lists = [
    ...(hasWorkspaces ? [namespaces, ...inWorkspaces].map(({ group, resource }) => `${group}/${resource}`) : []),
    ...(secretsNamespace === undefined ? [] : [`/api/v1/namespaces/${encodeURIComponent(secretsNamespace)}/secrets`]),
  ];
  let moved = 0;
  for (const list of lists) {
    for (const { metadata } of await listOwned(client, list, from, signal)) {
      const { uid, namespace, name } = metadata;
      const collection =
        namespace === undefined || list.includes('/namespaces/')
          ? list
          : list.replace(/\/([a-z]+)$/, `/namespaces/${encodeURIComponent(namespace)}/$1`);
      const body = { metadata: { uid, annotations: { [ownerAnnotation]: to } } };
      await patch(client, `${collection}/${encodeURIComponent(name)}`, body, signal);
      moved++;
    }
  }
  return moved;
}

/** Writes other ids on the members' namespaces. */
export async function rekeyWorkspaces(
  client: ClusterClient,
  owner: string,
  ids: ReadonlyMap<MemberId, MemberId>,
  signal: AbortSignal,
): Promise<void> {
  const list = `${namespaces.group}/${namespaces.resource}`;
  for (const { metadata } of await listOwned(client, list, owner, signal)) {
    const from = memberIdFrom(metadata.annotations);
    const to = from === undefined ? undefined : ids.get(from);
    if (from === undefined || to === undefined) continue;
    const annotations = { [annotationOf(from)]: null, [annotationOf(to)]: to };
    const path = `${list}/${encodeURIComponent(metadata.name)}`;
    await patch(client, path, { metadata: { uid: metadata.uid, annotations } }, signal);
  }
}

async function listOwned(client: ClusterClient, path: string, owner: string, signal: AbortSignal) {
  const query = { labelSelector: `${managedByLabel}=${managedByValue}` };
  const found = await listPages({
    client,
    path,
    query,
    item: objectSchema,
    what: path,
    signal,
    accept: partialMetadata,
  });
  return found.filter(({ metadata }) => metadata.annotations[ownerAnnotation] === owner);
}

/** Gone meanwhile counts as moved. */
async function patch(client: ClusterClient, path: string, body: object, signal: AbortSignal): Promise<void> {
  await client.call({ method: 'PATCH', path, body, signal, accept: partialMetadataOfOne, expected: [404] });
}
