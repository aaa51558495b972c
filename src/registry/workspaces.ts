/**
 * Workspaces: for each member a namespace, a RoleBinding of their ServiceAccount there, and a ResourceQuota.
 *
 * - What is there is read in three lists; what has to be written is a pure function of that.
 * - An object that we own has the label of what we manage, and an annotation that names this MemberSync. Another is never
 *   changed, whatever it is called.
 * - A namespace belongs to one member: by id, since a member who returns has another account, or by the account's UID.
 */
import * as z from 'zod';
import { annotationOf, type MemberId, memberIdFrom } from '../core/member-id.ts';
import {
  accountAnnotation,
  accountUidAnnotation,
  managedByLabel,
  managedByValue,
  ownerAnnotation,
} from '../core/model.ts';
import { whyNotTheirs } from '../core/namespace-names.ts';
import { type ClusterClient, partialMetadata } from '../kube/client.ts';
import { listPages } from '../kube/pages.ts';
import { Failure } from '../lib/failure.ts';

/** Of the RoleBinding and the ResourceQuota in each workspace. */
export const workspaceObjectName = 'credentials-updater';

export interface WorkspaceSettings {
  /** With `{account}` in it. */
  readonly namespace: string;
  readonly clusterRole: string;
  /** Hard limits by resource; none for no quota. */
  readonly quota: Readonly<Record<string, string>>;
}

export interface WorkspacePlace {
  readonly settings: WorkspaceSettings;
  /** `<namespace>/<name>` of the MemberSync. */
  readonly owner: string;
  readonly accountsNamespace: string;
}

/** Whose workspace it is. */
export interface Tenant {
  readonly memberId: MemberId;
  readonly account: { readonly name: string; readonly uid: string };
}

const metadataSchema = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string(),
  resourceVersion: z.string(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});
type Metadata = z.infer<typeof metadataSchema>;
const anySchema = z.object({ metadata: metadataSchema });
const bindingSchema = z.object({
  metadata: metadataSchema,
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() })).default([]),
});
const quotaSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    hard: z.record(z.string(), z.string()).default({}),
    scopes: z.array(z.string()).optional(),
    scopeSelector: z.unknown().optional(),
  }),
});

/** What is on the cluster: namespaces by name, the others by their namespace. */
export interface SeenWorkspaces {
  readonly namespaces: ReadonlyMap<string, Metadata>;
  readonly bindings: ReadonlyMap<string, z.infer<typeof bindingSchema>>;
  readonly quotas: ReadonlyMap<string, z.infer<typeof quotaSchema>>;
}

/** One change, made in the order of its list. */
export interface WorkspaceChange {
  readonly verb: 'create' | 'replace' | 'delete';
  /** For a message. */
  readonly what: string;
  readonly collection: string;
  readonly name: string;
  readonly body: object;
  /** Whether it takes away what an earlier template of the namespace's name left. */
  readonly isOutdated?: boolean;
}

export async function readWorkspaces(client: ClusterClient, signal: AbortSignal): Promise<SeenWorkspaces> {
  const query = { fieldSelector: `metadata.name=${workspaceObjectName}` };
  const [namespaces, bindings, quotas] = await Promise.all([
    listPages({
      client,
      path: '/api/v1/namespaces',
      item: anySchema,
      what: 'namespaces',
      signal,
      accept: partialMetadata,
    }),
    listPages({ client, path: `${rbac}/rolebindings`, query, item: bindingSchema, what: 'RoleBindings', signal }),
    listPages({ client, path: '/api/v1/resourcequotas', query, item: quotaSchema, what: 'ResourceQuotas', signal }),
  ]);
  return {
    namespaces: new Map(namespaces.map(({ metadata }) => [metadata.name, metadata])),
    bindings: new Map(bindings.map((binding) => [binding.metadata.namespace, binding])),
    quotas: new Map(quotas.map((quota) => [quota.metadata.namespace, quota])),
  };
}

