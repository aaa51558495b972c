/** What a member can see and do outside their own namespaces: hardly anything. All of it is RBAC's. */
import { type Attempt, type Call, create, lacksTheRight, patch, read, remove, removeAll } from '../attempt.ts';
import {
  clusterRole,
  member,
  namespace,
  pod,
  role,
  roleBinding,
  serviceAccount,
  tokenRequest,
  tokenSecret,
} from '../objects.ts';

const rbac = 'rbac.authorization.k8s.io/v1';

export const clusterAttempts: readonly Attempt[] = [
  { as: 'alice', does: 'lists all namespaces', call: read('/api/v1/namespaces'), expect: 'allowed' },
  { as: 'alice', does: 'lists all Ingresses', call: read('/apis/networking.k8s.io/v1/ingresses'), expect: 'allowed' },
  { as: 'alice', does: "reads bob's namespace", call: read('/api/v1/namespaces/bob--lab'), expect: 'allowed' },
  {
    as: 'alice',
    does: 'asks who she is',
    call: {
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    },
    expect: 'allowed',
  },

  ...forbidden('alice', {
    'lists nodes': read('/api/v1/nodes'),
    'lists all Secrets': read('/api/v1/secrets'),
    'lists all pods': read('/api/v1/pods'),
    'lists all Services': read('/api/v1/services'),
    'reaches a kubelet through the API server': read('/api/v1/nodes/node/proxy/pods'),
    'reads the PoolC API key': read('/api/v1/namespaces/poolc-system/secrets/credentials-updater'),
    'reads ConfigMaps of kube-system': read('/api/v1/namespaces/kube-system/configmaps'),
    'runs a command in a pod of kube-system': {
      method: 'POST',
      path: '/api/v1/namespaces/kube-system/pods/etcd/exec?command=sh',
    },
    'creates a pod in poolc-system': create(pod(), 'poolc-system'),
    'creates a pod in default': create(pod(), 'default'),
    'deletes the namespace poolc-users': remove('Namespace/poolc-users'),
    'deletes the namespace kube-system': remove('Namespace/kube-system'),
    'deletes all namespaces': removeAll('Namespace'),
    'creates a PersistentVolume on a node': create({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'root' },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/' } },
    }),
    'asks for a client certificate': create({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'alice' },
      spec: { request: '', signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
    }),
    "tries another's token": create({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: {},
      spec: { token: 'token' },
    }),
    'creates a PriorityClass': create({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'first' },
      value: 1000,
    }),
    'creates a CustomResourceDefinition': create({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.org' },
      spec: {},
    }),
    'creates a webhook that sees every request': create({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'spy' },
      webhooks: [],
    }),
    'deletes a policy': remove('ValidatingAdmissionPolicy/members-workloads'),
  }),

  // The members' own namespace, and the updater's.
  ...forbidden('alice', {
    'lists the members': read('/api/v1/namespaces/poolc-users/serviceaccounts'),
    'mints a token for herself': mint('alice', 'poolc-users'),
    'mints a token for bob': mint('bob', 'poolc-users'),
    'mints a token for the updater': mint('credentials-updater', 'poolc-system'),
    'makes a token Secret for bob': create(tokenSecret('bob'), 'poolc-users'),
    'creates a member': create(serviceAccount('mallory'), 'poolc-users'),
    'removes bob': remove('ServiceAccount/bob', 'poolc-users'),
    'gives herself poolc-users': create(roleBinding('mine', clusterRole('admin'), member('alice')), 'poolc-users'),
    "gives herself the updater's Role": create(
      role('mine', [{ apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] }]),
      'poolc-users',
    ),
  }),

  // Other people.
  ...forbidden('alice', {
    'acts as bob': actingAs({ 'Impersonate-User': 'system:serviceaccount:poolc-users:bob' }),
    'acts as an administrator': actingAs({ 'Impersonate-User': 'anyone', 'Impersonate-Group': 'system:masters' }),
    'acts as herself with another group': actingAs({
      'Impersonate-User': 'system:serviceaccount:poolc-users:alice',
      'Impersonate-Group': 'system:masters',
    }),
    'binds herself to cluster-admin': create({
      apiVersion: rbac,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'mine' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...clusterRole('cluster-admin') },
      subjects: [member('alice')],
    }),
    'creates a ClusterRole that escalates': create({
      apiVersion: rbac,
      kind: 'ClusterRole',
      metadata: { name: 'mine', labels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
    }),
    "widens the members' ClusterRole": patch('ClusterRole/poolc-member', { rules: [] }),
  }),

  // Another member's namespace.
  ...forbidden('alice', {
    "lists bob's pods": read('/api/v1/namespaces/bob--lab/pods'),
    "reads bob's Secrets": read('/api/v1/namespaces/bob--lab/secrets'),
    "creates a pod in bob's namespace": create(pod(), 'bob--lab'),
    "gives herself bob's namespace": create(roleBinding('mine', clusterRole('admin'), member('alice')), 'bob--lab'),
    "mints a token of bob's namespace": mint('default', 'bob--lab'),
    "labels bob's namespace": patch('Namespace/bob--lab', { metadata: { labels: { team: 'alice' } } }),
    "deletes bob's namespace": remove('Namespace/bob--lab'),
  }),

  // ServiceAccounts that a member made are in no group of members.
  ...forbidden("alice's robot", {
    'lists all namespaces': read('/api/v1/namespaces'),
    'lists all Ingresses': read('/apis/networking.k8s.io/v1/ingresses'),
    'creates a namespace': create(namespace('robots')),
    'mints a token for alice': mint('alice', 'poolc-users'),
    "lists bob's pods": read('/api/v1/namespaces/bob--lab/pods'),
  }),
  ...forbidden("alice's robot by its token Secret", {
    'creates a namespace': create(namespace('robots')),
    'lists all Secrets': read('/api/v1/secrets'),
  }),
];

function forbidden(as: Attempt['as'], attempts: Readonly<Record<string, Call>>): Attempt[] {
  return Object.entries(attempts).map(([does, call]) => ({ as, does, call, expect: lacksTheRight }));
}

function mint(account: string, inNamespace: string): Call {
  const path = `/api/v1/namespaces/${inNamespace}/serviceaccounts/${account}/token`;
  return { method: 'POST', path, body: tokenRequest() };
}

function actingAs(headers: Record<string, string>): Call {
  return { method: 'GET', path: '/api/v1/namespaces', headers };
}
