/** Access within a member's namespace: to people and ServiceAccounts by name, and never more than its owner has. */
import {
  type Attempt,
  type Call,
  create,
  lacksTheRight,
  patch,
  type Refusal,
  read,
  refused,
  remove,
  removeAll,
} from '../attempt.ts';
import {
  clusterRole,
  member,
  type Rule,
  role,
  roleBinding,
  type Subject,
  secret,
  serviceAccount,
  tokenRequest,
  tokenSecret,
} from '../objects.ts';

/** RBAC asks before any policy does. */
const moreThanSheHas: Refusal = { by: 'RBAC', because: /attempting to grant RBAC permissions not currently held/ };
const unboundable = (name: string) =>
  refused(new RegExp(`The ClusterRole ${name} can’t be bound in a member’s namespace.*묶을 수 없습니다`, 's'));
const peopleByName = (who: string) =>
  refused(new RegExp(`Only people and ServiceAccounts by name get access.*not ${who}.*다른 그룹에는`, 's'));
const verbsListed = refused(/A Role in a member’s namespace lists its verbs: not \*, bind, escalate or impersonate/);
const comesWithTheNamespace = (what: string) =>
  refused(new RegExp(`The ${what} comes with the namespace: only an operator changes it.*운영자만`, 's'));
const kyvernoIsTheOperators = refused(
  /Kyverno’s policies and exceptions in members’ namespaces are an operator’s.*운영자만/s,
);

const robot: Subject = { kind: 'ServiceAccount', name: 'robot', namespace: 'alice--lab' };
const group = (name: string): Subject => ({ kind: 'Group', name });

/** With it Kyverno would lift the quota, which the member can't. */
const aboutQuotas = {
  matchConstraints: {
    resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['resourcequotas'] }],
  },
};