/** The RoleBindings of leavers. Their namespaces stay, with everything in them. @param staying names of accounts */
export function closeWorkspaces(
  { bindings }: SeenWorkspaces,
  { owner }: WorkspacePlace,
  staying: ReadonlySet<string>,
): WorkspaceChange[] {
  return [...bindings.values()]
    .filter(({ metadata }) => isOurs(metadata, owner) && !staying.has(metadata.annotations[accountAnnotation] ?? ''))
    .map(({ metadata }) => remove(bindingsIn(metadata.namespace), 'RoleBinding', metadata));
}

/** By account: the RoleBindings in namespaces that the template doesn't name any more. The namespaces stay. */
export function outdatedBindings(
  { bindings }: SeenWorkspaces,
  { settings, owner }: WorkspacePlace,
): ReadonlyMap<string, WorkspaceChange[]> {
  const outdated = new Map<string, WorkspaceChange[]>();
  for (const { metadata } of bindings.values()) {
    const account = metadata.annotations[accountAnnotation];
    if (account === undefined || !isOurs(metadata, owner) || metadata.namespace === namespaceFor(settings, account))
      continue;
    const change = { ...remove(bindingsIn(metadata.namespace), 'RoleBinding', metadata), isOutdated: true };
    outdated.set(account, [...(outdated.get(account) ?? []), change]);
  }
  return outdated;
}

function namespaceFor({ namespace }: WorkspaceSettings, account: string): string {
  return namespace.replaceAll('{account}', account);
}

/**
 * What makes the member's workspace as it is to be; nothing where it is already.
 * @throws Failure (cluster) where another's object is in the way
 */
export function keepWorkspace(
  { namespaces, bindings, quotas }: SeenWorkspaces,
  place: WorkspacePlace,
  tenant: Tenant,
): WorkspaceChange[] {
  const { settings, owner } = place;
  const name = namespaceFor(settings, tenant.account.name);
  requireUsableName(name);
  const metadata = { labels, annotations: annotationsFor(place, tenant) };
  const seen = namespaces.get(name);
  const namespace: WorkspaceChange = {
    verb: 'create',
    what: `the namespace ${name}`,
    collection: '/api/v1/namespaces',
    name,
    body: {
      metadata: {
        name,
        labels,
        annotations: { ...metadata.annotations, [annotationOf(tenant.memberId)]: tenant.memberId },
      },
    },
  };
  if (seen === undefined) requireNameOfTheirs(name, tenant.account.name);
  else requireTheirs(seen, owner, tenant);
  const binding = bindings.get(name);
  const quota = quotas.get(name);
  if (binding !== undefined && !isOurs(binding.metadata, owner))
    throw foreign(`RoleBinding ${name}/${workspaceObjectName}`);
  const isQuotaWanted = Object.keys(settings.quota).length > 0;
  if (isQuotaWanted && quota !== undefined && !isOurs(quota.metadata, owner))
    throw foreign(`ResourceQuota ${name}/${workspaceObjectName}`);
  // The quota first: what the member may start is limited before they may start it.
  return [
    ...(seen === undefined ? [namespace] : []),
    ...quotaChanges(quota, { name, metadata, owner, hard: settings.quota }),
    ...bindingChanges(binding, { name, metadata, place, tenant }),
  ];
}

