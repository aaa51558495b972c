/** The people of the attempts, with real tokens and namespaces of their own, made in the ways that real ones are. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ControlPlane } from '../../dev/control-plane/index.ts';
import { type Call, create, type Namesake, namesakes, type Person, patch, read, remove } from './attempt.ts';
import {
  clusterRole,
  deployment,
  ingress,
  type KubernetesObject,
  member,
  namespace,
  pod,
  role,
  roleBinding,
  type Subject,
  service,
  serviceAccount,
  tokenRequest,
  tokenSecret,
} from './objects.ts';
import { openSession, perform, priorityLevelHeader, type Session } from './session.ts';

export type People = Readonly<Record<Person, Session>>;

const LONG_NAME = `${'long-'.repeat(13)}name`;
const MEMBERS = ['alice', 'bob', 'collector', 'leaver', 'mallory', LONG_NAME, ...namesakes];
const COLLECTED = [1, 2, 3, 4, 5].map((number) => `collector--${number}`);
/** All that members own by the end. */
const membersNamespaces = [
  'alice--lab',
  'alice-old',
  'bob--lab',
  'leaver-lab',
  'grafana-mallory',
  'min',
  'kims-by-grant',
  ...COLLECTED,
];
const robot: Subject = { kind: 'ServiceAccount', name: 'robot', namespace: 'alice--lab' };

/** As strong as cluster-admin, which Kyverno may be told to let past: Argo CD's own ClusterRole is such a one. */
export const everything = clusterRole('everything');

/** What is there before any policy: the club's namespaces, its members, its controllers. Once for a control plane. */
export async function setUpClub(controlPlane: ControlPlane): Promise<void> {
  const operator = operatorSession(controlPlane);
  const make = (object: KubernetesObject, inNamespace?: string): Promise<unknown> =>
    perform(operator, create(object, inNamespace));
  for (const name of ['poolc-users', 'poolc-system', 'poolc-web', 'argocd', 'monitoring']) await make(namespace(name));
  for (const name of MEMBERS) await make(serviceAccount(name), 'poolc-users');
  await make(ingress('www.poolc.example'), 'poolc-web');
  await make(serviceAccount('application-controller'), 'argocd');
  await make({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: everything.name },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  });
  await make({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'argocd' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...everything },
    subjects: [{ kind: 'ServiceAccount', name: 'application-controller', namespace: 'argocd' }],
  });
  await until('ServiceAccounts in poolc-web', async () => {
    const { status } = await operator(read('/api/v1/namespaces/poolc-web/serviceaccounts/default'));
    return status === 200;
  });
}

/**
 * Members at home, under the policies in force.
 * @param provide gives new namespaces what comes with them, where the policies don't
 */
export async function settlePeople(controlPlane: ControlPlane, provide: () => Promise<void>): Promise<People> {
  const operator = operatorSession(controlPlane);
  const session = async (account: string, inNamespace: string): Promise<Session> =>
    openSession(controlPlane, await mint(operator, account, inNamespace));
  const alice = await session('alice', 'poolc-users');
  const bob = await session('bob', 'poolc-users');
  const collector = await session('collector', 'poolc-users');

  await perform(alice, create(namespace('alice--lab')));
  await perform(bob, create(namespace('bob--lab')));
  for (const name of COLLECTED) await perform(collector, create(namespace(name)));
  const byName = await openNamesakes((name) => session(name, 'poolc-users'));
  await perform(byName.min, create(namespace('min')));
  await perform(operator, create(namespace('kims-by-grant', { labels: { 'poolc.org/owner': 'kim.lee' } })));
  await adoptOldNamespaces(operator);
  await provide();
  for (const name of membersNamespaces) await ready(operator, name);

  await furnishAlices(alice);
  await furnishBobs(operator, bob);
  return {
    ...byName,
    alice,
    bob,
    'a collector of namespaces': collector,
    'a member with a long name': await session(LONG_NAME, 'poolc-users'),
    "alice's robot": openSession(controlPlane, await mint(alice, 'robot', 'alice--lab')),
    "alice's robot by its token Secret": openSession(controlPlane, await secretToken(alice)),
    "a leaver's robot": await session('robot', 'leaver-lab'),
    'a robot in grafana-mallory': await session('robot', 'grafana-mallory'),
    'Argo CD': await session('application-controller', 'argocd'),
    'an operator': operator,
  };
}

async function openNamesakes(open: (name: string) => Promise<Session>): Promise<Record<Namesake, Session>> {
  return {
    min: await open('min'),
    'min-jun': await open('min-jun'),
    kim: await open('kim'),
    'kim-3f2a': await open('kim-3f2a'),
    'kim.lee': await open('kim.lee'),
    'kim--lee': await open('kim--lee'),
    velero: await open('velero'),
    git: await open('git'),
    kube: await open('kube'),
    xn: await open('xn'),
  };
}

