/** A namespace between the moment it was listed and the moment something is written about it. */
import * as z from 'zod';
import { ownerOf } from '../audit/members.ts';
import { metadataSchema } from '../audit/objects.ts';
import { printable } from '../core/model.ts';
import { type ClusterClient, parseAnswer } from '../kube/client.ts';

const namespaceSchema = z.object({ metadata: metadataSchema.extend({ resourceVersion: z.string() }) });
export type NamespaceNow = z.infer<typeof namespaceSchema>;

/** A name outlives its namespace: who deletes theirs and makes it anew has another UID, and perhaps another owner. */
export interface ListedNamespace {
  readonly namespace: string;
  readonly uid: string;
  /** undefined where it had none. */
  readonly owner: string | undefined;
}

export function namespacePath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
}

/** As it is now: undefined where it is gone. */
export async function readNow(
  client: ClusterClient,
  namespace: string,
  signal: AbortSignal,
): Promise<NamespaceNow | undefined> {
  const response = await client.call({ method: 'GET', path: namespacePath(namespace), signal, expected: [404] });
  return response.status === 404 ? undefined : parseAnswer(namespaceSchema, response, `the namespace ${namespace}`);
}

/** Why it is no longer the namespace that was listed; undefined while it is. */
export function whatChanged({ uid, owner }: ListedNamespace, now: NamespaceNow | undefined): string | undefined {
  if (now === undefined) return 'it is gone';
  if (now.metadata.uid !== uid) return 'it was deleted and made anew meanwhile';
  if (now.metadata.deletionTimestamp !== undefined) return 'it is being deleted';
  const ownerNow = ownerOf(now);
  if (ownerNow === owner) return undefined;
  return ownerNow === undefined
    ? 'its owner label was taken off meanwhile'
    : `its owner was set to ${printable(ownerNow)} meanwhile`;
}
