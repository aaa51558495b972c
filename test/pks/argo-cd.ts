/**
 * Plays Argo CD, of which there is no program here, on a real API server: by its documentation, what it applies, prunes
 * and deletes (docs/user-guide of 3.1 and 3.5: app_deletion.md, auto_sync.md, sync-options.md, resource_tracking.md;
 * operator-manual/cluster-bootstrapping.md), and nothing else. It waits for nothing, and has no hooks and no waves.
 */
import { z } from 'zod';
import type { ClusterAccess } from '../../dev/control-plane/index.ts';
import { appProjectKind, permits, permitsRepository } from '../../src/audit/argocd-projects.ts';
import { type Manifest, manifestSchema } from './projects.ts';

/** What is in Git: the objects of a folder, by repository and path. Changed by the test, as a commit changes it. */
export type Git = Map<string, readonly Manifest[]>;

export const folder = (repoURL: string, path: string): string => `${repoURL} ${path}`;

export const finalizer = 'resources-finalizer.argocd.argoproj.io';
const trackingId = 'argocd.argoproj.io/tracking-id';
const syncOptions = 'argocd.argoproj.io/sync-options';
const namespace = 'argocd';
/** What an Application here may consist of. */
const tracked = [
  { kind: 'CronJob', root: '/apis/batch/v1', plural: 'cronjobs' },
  { kind: 'ConfigMap', root: '/api/v1', plural: 'configmaps' },
  { kind: 'ServiceAccount', root: '/api/v1', plural: 'serviceaccounts' },
  { kind: 'ResourceQuota', root: '/api/v1', plural: 'resourcequotas' },
  { kind: 'Namespace', root: '/api/v1', plural: 'namespaces' },
  { kind: 'NetworkPolicy', root: '/apis/networking.k8s.io/v1', plural: 'networkpolicies' },
  { kind: 'Role', root: '/apis/rbac.authorization.k8s.io/v1', plural: 'roles' },
  { kind: 'RoleBinding', root: '/apis/rbac.authorization.k8s.io/v1', plural: 'rolebindings' },
  { kind: 'ClusterRole', root: '/apis/rbac.authorization.k8s.io/v1', plural: 'clusterroles' },
  { kind: 'ClusterRoleBinding', root: '/apis/rbac.authorization.k8s.io/v1', plural: 'clusterrolebindings' },
  { kind: 'SealedSecret', root: '/apis/bitnami.com/v1alpha1', plural: 'sealedsecrets' },
  { kind: 'Application', root: '/apis/argoproj.io/v1alpha1', plural: 'applications' },
] as const;
const itsOwn = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}`;

const listSchema = z.object({ items: z.array(z.looseObject({})) });

const applicationSchema = z.object({
  metadata: z.object({
    name: z.string(),
    deletionTimestamp: z.string().optional(),
    finalizers: z.array(z.string()).default([]),
  }),
  spec: z.object({
    project: z.string(),
    source: z.object({ repoURL: z.string(), path: z.string() }),
    syncPolicy: z.object({ automated: z.object({ prune: z.boolean() }).optional() }).default({}),
  }),
});
type Application = z.infer<typeof applicationSchema>;

export interface ArgoCd {
  /** `argocd app sync`. @throws where the project doesn't allow the repository or an object: then nothing is applied */
  readonly sync: (name: string, options?: { readonly prune?: boolean }) => Promise<void>;
  /** What its controller does by itself: finishes deletions, and syncs what syncs automatically, until nothing changes. */
  readonly settle: () => Promise<void>;
}

export function playArgoCd({ request, kubectl }: ClusterAccess, git: Git): ArgoCd {
  const ask = async (method: 'GET' | 'DELETE' | 'PATCH', path: string, body?: unknown): Promise<unknown> => {
    const answer = await request(method, path, body);
    if (answer.status >= 300 && !(method === 'DELETE' && answer.status === 404))
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const applications = async (): Promise<Application[]> =>
    z.object({ items: z.array(applicationSchema) }).parse(await ask('GET', `${itsOwn}/applications`)).items;

  /** Of what is live: by the annotation, which counts on the object only that it names. */
  const liveOf = async ({ metadata: { name } }: Application): Promise<Manifest[]> => {
    const lists = await Promise.all(
      tracked.map(async ({ kind, root, plural }) => {
        const { items } = listSchema.parse(await ask('GET', `${root}/${plural}`));
        const apiVersion = root.replace(/^\/apis?\//, '');
        return items.map((item) => manifestSchema.parse({ ...item, kind, apiVersion }));
      }),
    );
    return lists.flat().filter((object) => object.metadata.annotations?.[trackingId] === idOf(name, object));
  };
  const remove = async (objects: readonly Manifest[], unless: string): Promise<void> => {
    for (const { kind, metadata } of objects) {
      if (metadata.annotations?.[syncOptions]?.split(',').includes(unless)) continue;
      const found = tracked.find((each) => each.kind === kind);
      if (found === undefined) throw new Error(`${kind} is not among the kinds that are tracked here`);
      const where = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
      await ask('DELETE', `${found.root}${where}/${found.plural}/${metadata.name}`);
    }
  };

  const syncApplication = async (application: Application, prune: boolean): Promise<void> => {
    const { name } = application.metadata;
    const { repoURL, path } = application.spec.source;
    const desired = git.get(folder(repoURL, path));
    if (desired === undefined) throw new Error(`${name}: there is no ${path} in ${repoURL}`);
    const project = appProjectKind.item.parse(await ask('GET', `${itsOwn}/appprojects/${application.spec.project}`));
    if (!permitsRepository(project, repoURL)) throw new Error(`${name}: ${repoURL} is not permitted in project`);
    for (const object of desired) {
      const group = object.apiVersion.includes('/') ? (object.apiVersion.split('/')[0] ?? '') : '';
      if (!permits(project, { group, kind: object.kind, namespace: object.metadata.namespace }))
        throw new Error(`${name}: ${object.kind} ${object.metadata.name} is not permitted in project`);
    }
    const marked = desired.map((object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        annotations: { ...object.metadata.annotations, [trackingId]: idOf(name, object) },
      },
    }));
    if (marked.length > 0) {
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: marked });
      const { exitCode, stderr } = await kubectl(['apply', '-f', '-'], { input });
      if (exitCode !== 0) throw new Error(`${name}: ${stderr}`);
    }
    if (!prune) return;
    const wanted = new Set(desired.map((object) => idOf(name, object)));
    const live = await liveOf(application);
    await remove(
      live.filter((object) => !wanted.has(idOf(name, object))),
      'Prune=false',
    );
  };

  const finishDeletion = async (application: Application): Promise<void> => {
    if (!application.metadata.finalizers.includes(finalizer)) return;
    await remove(await liveOf(application), 'Delete=false');
    const path = `${itsOwn}/applications/${application.metadata.name}`;
    await ask('PATCH', path, { metadata: { finalizers: null } });
  };

  return {
    async sync(name, { prune = false } = {}) {
      const application = (await applications()).find(({ metadata }) => metadata.name === name);
      if (application === undefined) throw new Error(`There is no Application ${name}`);
      await syncApplication(application, prune);
    },
    async settle() {
      // A sync may prune an Application, whose deletion is then to be finished, after which it may have to come back.
      do {
        for (const application of (await applications()).filter(isGoing)) await finishDeletion(application);
        for (const application of await applications()) {
          const { automated } = application.spec.syncPolicy;
          if (automated !== undefined) await syncApplication(application, automated.prune);
        }
      } while ((await applications()).some(isGoing));
    },
  };
}

function isGoing({ metadata }: Application): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** `application:group/Kind:namespace/name`. */
function idOf(application: string, { apiVersion, kind, metadata }: Manifest): string {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return `${application}:${group}/${kind}:${metadata.namespace ?? ''}/${metadata.name}`;
}
