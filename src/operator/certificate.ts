/**
 * A client certificate for one person who is no member, with a namespace of their own where one is asked for. Access hangs
 * on the RoleBinding there: the certificate itself can't be revoked. Nothing is written for anyone who gets no certificate.
 */
import * as z from 'zod';
import { managedByLabel, managedByValue } from '../core/model.ts';
import { type CertificateOptions, type ClientCertificate, issueCertificate } from '../issuers/certificate.ts';
import { type ClusterClient, parseAnswer } from '../kube/client.ts';
import { Failure, withContext } from '../lib/failure.ts';

/** Where the person may work. */
export interface CertificateWorkspace {
  readonly namespace: string;
  /** What they may do there; undefined for a Role of ours. */
  readonly clusterRole: string | undefined;
}

export interface CertificateWish extends CertificateOptions {
  readonly workspace: CertificateWorkspace | undefined;
  /** Where the members' accounts and the updater's own objects are: whoever may start pods there acts as one of them. */
  readonly closedNamespaces: readonly string[];
}

export interface MadeCertificate extends ClientCertificate {
  /** What was made besides, in words: `the namespace lab-kim`. */
  readonly made: readonly string[];
}

/** @throws Failure (usage) for a namespace that nobody is given; Failure (cluster) */
export async function makeCertificate(client: ClusterClient, wish: CertificateWish): Promise<MadeCertificate> {
  const { workspace, subject, signal } = wish;
  if (workspace === undefined) return { ...(await issueCertificate(client, wish)), made: [] };
  requireOpen(workspace, wish.closedNamespaces);
  const objects = objectsOf(workspace, subject.name);
  // Looked at before anything is made, so that what is in the way costs nobody a certificate.
  for (const object of objects) await requireFree(client, object, signal);
  const certificate = await issueCertificate(client, wish);
  const made: string[] = [];
  for (const object of objects) {
    try {
      if (await createObject(client, object, signal)) made.push(object.what);
    } catch (error) {
      throw withContext(`${object.what} was not made, and no kubeconfig was written`, error);
    }
  }
  return { ...certificate, made };
}

function requireOpen({ namespace }: CertificateWorkspace, closed: readonly string[]): void {
  if (!closed.includes(namespace) && !namespace.startsWith('kube-') && namespace !== 'default') return;
  throw new Failure(
    'usage',
    `nobody is given rights in ${namespace}: who may start pods there may act as its ServiceAccounts`,
    { hint: 'choose a namespace of their own, such as lab-kim' },
  );
}

/** The RoleBinding, and the Role where it is ours, in the namespace. */
export const certificateObjectName = (name: string): string => `certificate:${name}`;

const rbac = 'rbac.authorization.k8s.io';
const everything = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const readOnly = ['get', 'list', 'watch'];
/** What `edit` allows of the objects that people work with, and neither roles nor ServiceAccounts nor their tokens. */
const rules = [
  {
    apiGroups: [''],
    resources: ['pods', 'services', 'configmaps', 'secrets', 'persistentvolumeclaims'],
    verbs: everything,
  },
  { apiGroups: [''], resources: ['pods/exec', 'pods/portforward', 'pods/attach'], verbs: ['create', 'get'] },
  { apiGroups: [''], resources: ['pods/log', 'events', 'resourcequotas', 'limitranges'], verbs: readOnly },
  { apiGroups: ['apps'], resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'], verbs: everything },
  { apiGroups: ['apps'], resources: ['deployments/scale', 'statefulsets/scale'], verbs: ['get', 'patch', 'update'] },
  { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: everything },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: everything },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: everything },
];

interface WantedObject {
  readonly what: string;
  readonly collection: string;
  readonly name: string;
  readonly body: object;
  /** Whether one that is there already can stay: undefined for yes, else what is wrong with it. */
  readonly objectionTo: (existing: unknown) => string | undefined;
}

const labels = { [managedByLabel]: managedByValue };
const labelledSchema = z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }) });
const namespaceSchema = z.object({ status: z.object({ phase: z.string().optional() }).optional() });
const bindingSchema = z.object({
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({ kind: z.string(), name: z.string() })).default([]),
});

/** In the order in which they are made: the binding, which gives the rights, at the end. */
function objectsOf({ namespace, clusterRole }: CertificateWorkspace, user: string): WantedObject[] {
  const name = certificateObjectName(user);
  const inNamespace = `/apis/${rbac}/v1/namespaces/${encodeURIComponent(namespace)}`;
  const roleRef = {
    apiGroup: rbac,
    kind: clusterRole === undefined ? 'Role' : 'ClusterRole',
    name: clusterRole ?? name,
  };
  const role: WantedObject = {
    what: `the Role ${namespace}/${name}`,
    collection: `${inNamespace}/roles`,
    name,
    body: { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name, namespace, labels }, rules },
    // Its rules may have been changed since, which is its owner's business.
    objectionTo: (existing) =>
      labelledSchema.safeParse(existing).data?.metadata.labels[managedByLabel] === managedByValue
        ? undefined
        : 'was made by someone else',
  };
  return [
    {
      what: `the namespace ${namespace}`,
      collection: '/api/v1/namespaces',
      name: namespace,
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } },
      objectionTo: (existing) =>
        namespaceSchema.safeParse(existing).data?.status?.phase === 'Terminating' ? 'is being deleted' : undefined,
    },
    ...(clusterRole === undefined ? [role] : []),
    {
      what: `the RoleBinding ${namespace}/${name}`,
      collection: `${inNamespace}/rolebindings`,
      name,
      body: {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata: { name, namespace, labels },
        roleRef,
        subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
      },
      objectionTo: (existing) => {
        const found = bindingSchema.safeParse(existing).data;
        const isSame =
          found?.roleRef.kind === roleRef.kind &&
          found.roleRef.name === roleRef.name &&
          found.subjects.length === 1 &&
          found.subjects[0]?.kind === 'User' &&
          found.subjects[0].name === user;
        return isSame ? undefined : 'binds another role, or others than this user';
      },
    },
  ];
}

const anyObject = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });

async function requireFree(client: ClusterClient, object: WantedObject, signal: AbortSignal): Promise<void> {
  const path = `${object.collection}/${encodeURIComponent(object.name)}`;
  const response = await client.call({ method: 'GET', path, signal, expected: [404] });
  if (response.status === 404) return;
  const objection = object.objectionTo(parseAnswer(anyObject, response, object.what));
  if (objection === undefined) return;
  throw new Failure('usage', `${object.what} is there already and ${objection}; nothing was changed`, {
    hint: 'look at it and delete it, or choose another name or namespace',
  });
}

/** @returns whether it was made now */
async function createObject(client: ClusterClient, object: WantedObject, signal: AbortSignal): Promise<boolean> {
  const { collection, body } = object;
  const { status } = await client.call({ method: 'POST', path: collection, body, signal, expected: [409] });
  if (status !== 409) return true;
  // There before, or made meanwhile: by ourselves, whose answer was lost, or by somebody else.
  await requireFree(client, object, signal);
  return false;
}
