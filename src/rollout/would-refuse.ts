/**
 * Under the audit overlays: what the policies would refuse of what is in members' namespaces, and in those that are neither
 * members' nor the cluster's own. Everything that nothing else
 * made is tried anew, as a dry run on the API server; Pod Security looks at the pods that run. Changes nothing.
 */
import pMap from 'p-map';
import { ownerOf } from '../audit/members.ts';
import { isRbacRefusal, serviceAccountUser } from '../audit/rbac.ts';
import { trustedNamespaces } from '../audit/system-namespaces.ts';
import { listPages } from '../kube/pages.ts';
import { warningsOf } from '../kube/warnings.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { asNew, type ExistingObject, existingObjectSchema } from './as-new.ts';
import type { RolloutContext } from './context.ts';
import { namespacePath } from './namespaces.ts';

export interface WouldRefuse {
  /** By namespace, and then by kind. */
  readonly refused: readonly Refused[];
  /** What could not be looked at, and why. */
  readonly untried: readonly string[];
}

/** The texts are members' and policies': escape them for a terminal. */
export interface Refused {
  readonly namespace: string;
  /** undefined where it is nobody's. */
  readonly owner: string | undefined;
  /** `Kind/name`; undefined for the namespace's pods under Pod Security. */
  readonly object: string | undefined;
  readonly reasons: readonly string[];
}

const kinds = [
  { kind: 'Deployment', root: '/apis/apps/v1', plural: 'deployments' },
  { kind: 'StatefulSet', root: '/apis/apps/v1', plural: 'statefulsets' },
  { kind: 'DaemonSet', root: '/apis/apps/v1', plural: 'daemonsets' },
  { kind: 'Job', root: '/apis/batch/v1', plural: 'jobs' },
  { kind: 'CronJob', root: '/apis/batch/v1', plural: 'cronjobs' },
  { kind: 'ReplicationController', root: '/api/v1', plural: 'replicationcontrollers' },
  { kind: 'Pod', root: '/api/v1', plural: 'pods' },
  { kind: 'Service', root: '/api/v1', plural: 'services' },
  { kind: 'Ingress', root: '/apis/networking.k8s.io/v1', plural: 'ingresses' },
  { kind: 'Role', root: '/apis/rbac.authorization.k8s.io/v1', plural: 'roles' },
  { kind: 'RoleBinding', root: '/apis/rbac.authorization.k8s.io/v1', plural: 'rolebindings' },
] as const;
type Kind = (typeof kinds)[number];

export async function wouldRefuse(context: RolloutContext): Promise<WouldRefuse> {
  const trusted = (await trustedNamespaces(context.gathered)).names;
  const held = (await context.gathered.namespaces()).filter(
    (namespace) =>
      namespace.metadata.deletionTimestamp === undefined &&
      (ownerOf(namespace) !== undefined || !trusted.has(namespace.metadata.name)),
  );
  const owned = held.filter((namespace) => ownerOf(namespace) !== undefined);
  const owners = new Map(held.map((namespace) => [namespace.metadata.name, ownerOf(namespace)]));
  const refused: Refused[] = [];
  const untried: string[] = [];
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      context.signal.throwIfAborted();
      const { status, message } = toFailure(error);
      // It was deleted meanwhile.
      if (status !== 404) untried.push(`${what}: ${message}`);
    }
  };
  const { client, signal, concurrency } = context;
  // Kind by kind: a big cluster's objects need not be in memory all at once.
  for (const kind of kinds) {
    await attempt(`${kind.plural} of all namespaces`, async () => {
      const path = `${kind.root}/${kind.plural}`;
      const found = await listPages({ client, path, item: existingObjectSchema, what: kind.plural, signal });
      await pMap(
        found.filter((object) => owners.has(object.metadata.namespace) && isMembersOwn(object, kind)),
        async (object) => {
          const { namespace, name } = object.metadata;
          const title = `${kind.kind}/${name}`;
          await attempt(`${namespace} ${title}`, async () => {
            const owner = owners.get(namespace);
            const reasons = await tryAnew(context, object, kind, owner);
            if (reasons.length > 0) refused.push({ namespace, owner, object: title, reasons });
          });
        },
        { concurrency, signal },
      );
    });
  }
  await pMap(
    owned.filter(({ metadata }) => !(podSecurityLabel in metadata.labels)),
    async ({ metadata: { name: namespace } }) => {
      await attempt(`${namespace} under Pod Security`, async () => {
        const reasons = await tryPodSecurity(context, namespace);
        if (reasons.length > 0) refused.push({ namespace, owner: owners.get(namespace), object: undefined, reasons });
      });
    },
    { concurrency, signal },
  );
  return { refused: refused.toSorted(byNamespaceAndKind), untried };
}

function isMembersOwn({ metadata }: ExistingObject, { kind }: Kind): boolean {
  if ((metadata.ownerReferences ?? []).length > 0) return false;
  return kind !== 'RoleBinding' || metadata.name !== 'namespace-owner';
}

/**
 * As the namespace's owner, where it has one. What the owner has no right to make is tried with our own rights, which show nothing where
 * Kyverno exempts us.
 * @throws Failure where nobody's rights reach that far
 */
async function tryAnew(
  context: RolloutContext,
  object: ExistingObject,
  kind: Kind,
  owner: string | undefined,
): Promise<string[]> {
  const user = owner === undefined ? undefined : serviceAccountUser(context.targetNamespace, owner);
  try {
    return await tryAs(context, object, kind, user);
  } catch (error) {
    if (!(error instanceof Failure) || error.status !== 403) throw error;
    if (await context.isExempt()) {
      throw new Failure(
        'cluster',
        `${error.message}; Kyverno exempts you from its policies, so that you can't try it`,
        {
          cause: error,
        },
      );
    }
    return tryAs(context, object, kind, undefined);
  }
}

/** @throws Failure where the rights do not reach that far: those to act as that user, or theirs */
async function tryAs(
  { client, signal }: RolloutContext,
  object: ExistingObject,
  kind: Kind,
  user: string | undefined,
): Promise<string[]> {
  const namespace = encodeURIComponent(object.metadata.namespace);
  try {
    const response = await client.call({
      method: 'POST',
      path: `${kind.root}/namespaces/${namespace}/${kind.plural}?dryRun=All`,
      body: asNew(object, kind.kind),
      ...(user === undefined ? {} : { impersonate: user }),
      signal,
    });
    return warningsOf(response);
  } catch (error) {
    if (!(error instanceof Failure) || ![400, 403, 422].includes(error.status ?? 0)) throw error;
    if (error.status === 403 && isRbacRefusal(error.message)) throw error;
    return [error.message];
  }
}

const podSecurityLabel = 'pod-security.kubernetes.io/enforce';

async function tryPodSecurity({ client, signal }: RolloutContext, namespace: string): Promise<string[]> {
  const response = await client.call({
    method: 'PATCH',
    path: `${namespacePath(namespace)}?dryRun=All`,
    body: { metadata: { labels: { [podSecurityLabel]: 'baseline' } } },
    signal,
  });
  return warningsOf(response);
}

function byNamespaceAndKind(one: Refused, other: Refused): number {
  if (one.namespace !== other.namespace) return one.namespace < other.namespace ? -1 : 1;
  const order = ({ object = '' }: Refused): number => {
    const index = kinds.findIndex(({ kind }) => object.startsWith(`${kind}/`));
    return index < 0 ? kinds.length : index;
  };
  return order(one) - order(other) || ((one.object ?? '') < (other.object ?? '') ? -1 : 1);
}