export function operatorSession({ request }: ControlPlane): Session {
  return async ({ method, path, body }, { dryRun = false } = {}) => {
    const answer = await request(method, dryRun && method !== 'GET' ? `${path}?dryRun=All` : path, body);
    const status = z.object({ kind: z.literal('Status'), message: z.string() }).safeParse(answer.body);
    return {
      status: answer.status,
      body: answer.body,
      message: status.success ? status.data.message : '',
      warnings: [answer.headers['warning'] ?? []].flat(),
      priorityLevel: String(answer.headers[priorityLevelHeader] ?? ''),
    };
  };
}

/** Asks until it is so, for a minute at most. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (await isSo()) return;
    await sleep(200);
  }
  throw new Error(`Waited a minute for ${what}`);
}

export async function mint(session: Session, account: string, inNamespace: string): Promise<string> {
  const call: Call = {
    method: 'POST',
    path: `/api/v1/namespaces/${inNamespace}/serviceaccounts/${account}/token`,
    body: tokenRequest(),
  };
  const tokenSchema = z.object({ status: z.object({ token: z.string() }) });
  return tokenSchema.parse(await perform(session, call)).status.token;
}

/**
 * Namespaces from before the policies: one without Pod Security, one whose owner has left a very strong robot behind, and
 * one whose name, which no member could choose today, sounds like the cluster's own.
 */
async function adoptOldNamespaces(operator: Session): Promise<void> {
  await perform(operator, create(namespace('alice-old', { labels: { 'poolc.org/owner': 'alice' } })));
  for (const [name, owner] of Object.entries({ 'leaver-lab': 'leaver', 'grafana-mallory': 'mallory' })) {
    await perform(operator, create(namespace(name)));
    await perform(operator, create(serviceAccount('robot'), name));
    const binding = create(roleBinding('robot', everything, { ...robot, namespace: name }), name);
    // Kyverno sees a new namespace a moment later.
    await until(`the robot of ${name}`, async () => (await operator(binding)).status === 201);
    await perform(operator, patch(`Namespace/${name}`, { metadata: { labels: { 'poolc.org/owner': owner } } }));
  }
  await operator(remove('ServiceAccount/leaver', 'poolc-users'));
}

async function ready(operator: Session, name: string): Promise<void> {
  const paths = [
    `/api/v1/namespaces/${name}/serviceaccounts/default`,
    `/api/v1/namespaces/${name}/resourcequotas/namespace-quota`,
    `/api/v1/namespaces/${name}/resourcequotas/namespace-store`,
    `/api/v1/namespaces/${name}/limitranges/namespace-limits`,
    `/apis/networking.k8s.io/v1/namespaces/${name}/networkpolicies/namespace-default`,
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}/rolebindings/namespace-owner`,
  ];
  for (const path of paths) {
    await until(path, async () => (await operator(read(path))).status === 200);
  }
}

async function furnishAlices(alice: Session): Promise<void> {
  const itself = { kind: 'Role', name: 'namespace-itself' } as const;
  const objects: KubernetesObject[] = [
    serviceAccount('robot'),
    tokenSecret('robot'),
    roleBinding('robot', clusterRole('admin'), robot),
    // The namespace itself is hers to give, too.
    role(itself.name, [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'patch', 'delete'] }]),
    roleBinding(itself.name, itself, robot),
    roleBinding('bob', clusterRole('admin'), member('bob')),
    deployment(undefined, 'web'),
    service({}, 'web'),
    ingress('alice--lab.internal.poolc', { name: 'mine' }),
    pod(undefined, 'debugged'),
  ];
  for (const object of objects) await perform(alice, create(object, 'alice--lab'));
  await perform(alice, create(pod(undefined, 'debugged'), 'alice-old'));
}

async function furnishBobs(operator: Session, bob: Session): Promise<void> {
  const allowances = {
    labels: { 'poolc.org/allow-external-services': 'true', 'poolc.org/allow-large-objects': 'true' },
    annotations: { 'poolc.org/ingress-hosts': 'club.example, *.bob.example' },
  };
  await perform(operator, patch('Namespace/bob--lab', { metadata: allowances }));
  await perform(bob, create(ingress('bob--lab.internal.poolc', { name: 'mine' }), 'bob--lab'));
  await perform(bob, create(ingress('*.bob.example', { name: 'all-mine' }), 'bob--lab'));
}

/** As its owner reads it, once the token controller has filled it in. */
async function secretToken(alice: Session): Promise<string> {
  const secretSchema = z.object({ data: z.object({ token: z.string() }) });
  let token = '';
  await until('the token Secret', async () => {
    const { body } = await alice(read('/api/v1/namespaces/alice--lab/secrets/robot-token'));
    token = secretSchema.safeParse(body).data?.data.token ?? '';
    return token !== '';
  });
  return Buffer.from(token, 'base64').toString();
}
