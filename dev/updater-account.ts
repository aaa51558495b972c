/** The updater's own account on a cluster: the rights that deploy/base grants it and no others. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Agent, request } from 'undici';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { ClusterAccess } from './control-plane/index.ts';

export interface UpdaterNamespaces {
  /** Where the updater lives; poolc-system in production. */
  readonly systemNamespace: string;
  /** Where the members' ServiceAccounts live; poolc-users in production. */
  readonly usersNamespace: string;
}

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[] | undefined;
  readonly verbs: readonly string[];
}

export interface UpdaterRole {
  readonly namespace: string;
  readonly rules: readonly PolicyRule[];
}

export interface UpdaterAccount {
  readonly kubeconfig: string;
  readonly token: string;
}

const accountName = 'credentials-updater';
const effectTimeoutMs = 20_000;

const roleSchema = z.object({
  kind: z.literal('Role'),
  metadata: z.object({ namespace: z.string() }),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      resourceNames: z.array(z.string()).optional(),
      verbs: z.array(z.string()),
    }),
  ),
});

/** The Roles of deploy/base, in these namespaces. */
export function updaterRoles({ systemNamespace, usersNamespace }: UpdaterNamespaces): UpdaterRole[] {
  const manifest = readFileSync(new URL('../deploy/base/rbac.yaml', import.meta.url), 'utf8')
    .replaceAll('poolc-system', systemNamespace)
    .replaceAll('poolc-users', usersNamespace);
  return parseAllDocuments(manifest)
    .map((document) => roleSchema.safeParse(document.toJS()).data)
    .filter((role) => role !== undefined)
    .map(({ metadata: { namespace }, rules }) => ({ namespace, rules }));
}

/** Makes the account, with these Roles, and waits until the API server goes by them. */
export async function createUpdaterAccount(
  cluster: ClusterAccess,
  namespaces: UpdaterNamespaces,
  roles: readonly UpdaterRole[] = updaterRoles(namespaces),
): Promise<UpdaterAccount> {
  const { systemNamespace } = namespaces;
  await create(cluster, `/api/v1/namespaces/${systemNamespace}/serviceaccounts`, { metadata: { name: accountName } });
  for (const { namespace, rules } of roles) await bind(cluster, { namespace, rules, systemNamespace });
  const answer = await create(
    cluster,
    `/api/v1/namespaces/${systemNamespace}/serviceaccounts/${accountName}/token`,
    {},
  );
  const { token } = z.object({ status: z.object({ token: z.string() }) }).parse(answer).status;
  for (const role of roles) await untilInEffect(cluster, token, role);
  return { token, kubeconfig: await cluster.kubeconfigFor({ token }) };
}

async function bind(
  cluster: ClusterAccess,
  { namespace, rules, systemNamespace }: UpdaterRole & { systemNamespace: string },
): Promise<void> {
  const collection = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  await create(cluster, `${collection}/roles`, { metadata: { name: accountName }, rules });
  await create(cluster, `${collection}/rolebindings`, {
    metadata: { name: accountName },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: accountName },
    subjects: [{ kind: 'ServiceAccount', name: accountName, namespace: systemNamespace }],
  });
}

async function create({ request: send }: ClusterAccess, path: string, object: unknown): Promise<unknown> {
  const { status, body } = await send('POST', path, object);
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
  return body;
}

const rulesReviewSchema = z.object({
  status: z.object({
    resourceRules: z.array(
      z.object({
        apiGroups: z.array(z.string()),
        resources: z.array(z.string()),
        resourceNames: z.array(z.string()).optional(),
        verbs: z.array(z.string()),
      }),
    ),
  }),
});

/** The API server learns of new Roles by a watch, a moment after it has stored them. */
async function untilInEffect(
  { server, certificateAuthority }: ClusterAccess,
  token: string,
  { namespace, rules }: UpdaterRole,
): Promise<void> {
  const dispatcher = new Agent({ connect: { ca: certificateAuthority } });
  const giveUpAt = performance.now() + effectTimeoutMs;
  try {
    for (;;) {
      const { body } = await request(`${server}/apis/authorization.k8s.io/v1/selfsubjectrulesreviews`, {
        method: 'POST',
        dispatcher,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ spec: { namespace } }),
      });
      const review = rulesReviewSchema.safeParse(await body.json());
      const known = review.success ? review.data.status.resourceRules : [];
      if (rules.every((rule) => known.some((other) => sameRule(rule, other)))) return;
      if (performance.now() > giveUpAt) throw new Error(`The Role in ${namespace} did not take effect`);
      await sleep(20);
    }
  } finally {
    await dispatcher.destroy();
  }
}

function sameRule(one: PolicyRule, other: PolicyRule): boolean {
  const sorted = ({ apiGroups, resources, resourceNames = [], verbs }: PolicyRule) =>
    [apiGroups, resources, resourceNames, verbs].map((list) => list.toSorted());
  return isDeepStrictEqual(sorted(one), sorted(other));
}