export const accessAttempts: readonly Attempt[] = [
  { as: 'alice', does: 'creates a ServiceAccount', call: inLab(serviceAccount('robot-2')), expect: 'allowed' },
  { as: 'alice', does: 'makes a token Secret', call: inLab(tokenSecret('default')), expect: 'allowed' },
  {
    as: 'alice',
    does: 'mints a token for it',
    call: { method: 'POST', path: '/api/v1/namespaces/alice--lab/serviceaccounts/robot/token', body: tokenRequest() },
    expect: 'allowed',
  },
  {
    as: 'alice',
    does: 'acts as it',
    call: {
      method: 'GET',
      path: '/api/v1/namespaces/alice--lab/pods',
      headers: { 'Impersonate-User': 'system:serviceaccount:alice--lab:robot' },
    },
    expect: 'allowed',
  },
  { as: 'alice', does: 'creates a Secret', call: inLab(secret('mine')), expect: 'allowed' },
  { as: 'alice', does: 'reads her Secrets', call: read('/api/v1/namespaces/alice--lab/secrets'), expect: 'allowed' },
  {
    as: 'alice',
    does: 'claims storage',
    call: inLab({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
    expect: 'allowed',
  },

  { as: 'alice', does: 'invites bob as admin', call: bind(clusterRole('admin'), member('bob')), expect: 'allowed' },
  {
    as: 'alice',
    does: 'invites bob as a user',
    call: bind(clusterRole('view'), { kind: 'User', name: 'system:serviceaccount:poolc-users:bob' }),
    expect: 'allowed',
  },
  { as: 'alice', does: 'lets her robot edit', call: bind(clusterRole('edit'), robot), expect: 'allowed' },
  {
    as: 'alice',
    does: 'lets all ServiceAccounts of her namespace view',
    call: bind(clusterRole('view'), group('system:serviceaccounts:alice--lab')),
    expect: 'allowed',
  },
  { as: 'alice', does: 'creates a Role', call: give('get', 'list'), expect: 'allowed' },
  ...[
    'system:serviceaccounts:poolc-users',
    'system:serviceaccounts',
    'system:authenticated',
    'system:unauthenticated',
  ].map(
    (name): Attempt => ({
      as: 'alice',
      does: `opens her namespace to ${name}`,
      call: bind(clusterRole('view'), group(name)),
      expect: peopleByName(`Group ${name}`),
    }),
  ),
  {
    as: 'alice',
    does: 'opens her namespace to those who have no token',
    call: bind(clusterRole('view'), { kind: 'User', name: 'system:anonymous' }),
    expect: peopleByName('User system:anonymous'),
  },
  {
    as: 'alice',
    does: 'adds a group to a binding that is there',
    call: patch('RoleBinding/robot', { subjects: [group('system:authenticated')] }, 'alice--lab'),
    expect: peopleByName('Group system:authenticated'),
  },
  { as: 'alice', does: 'binds cluster-admin', call: bind(clusterRole('cluster-admin'), robot), expect: moreThanSheHas },
  {
    as: 'alice',
    does: "makes bob the namespace's owner",
    call: bind(clusterRole('poolc-namespace-owner'), member('bob')),
    expect: unboundable('poolc-namespace-owner'),
  },
  {
    as: 'alice',
    does: 'gives the right to bind what one does not have',
    call: give('bind', 'escalate'),
    expect: moreThanSheHas,
  },
  { as: 'alice', does: 'gives every right', call: give('*'), expect: moreThanSheHas },
  {
    as: 'alice',
    does: 'gives the right to act as her robots',
    call: inLab(role('mine', [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] }])),
    expect: verbsListed,
  },
  {
    as: "alice's robot",
    does: 'invites a group',
    call: bind(clusterRole('view'), group('system:authenticated')),
    expect: peopleByName('Group'),
  },
  // Nothing is too much for Argo CD: without a policy it would do this for a member.
  {
    as: 'Argo CD',
    does: 'binds cluster-admin for a member',
    call: bind(clusterRole('cluster-admin'), robot),
    expect: unboundable('cluster-admin'),
  },
  {
    as: 'Argo CD',
    does: 'binds a role of the system for a member',
    call: bind(clusterRole('system:controller:namespace-controller'), robot),
    expect: unboundable('system:controller:namespace-controller'),
  },
  { as: 'Argo CD', does: 'gives every right for a member', call: give('*'), expect: verbsListed },

  // What comes with the namespace.
  {
    as: 'alice',
    does: "deletes the owner's RoleBinding",
    call: remove('RoleBinding/namespace-owner', 'alice--lab'),
    expect: comesWithTheNamespace('RoleBinding namespace-owner'),
  },
  {
    as: 'alice',
    does: "adds bob to the owner's RoleBinding",
    call: patch('RoleBinding/namespace-owner', { subjects: [member('alice'), member('bob')] }, 'alice--lab'),
    expect: comesWithTheNamespace('RoleBinding namespace-owner'),
  },
  {
    as: 'alice',
    does: 'deletes all RoleBindings',
    call: removeAll('RoleBinding', 'alice--lab'),
    expect: comesWithTheNamespace('RoleBinding namespace-owner'),
  },
  {
    as: "alice's robot",
    does: "deletes the owner's RoleBinding",
    call: remove('RoleBinding/namespace-owner', 'alice--lab'),
    expect: comesWithTheNamespace('RoleBinding namespace-owner'),
  },
  {
    as: 'alice',
    does: 'deletes the quota',
    call: remove('ResourceQuota/namespace-quota', 'alice--lab'),
    expect: lacksTheRight,
  },
  {
    as: 'alice',
    does: 'raises the quota',
    call: patch('ResourceQuota/namespace-quota', { spec: { hard: { pods: '999' } } }, 'alice--lab'),
    expect: lacksTheRight,
  },
  {
    as: 'alice',
    does: 'deletes the limits',
    call: remove('LimitRange/namespace-limits', 'alice--lab'),
    expect: lacksTheRight,
  },
  {
    as: "a leaver's robot",
    does: 'raises the quota of the namespace that was left',
    call: patch('ResourceQuota/namespace-quota', { spec: { hard: { pods: '999' } } }, 'leaver-lab'),
    expect: comesWithTheNamespace('ResourceQuota namespace-quota'),
  },
  {
    as: 'a robot in grafana-mallory',
    does: 'raises the quota of its namespace',
    call: patch('ResourceQuota/namespace-quota', { spec: { hard: { pods: '999' } } }, 'grafana-mallory'),
    expect: comesWithTheNamespace('ResourceQuota namespace-quota'),
  },
  {
    as: 'alice',
    does: 'changes the default NetworkPolicy',
    call: patch('NetworkPolicy/namespace-default', { spec: { ingress: [{}] } }, 'alice--lab'),
    expect: 'allowed',
  },
  {
    as: 'an operator',
    does: 'raises the quota of one namespace',
    call: patch('ResourceQuota/namespace-quota', { spec: { hard: { pods: '999' } } }, 'alice--lab'),
    expect: 'allowed',
  },
  {
    as: 'Argo CD',
    does: 'raises the quota of one namespace',
    call: patch('ResourceQuota/namespace-quota', { spec: { hard: { pods: '999' } } }, 'alice--lab'),
    expect: 'allowed',
  },

  // Kyverno's chart aggregates its policies and exceptions to the role admin.
  ...[
    {
      apiVersion: 'policies.kyverno.io/v1',
      kind: 'PolicyException',
      spec: { policyRefs: [{ name: 'members-workloads', kind: 'ValidatingPolicy' }] },
    },
    { apiVersion: 'policies.kyverno.io/v1', kind: 'NamespacedMutatingPolicy', spec: aboutQuotas },
    {
      apiVersion: 'policies.kyverno.io/v1',
      kind: 'NamespacedDeletingPolicy',
      spec: { schedule: '* * * * *', ...aboutQuotas },
    },
    {
      apiVersion: 'kyverno.io/v2',
      kind: 'CleanupPolicy',
      spec: { schedule: '* * * * *', match: { any: [{ resources: { kinds: ['ResourceQuota'] } }] } },
    },
  ].map(
    (object): Attempt => ({
      as: 'alice',
      does: `creates Kyverno's ${object.kind}`,
      call: inLab({ ...object, metadata: { name: 'mine' } }),
      expect: kyvernoIsTheOperators,
      // It has none of the newer kinds.
      ...(object.kind === 'CleanupPolicy' ? {} : { onOldest: lacksTheRight }),
      only: ['kyverno', 'kyverno-cel'],
    }),
  ),
  {
    as: 'alice',
    does: "creates Kyverno's older PolicyException",
    call: inLab({ apiVersion: 'kyverno.io/v2', kind: 'PolicyException', metadata: { name: 'mine' }, spec: {} }),
    expect: lacksTheRight,
    only: ['kyverno', 'kyverno-cel'],
  },
];

function inLab(object: Parameters<typeof create>[0]): Call {
  return create(object, 'alice--lab');
}

function bind(roleRef: Parameters<typeof roleBinding>[1], subject: Subject): Call {
  return inLab(roleBinding('mine', roleRef, subject));
}

/** A Role over ConfigMaps. */
function give(...verbs: string[]): Call {
  const rule: Rule = { apiGroups: [''], resources: ['configmaps'], verbs };
  return inLab(role('mine', [rule]));
}
