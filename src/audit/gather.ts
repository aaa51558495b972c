/**
 * What the checks look at: each thing is read from the cluster at most once, when the first check asks for it. What we
 * have no right to read throws the API server's 403, which the check's result then says.
 */

import * as z from 'zod';
import type { Account, NamesGiven } from '../core/model.ts';
import { type ClusterClient, parseAnswer, partialMetadata } from '../kube/client.ts';
import { type ConfigMapContent, readConfigMap } from '../kube/config-maps.ts';
import { listPages } from '../kube/pages.ts';
import { allInOrder } from '../lib/all-in-order.ts';
import { Failure } from '../lib/failure.ts';
import { listAccounts } from '../registry/accounts.ts';
import { type AllDevices, allDevices } from '../registry/devices.ts';
import { type LastRun, readLastRun } from '../registry/last-run.ts';
import { readHolds, readNamesGiven } from '../registry/names-given.ts';
import * as kinds from './objects.ts';
import * as policies from './policy-objects.ts';
import type { RbacObjects } from './rbac.ts';

export interface Gathered {
  /** undefined where there is no such namespace. */
  readonly namespace: (name: string) => Promise<kinds.Namespace | undefined>;
  readonly namespaces: () => Promise<readonly kinds.Namespace[]>;
  readonly cronJobs: () => Promise<readonly kinds.CronJob[]>;
  /** Of the updater's own namespace. */
  readonly configMap: (name: string) => Promise<ConfigMapContent>;
  /** A Secret of the updater's own namespace: values by key, decoded; undefined where there is none. */
  readonly secret: (name: string) => Promise<ReadonlyMap<string, Buffer> | undefined>;
  readonly rbac: () => Promise<RbacObjects>;
  /** ServiceAccounts of the members' namespace. */
  readonly accounts: () => Promise<readonly Account[]>;
  /** Members' devices at a gateway, beside the accounts. */
  readonly devices: () => Promise<AllDevices>;
  readonly namesGiven: () => Promise<NamesGiven>;
  readonly holds: () => Promise<ReadonlySet<string>>;
  readonly summary: () => Promise<LastRun | undefined>;
  readonly admissionPolicies: () => Promise<readonly policies.AdmissionPolicy[]>;
  readonly admissionBindings: () => Promise<readonly policies.AdmissionBinding[]>;
  /** Every other kind, which only one check reads. Empty where the cluster doesn't serve it. */
  readonly list: <T>(kind: kinds.Kind<T>) => Promise<readonly T[]>;
  readonly version: () => Promise<{ readonly major: string; readonly minor: string; readonly gitVersion: string }>;
  /** The API groups that are served, such as `kyverno.io`. */
  readonly apiGroups: () => Promise<ReadonlySet<string>>;
  /** Resources of a group and version, such as `apps/v1` or `v1`; empty where it isn't served. */
  readonly apiResources: (groupVersion: string) => Promise<ReadonlySet<string>>;
}

export interface Namespaces {
  readonly podNamespace: string;
  readonly targetNamespace: string;
  /** The MemberSync whose records are meant. */
  readonly syncName: string;
}

export function gather(
  client: ClusterClient,
  { podNamespace, targetNamespace, syncName }: Namespaces,
  signal: AbortSignal,
): Gathered {
  const list = <T>(kind: kinds.Kind<T>) => listKind(client, kind, signal);
  const registry = { namespace: podNamespace, name: syncName };
  const [roles, clusterRoles, roleBindings, clusterRoleBindings] = [
    once(() => list(kinds.roleKind)),
    once(() => list(kinds.clusterRoleKind)),
    once(() => list(kinds.roleBindingKind)),
    once(() => list(kinds.clusterRoleBindingKind)),
  ];
  return {
    namespace: onceFor((name) => readNamespace(client, name, signal)),
    namespaces: once(() => list(kinds.namespaceKind)),
    cronJobs: once(() => list(kinds.cronJobKind(podNamespace))),
    configMap: onceFor((name) => readConfigMap(client, podNamespace, name, signal)),
    secret: onceFor((name) => readSecret(client, podNamespace, name, signal)),
    rbac: once(async () => {
      const lists = await allInOrder([roles(), clusterRoles(), roleBindings(), clusterRoleBindings()]);
      return { roles: [...lists[0], ...lists[1]], bindings: [...lists[2], ...lists[3]] };
    }),
    accounts: once(() => listAccounts(client, targetNamespace, signal)),
    devices: once(() => allDevices(client, targetNamespace, signal)),
    namesGiven: once(() => readNamesGiven(client, registry, signal)),
    holds: once(() => readHolds(client, registry, signal)),
    summary: once(() => readLastRun(client, registry, signal)),
    admissionPolicies: once(() => list(policies.validatingPolicyKind)),
    admissionBindings: once(() => list(policies.validatingBindingKind)),
    list,
    version: once(() => readVersion(client, signal)),
    apiGroups: once(() => readApiGroups(client, signal)),
    apiResources: onceFor((groupVersion) => readApiResources(client, groupVersion, signal)),
  };
}

export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= read());
}

function onceFor<T>(read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const results = new Map<string, Promise<T>>();
  return (key) => {
    const known = results.get(key) ?? read(key);
    results.set(key, known);
    return known;
  };
}

async function listKind<T>(client: ClusterClient, kind: kinds.Kind<T>, signal: AbortSignal): Promise<readonly T[]> {
  const { path, what, item, query, metadataOnly } = kind;
  try {
    return await listPages({
      client,
      path,
      item,
      what,
      signal,
      ...(query === undefined ? {} : { query }),
      ...(metadataOnly ? { accept: partialMetadata } : {}),
    });
  } catch (error) {
    if (error instanceof Failure && error.status === 404) return [];
    throw error;
  }
}

async function readNamespace(
  client: ClusterClient,
  name: string,
  signal: AbortSignal,
): Promise<kinds.Namespace | undefined> {
  const response = await client.call({
    method: 'GET',
    path: `/api/v1/namespaces/${encodeURIComponent(name)}`,
    signal,
    expected: [404],
  });
  return response.status === 404 ? undefined : parseAnswer(kinds.namespaceSchema, response, `the namespace ${name}`);
}

const secretSchema = z.object({ data: z.record(z.string(), z.string()).nullish() });

async function readSecret(
  client: ClusterClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer> | undefined> {
  const response = await client.call({
    method: 'GET',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`,
    signal,
    expected: [404],
  });
  if (response.status === 404) return undefined;
  const { data } = parseAnswer(secretSchema, response, `the Secret ${name}`);
  return new Map(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}

const versionSchema = z.object({ major: z.string(), minor: z.string(), gitVersion: z.string() });

async function readVersion(client: ClusterClient, signal: AbortSignal): Promise<z.infer<typeof versionSchema>> {
  return parseAnswer(versionSchema, await client.call({ method: 'GET', path: '/version', signal }), 'its version');
}

const groupsSchema = z.object({ groups: z.array(z.object({ name: z.string() })) });

async function readApiGroups(client: ClusterClient, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const response = await client.call({ method: 'GET', path: '/apis', signal });
  return new Set(parseAnswer(groupsSchema, response, 'its API groups').groups.map(({ name }) => name));
}

const resourcesSchema = z.object({ resources: z.array(z.object({ name: z.string() })) });

async function readApiResources(
  client: ClusterClient,
  groupVersion: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const path = groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
  const response = await client.call({ method: 'GET', path, signal, expected: [404] });
  if (response.status === 404) return new Set();
  return new Set(parseAnswer(resourcesSchema, response, groupVersion).resources.map(({ name }) => name));
}
