/** Gives namespaces from before the policies their owner: the label poolc.org/owner. */
import pMap from 'p-map';
import { ownerLabel } from '../audit/members.ts';
import { roleBindingKind } from '../audit/objects.ts';
import { toFailure } from '../lib/failure.ts';
import { isClustersOwn } from './clusters-own.ts';
import type { RolloutContext } from './context.ts';
import { type AdoptionDecision, decideAdoption } from './decide-adoption.ts';
import { type ListedNamespace, namespacePath, readNow, whatChanged } from './namespaces.ts';

/** What can be said from the cluster as it is. Changes nothing. */
export async function planAdoption({ gathered, targetNamespace }: RolloutContext): Promise<AdoptionDecision[]> {
  const [namespaces, roleBindings, isSystem] = await Promise.all([
    gathered.namespaces(),
    gathered.list(roleBindingKind),
    isClustersOwn(gathered),
  ]);
  return decideAdoption({ namespaces, roleBindings, isSystem, targetNamespace });
}

export interface Adopted {
  readonly namespace: string;
  readonly owner: string;
  /** Why not; undefined where it was done. */
  readonly problem: string | undefined;
}

/** Sets the labels that were decided on; one that can't be set stops no other. */
export async function adopt(context: RolloutContext, decisions: readonly AdoptionDecision[]): Promise<Adopted[]> {
  const { signal, concurrency } = context;
  return pMap(
    decisions.filter((decision) => decision.kind === 'adopt'),
    async ({ namespace, uid, owner }) => {
      try {
        return { namespace, owner, problem: await label(context, { namespace, uid, owner: undefined }, owner) };
      } catch (error) {
        signal.throwIfAborted();
        const { status, message } = toFailure(error);
        const again = status === 409 ? 'it changed at this moment: run this again' : message;
        return { namespace, owner, problem: again };
      }
    },
    { concurrency, signal },
  );
}

/** @returns why it was not done. @throws Failure, with status 409 where it changes at the same moment */
async function label(
  { client, signal }: RolloutContext,
  listed: ListedNamespace,
  owner: string,
): Promise<string | undefined> {
  const now = await readNow(client, listed.namespace, signal);
  const change = whatChanged(listed, now);
  if (change !== undefined || now === undefined) return change;
  const { uid, resourceVersion } = now.metadata;
  await client.call({
    method: 'PATCH',
    path: namespacePath(listed.namespace),
    // Both are conditions: another namespace of this name, or another change, is answered with 409.
    body: { metadata: { uid, resourceVersion, labels: { [ownerLabel]: owner } } },
    signal,
  });
  return undefined;
}