/** @throws Failure (cluster) where another's object of that name came meanwhile, or ours was changed */
export async function applyWorkspaceChange(
  client: ClusterClient,
  { owner }: WorkspacePlace,
  { verb, what, collection, name, body }: WorkspaceChange,
  signal: AbortSignal,
): Promise<void> {
  const path = verb === 'create' ? collection : `${collection}/${encodeURIComponent(name)}`;
  const method = ({ create: 'POST', replace: 'PUT', delete: 'DELETE' } as const)[verb];
  const expected = verb === 'create' ? [409] : [404, 409];
  const { status } = await client.call({ method, path, body, signal, expected });
  if (status < 300 || (verb === 'delete' && status === 404)) return;
  if (verb !== 'create')
    throw new Failure('cluster', `${what} was changed by someone else meanwhile`, { hint: 'run sync again' });
  // It may be our own attempt, whose answer was lost.
  const query = { fieldSelector: `metadata.name=${name}` };
  const found = await listPages({
    client,
    path: collection,
    query,
    item: anySchema,
    what,
    signal,
    accept: partialMetadata,
  });
  const wanted = anySchemaOfOurs.parse(body).metadata.annotations[accountUidAnnotation];
  const isThere = found.some(
    ({ metadata }) => isOurs(metadata, owner) && metadata.annotations[accountUidAnnotation] === wanted,
  );
  if (!isThere) throw foreign(what);
}

const anySchemaOfOurs = z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) });
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const labels = { [managedByLabel]: managedByValue };
const bindingsIn = (namespace: string) => `${rbac}/namespaces/${encodeURIComponent(namespace)}/rolebindings`;
const quotasIn = (namespace: string) => `/api/v1/namespaces/${encodeURIComponent(namespace)}/resourcequotas`;

function annotationsFor({ owner }: WorkspacePlace, { account }: Tenant): Record<string, string> {
  return { [ownerAnnotation]: owner, [accountAnnotation]: account.name, [accountUidAnnotation]: account.uid };
}

function isOurs(metadata: Pick<Metadata, 'labels' | 'annotations'>, owner: string): boolean {
  return metadata.labels[managedByLabel] === managedByValue && metadata.annotations[ownerAnnotation] === owner;
}

/** Only a new one: what is there goes on, whatever it is called. Another name may be that of another member's account. */
function requireNameOfTheirs(name: string, account: string): void {
  const why = whyNotTheirs(name, account);
  if (why === undefined) return;
  throw new Failure('cluster', `the namespace ${name} is not made for ${account}: ${why}`, {
    hint: 'set spec.workspace.namespace to {account} or a name such as {account}--lab, or make the namespace by hand',
  });
}

function requireUsableName(name: string): void {
  if (name.startsWith('kube-'))
    throw new Failure('cluster', `the namespace ${name} would have a name that Kubernetes keeps for itself`, {
      hint: 'set spec.workspace.namespace to a name such as {account}--lab',
    });
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return;
  throw new Failure('cluster', `${name} can't be the name of a namespace (a-z, 0-9 and hyphens, 63 characters)`, {
    hint: 'set a shorter spec.workspace.namespace; an account with a dot in its name can have no workspace',
  });
}

function requireTheirs(seen: Metadata, owner: string, { memberId, account }: Tenant): void {
  const isTheirs =
    memberIdFrom(seen.annotations) === memberId || seen.annotations[accountUidAnnotation] === account.uid;
  if (!isOurs(seen, owner) || !isTheirs) throw foreign(`namespace ${seen.name}`);
  if (seen.deletionTimestamp !== undefined)
    throw new Failure('cluster', `the namespace ${seen.name} is being deleted`, {
      hint: 'run sync again once it is gone',
    });
}

function bindingChanges(
  binding: z.infer<typeof bindingSchema> | undefined,
  { name, metadata, place, tenant }: { name: string; metadata: object; place: WorkspacePlace; tenant: Tenant },
): WorkspaceChange[] {
  const { settings, accountsNamespace } = place;
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: settings.clusterRole };
  const subject = { kind: 'ServiceAccount', name: tenant.account.name, namespace: accountsNamespace };
  const collection = bindingsIn(name);
  const content = { roleRef, subjects: [subject] };
  if (binding === undefined) return [create(collection, 'RoleBinding', name, { metadata, content })];
  // A RoleBinding can't be given another role.
  if (binding.roleRef.kind !== roleRef.kind || binding.roleRef.name !== roleRef.name)
    return [
      remove(collection, 'RoleBinding', binding.metadata),
      create(collection, 'RoleBinding', name, { metadata, content }),
    ];
  const [first, ...others] = binding.subjects;
  const isRight =
    others.length === 0 &&
    first?.kind === subject.kind &&
    first.name === subject.name &&
    first.namespace === subject.namespace &&
    hasAnnotations(binding.metadata, annotationsFor(place, tenant));
  return isRight ? [] : [replace(collection, 'RoleBinding', binding.metadata, { metadata, content })];
}

