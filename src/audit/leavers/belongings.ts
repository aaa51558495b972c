/** What is in a leaver's namespaces: other ways in, and what still runs. Names alone are asked for. */

import * as z from 'zod';
import { allInOrder } from '../../lib/all-in-order.ts';
import { Failure } from '../../lib/failure.ts';
import type { Gathered } from '../gather.ts';
import { type Kind, tokenSecretKind } from '../objects.ts';

export interface Belongings {
  /** ServiceAccounts that somebody made there: not members, so that they outlive the member. */
  readonly accounts: readonly string[];
  /** Secrets with tokens that never expire. */
  readonly tokenSecrets: readonly string[];
  /** What runs, without what another object starts. */
  readonly workloads: readonly Workload[];
}

export interface Workload {
  /** As kubectl calls it: `deployment`. */
  readonly kind: string;
  readonly name: string;
}

export interface Inventory {
  readonly of: (namespace: string) => Belongings;
  /** The kinds that may not be enListed, in words; empty where everything could be looked at. */
  readonly unseen: readonly string[];
}

const itemSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    ownerReferences: z.array(z.object({ controller: z.boolean().optional() })).nullish(),
  }),
});
type Item = z.infer<typeof itemSchema>;

const kindOf = (path: string, what: string): Kind<Item> => ({ path, what, item: itemSchema, metadataOnly: true });
const accountKind = kindOf('/api/v1/serviceaccounts', 'ServiceAccounts');
const secretKind: Kind<Item> = { ...tokenSecretKind(), item: itemSchema };
const workloadKinds: Readonly<Record<string, Kind<Item>>> = {
  pod: kindOf('/api/v1/pods', 'Pods'),
  replicationcontroller: kindOf('/api/v1/replicationcontrollers', 'ReplicationControllers'),
  deployment: kindOf('/apis/apps/v1/deployments', 'Deployments'),
  statefulset: kindOf('/apis/apps/v1/statefulsets', 'StatefulSets'),
  daemonset: kindOf('/apis/apps/v1/daemonsets', 'DaemonSets'),
  replicaset: kindOf('/apis/apps/v1/replicasets', 'ReplicaSets'),
  job: kindOf('/apis/batch/v1/jobs', 'Jobs'),
  cronjob: kindOf('/apis/batch/v1/cronjobs', 'CronJobs'),
};

/** One paged list of each kind, whatever the number of namespaces. */
export async function takeInventory({ list }: Gathered, namespaces: ReadonlySet<string>): Promise<Inventory> {
  const forbidden = new Set<Kind<Item>>();
  const look = async (kind: Kind<Item>): Promise<Map<string, Item[]>> => {
    try {
      const items = (await list(kind)).filter(({ metadata }) => namespaces.has(metadata.namespace));
      return Map.groupBy(items, ({ metadata }) => metadata.namespace);
    } catch (error) {
      if (!(error instanceof Failure) || error.status !== 403) throw error;
      forbidden.add(kind);
      return new Map();
    }
  };
  if (namespaces.size === 0) return { of: () => ({ accounts: [], tokenSecrets: [], workloads: [] }), unseen: [] };
  const kinds = [accountKind, secretKind, ...Object.values(workloadKinds)];
  const [accounts, secrets, ...workloads] = await allInOrder(kinds.map(look));
  const namesIn = (found: Map<string, Item[]> | undefined, namespace: string) =>
    (found?.get(namespace) ?? []).map(({ metadata }) => metadata.name);
  return {
    unseen: kinds.filter((kind) => forbidden.has(kind)).map(({ what }) => what),
    of: (namespace) => ({
      accounts: namesIn(accounts, namespace).filter((name) => name !== 'default'),
      tokenSecrets: namesIn(secrets, namespace),
      workloads: Object.keys(workloadKinds).flatMap((kind, index) =>
        (workloads[index]?.get(namespace) ?? [])
          .filter((item) => !isStartedByAnother(item))
          .map(({ metadata }) => ({ kind, name: metadata.name })),
      ),
    }),
  };
}

function isStartedByAnother({ metadata }: Item): boolean {
  return (metadata.ownerReferences ?? []).some(({ controller }) => controller === true);
}
