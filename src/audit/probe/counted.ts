/**
 * How many objects of a kind a member may store. No dry-run shows it, since each is one object only; so this reads
 * whether a quota counts the kind in each member's namespace.
 */
import * as z from 'zod';
import { printable } from '../../core/model.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, failed } from '../finding.ts';
import { ownerOf } from '../members.ts';
import { type Kind, metadataSchema } from '../objects.ts';
import { enListed } from '../words.ts';

/** Kubernetes' own of deploy/policies/namespace-contents/store.yaml, as data. A test holds the two to each other. */
export const countedResources: readonly string[] = [
  'configmaps',
  'secrets',
  'pods',
  'replicasets.apps',
  'controllerrevisions.apps',
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'replicationcontrollers',
  'services',
  'endpoints',
  'endpointslices.discovery.k8s.io',
  'ingresses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'serviceaccounts',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'persistentvolumeclaims',
  'horizontalpodautoscalers.autoscaling',
  'poddisruptionbudgets.policy',
  'leases.coordination.k8s.io',
];

const quotaSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    hard: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
    // A quota with a scope counts some objects only.
    scopes: z.array(z.string()).nullish(),
    scopeSelector: z.unknown().optional(),
  }),
});
type Quota = z.infer<typeof quotaSchema>;

const quotaKind: Kind<Quota> = { path: '/api/v1/resourcequotas', what: 'ResourceQuotas', item: quotaSchema };

/** @returns a failure for each member's namespace in which something is not counted */
export async function uncounted({ gathered, commands }: AuditContext): Promise<Finding[]> {
  const owned = (await gathered.namespaces()).filter(
    (namespace) => ownerOf(namespace) !== undefined && namespace.metadata.deletionTimestamp === undefined,
  );
  if (owned.length === 0) return [];
  const quotas = Map.groupBy(await gathered.list(quotaKind), ({ metadata }) => metadata.namespace);
  return owned.flatMap(({ metadata: { name } }): Finding[] => {
    const missing = notCountedBy(quotas.get(name) ?? []);
    if (missing.length === 0) return [];
    const text = `the owner of ${printable(name)} may store any number of these, which no quota counts there: ${enListed(missing)}`;
    return [failed(text, commands.kubectl`apply -n ${name} -f deploy/policies/namespace-contents/store.yaml`)];
  });
}

/** Pure. */
function notCountedBy(quotas: readonly Pick<Quota, 'spec'>[]): string[] {
  const counted = new Set(
    quotas
      .filter(({ spec }) => (spec.scopes ?? []).length === 0 && spec.scopeSelector === undefined)
      .flatMap(({ spec }) => Object.keys(spec.hard)),
  );
  // Of Kubernetes' core some can be named without count/ as well.
  return countedResources.filter((resource) => !counted.has(`count/${resource}`) && !counted.has(resource));
}