function quotaChanges(
  quota: z.infer<typeof quotaSchema> | undefined,
  {
    name,
    metadata,
    owner,
    hard,
  }: {
    name: string;
    metadata: { annotations: Readonly<Record<string, string>> };
    owner: string;
    hard: WorkspaceSettings['quota'];
  },
): WorkspaceChange[] {
  const collection = quotasIn(name);
  const content = { spec: { hard } };
  if (Object.keys(hard).length === 0)
    return quota !== undefined && isOurs(quota.metadata, owner)
      ? [remove(collection, 'ResourceQuota', quota.metadata)]
      : [];
  if (quota === undefined) return [create(collection, 'ResourceQuota', name, { metadata, content })];
  const isRight =
    quota.spec.scopes === undefined &&
    quota.spec.scopeSelector === undefined &&
    Object.keys(quota.spec.hard).length === Object.keys(hard).length &&
    Object.entries(hard).every(([key, limit]) => isSameQuantity(limit, quota.spec.hard[key])) &&
    hasAnnotations(quota.metadata, metadata.annotations);
  return isRight ? [] : [replace(collection, 'ResourceQuota', quota.metadata, { metadata, content })];
}

function hasAnnotations({ annotations }: Metadata, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => annotations[key] === value);
}

interface NewObject {
  readonly metadata: object;
  readonly content: object;
}

function create(
  collection: string,
  kind: string,
  namespace: string,
  { metadata, content }: NewObject,
): WorkspaceChange {
  const name = workspaceObjectName;
  const what = `the ${kind} ${namespace}/${name}`;
  return { verb: 'create', what, collection, name, body: { metadata: { ...metadata, name, namespace }, ...content } };
}

function replace(collection: string, kind: string, seen: Metadata, { metadata, content }: NewObject): WorkspaceChange {
  const { name, namespace, uid, resourceVersion } = seen;
  const what = `the ${kind} ${namespace}/${name}`;
  const body = { metadata: { ...metadata, name, namespace, uid, resourceVersion }, ...content };
  return { verb: 'replace', what, collection, name, body };
}

function remove(collection: string, kind: string, { name, namespace, uid }: Metadata): WorkspaceChange {
  const what = `the ${kind} ${namespace}/${name}`;
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
  return { verb: 'delete', what, collection, name, body };
}

function foreign(what: string): Failure {
  return new Failure(
    'cluster',
    `there is already a ${what.replace(/^the /, '')} that is not this member's; it was left alone`,
    {
      hint: 'rename or delete it, or set another spec.workspace.namespace',
    },
  );
}

const powers: Readonly<Record<string, number>> = { '': 0, n: -3, u: -2, m: -1, k: 1, M: 2, G: 3, T: 4, P: 5, E: 6 };
const binaryPowers: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };

/** The API server writes quantities in its own way: 1024Mi comes back as 1Gi. */
export function isSameQuantity(one: string, other: string | undefined): boolean {
  return other !== undefined && (one === other || amountOf(one) === amountOf(other));
}

/** NaN, which equals nothing, for another notation. */
function amountOf(quantity: string): number {
  const [, digits = '', unit = ''] = /^([\d.]+)([a-zA-Z]*)$/.exec(quantity) ?? [];
  const binary = binaryPowers[unit];
  if (digits === '') return Number.NaN;
  if (binary !== undefined) return Number(digits) * 1024 ** binary;
  const power = powers[unit] ?? Number.NaN;
  return power < 0 ? Number(digits) / 1000 ** -power : Number(digits) * 1000 ** power;
}
