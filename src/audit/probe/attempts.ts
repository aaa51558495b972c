/**
 * What a fresh member tries. Nothing that they could do would last: what changes things is a dry-run, or is about objects
 * that don't exist; what reads asks for names alone.
 */

import { ownerLabel } from '../members.ts';

export interface Attempt {
  /** What follows "a fresh member may …". */
  readonly does: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** The user to act as, by impersonation. */
  readonly as?: string;
  readonly should: 'be allowed' | 'be refused';
  /** Who refuses it; what a fix has to bring back. */
  readonly by: 'rights' | 'policies';
  /** A label that makes what was created harmless: policies add it, rather than refuse. */
  readonly harmlessWith?: { readonly label: string; readonly values: readonly string[] };
}

export interface ProbedCluster {
  readonly podNamespace: string;
  readonly targetNamespace: string;
  readonly keySecret: string;
  readonly hasKyverno: boolean;
  /** Whether the club lets members read the whole cluster: deploy/policies/reader. */
  readonly hasReader: boolean;
  /** A namespace of some member; undefined while there is none. */
  readonly othersNamespace: string | undefined;
}

const podSecurityLabel = 'pod-security.kubernetes.io/enforce';
/** Nothing has this name. */
const nowhere = 'credentials-updater-probe-nowhere';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const dryRun = '?dryRun=All';

export function memberAttempts(name: string, cluster: ProbedCluster): Attempt[] {
  return [
    ...wanted(name),
    ...onCredentials(name, cluster),
    ...onRights(name, cluster),
    ...onTheCluster(cluster),
    ...onOthers(cluster),
    ...onNamespaces(name),
  ];
}

function wanted(name: string): Attempt[] {
  return [
    allowed('list namespaces', '/api/v1/namespaces?limit=1'),
    allowed('list Ingresses', '/apis/networking.k8s.io/v1/ingresses?limit=1'),
    {
      ...allowed('create a namespace', `/api/v1/namespaces${dryRun}`),
      method: 'POST',
      body: namespaceObject(`${name}--lab`),
    },
  ];
}

function onCredentials(name: string, { podNamespace, targetNamespace, keySecret }: ProbedCluster): Attempt[] {
  const accounts = `/api/v1/namespaces/${targetNamespace}/serviceaccounts`;
  const tokenRequest = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 600, audiences: ['credentials-updater-preflight'] },
  };
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const impersonate = (does: string, as: string): Attempt => ({
    ...create(does, '/apis/authentication.k8s.io/v1/selfsubjectreviews', review),
    as,
  });
  return [
    read('list every Secret', '/api/v1/secrets?limit=1'),
    read('list the Secrets of kube-system', '/api/v1/namespaces/kube-system/secrets?limit=1'),
    read(`list the Secrets of ${targetNamespace}`, `/api/v1/namespaces/${targetNamespace}/secrets?limit=1`),
    read('read the API key', `/api/v1/namespaces/${podNamespace}/secrets/${keySecret}`),
    read("list the members' accounts", `${accounts}?limit=1`),
    create("make an account among the members'", `${accounts}${dryRun}`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: nowhere },
    }),
    remove("delete members' accounts", `${accounts}/${nowhere}${dryRun}`),
    create("mint members' tokens", `${accounts}/${name}/token`, tokenRequest),
    create(
      "mint the updater's token",
      `/api/v1/namespaces/${podNamespace}/serviceaccounts/credentials-updater/token`,
      tokenRequest,
    ),
    create('make a token Secret for an account of a member', `/api/v1/namespaces/${targetNamespace}/secrets${dryRun}`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: nowhere, annotations: { 'kubernetes.io/service-account.name': name } },
      type: 'kubernetes.io/service-account-token',
    }),
    impersonate('act as an administrator', 'kubernetes-admin'),
    impersonate('act as another member', `system:serviceaccount:${targetNamespace}:${nowhere}`),
    create('ask for a certificate', `/apis/certificates.k8s.io/v1/certificatesigningrequests${dryRun}`, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: nowhere },
      spec: { request: '', signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
    }),
    patch(
      'approve certificates',
      `/apis/certificates.k8s.io/v1/certificatesigningrequests/${nowhere}/approval${dryRun}`,
    ),
  ];
}

function onRights(name: string, { podNamespace, targetNamespace }: ProbedCluster): Attempt[] {
  const subjects = [{ kind: 'ServiceAccount', name, namespace: targetNamespace }];
  const clusterAdmin = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
  const bindingIn = (namespace: string): Attempt =>
    create(`bind rights in ${namespace}`, `${rbac}/namespaces/${namespace}/rolebindings${dryRun}`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: nowhere },
      roleRef: { ...clusterAdmin, name: 'view' },
      subjects,
    });
  return [
    create('become cluster-admin', `${rbac}/clusterrolebindings${dryRun}`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: nowhere },
      roleRef: clusterAdmin,
      subjects,
    }),
    ...['default', 'kube-system', podNamespace, targetNamespace].map(bindingIn),
    patch('change the ClusterRole of the members', `${rbac}/clusterroles/poolc-member${dryRun}`),
    patch("change Kubernetes' own ClusterRoles", `${rbac}/clusterroles/view${dryRun}`),
  ];
}

function onTheCluster({ podNamespace, hasKyverno, hasReader }: ProbedCluster): Attempt[] {
  const admission = '/apis/admissionregistration.k8s.io/v1';
  return [
    (hasReader ? allowed : read)('list nodes', '/api/v1/nodes?limit=1'),
    read('reach the kubelets', `/api/v1/nodes/${nowhere}/proxy/pods`),
    patch('change nodes', `/api/v1/nodes/${nowhere}${dryRun}`),
    create('run commands in the pods of kube-system', `/api/v1/namespaces/kube-system/pods/${nowhere}/exec?command=id`),
    (hasReader ? allowed : read)("list everybody's pods", '/api/v1/pods?limit=1'),
    read("read everybody's logs", `/api/v1/namespaces/kube-system/pods/${nowhere}/log`),
    read("list everybody's ConfigMaps", '/api/v1/configmaps?limit=1'),
    create("mount the nodes' disks", `/api/v1/persistentvolumes${dryRun}`, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: nowhere },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/' } },
    }),
    remove('delete webhooks', `${admission}/validatingwebhookconfigurations/${nowhere}${dryRun}`),
    remove('delete admission policies', `${admission}/validatingadmissionpolicies/${nowhere}${dryRun}`),
    remove('delete their bindings', `${admission}/validatingadmissionpolicybindings/${nowhere}${dryRun}`),
    ...(hasKyverno
      ? [remove("delete Kyverno's policies", `/apis/kyverno.io/v1/clusterpolicies/${nowhere}${dryRun}`)]
      : []),
    patch('change APIs', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${nowhere}${dryRun}`),
    patch("change the updater's CronJob", `/apis/batch/v1/namespaces/${podNamespace}/cronjobs/${nowhere}${dryRun}`),
    patch(
      "change the updater's settings and records",
      `/api/v1/namespaces/${podNamespace}/configmaps/${nowhere}${dryRun}`,
    ),
    remove('take the run lock', `/apis/coordination.k8s.io/v1/namespaces/${podNamespace}/leases/${nowhere}${dryRun}`),
  ];
}

function onOthers({ podNamespace, targetNamespace, othersNamespace }: ProbedCluster): Attempt[] {
  const startPod = (namespace: string): Attempt =>
    create(`start pods in ${namespace}`, `/api/v1/namespaces/${namespace}/pods${dryRun}`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: nowhere },
      spec: { containers: [{ name: 'main', image: 'example.org/none' }] },
    });
  const others =
    othersNamespace === undefined
      ? []
      : [
          read(
            `list Secrets in another member's namespace (${othersNamespace})`,
            `/api/v1/namespaces/${othersNamespace}/secrets?limit=1`,
          ),
          startPod(othersNamespace),
          patch(
            `relabel another member's namespace (${othersNamespace})`,
            `/api/v1/namespaces/${othersNamespace}${dryRun}`,
          ),
        ];
  return [
    ...['default', 'kube-system', podNamespace, targetNamespace].map(startPod),
    patch(`relabel ${targetNamespace}`, `/api/v1/namespaces/${targetNamespace}${dryRun}`),
    remove('delete namespaces', `/api/v1/namespaces/${nowhere}${dryRun}`),
    ...others,
  ];
}

/** What only admission can refuse: a member may create namespaces. */
function onNamespaces(name: string): Attempt[] {
  const refusedNamespace = (does: string, as: string, labels: Record<string, string> = {}): Attempt => ({
    does,
    method: 'POST',
    path: `/api/v1/namespaces${dryRun}`,
    body: namespaceObject(as, labels),
    should: 'be refused',
    by: 'policies',
  });
  const tail = name.slice(-8);
  return [
    ...['kube', 'poolc', 'default', 'openshift', 'grafana'].map((prefix) =>
      refusedNamespace(`create a namespace called ${prefix}-…`, `${prefix}-${tail}`),
    ),
    refusedNamespace("create a namespace in another's name", `${name}--lab`, { [ownerLabel]: nowhere }),
    refusedNamespace('switch Pod Security off', `${name}--lab`, { [podSecurityLabel]: 'privileged' }),
    {
      ...refusedNamespace("create a namespace that isn't theirs alone (without an owner)", `${name}--lab`),
      harmlessWith: { label: ownerLabel, values: [name] },
    },
    {
      ...refusedNamespace('create a namespace without Pod Security', `${name}--lab`),
      harmlessWith: { label: podSecurityLabel, values: ['baseline', 'restricted'] },
    },
  ];
}

/** What must be refused in a member's namespace, no matter who tries it. Its owner does, who has all rights there. */
export function attemptsInMembersNamespace(namespace: string): Attempt[] {
  const core = `/api/v1/namespaces/${namespace}`;
  const refusedByPolicies = (does: string, path: string, body: object): Attempt => ({
    ...create(does, `${path}${dryRun}`, body),
    by: 'policies',
  });
  const pod = (does: string, spec: object, container: object = {}): Attempt =>
    refusedByPolicies(does, `${core}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: nowhere },
      spec: { containers: [{ name: 'main', image: 'example.org/none', ...container }], ...spec },
    });
  const service = (does: string, spec: object): Attempt =>
    refusedByPolicies(does, `${core}/services`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: nowhere },
      spec: { ports: [{ port: 80 }], ...spec },
    });
  const binding = (does: string, role: string, subject: object): Attempt =>
    refusedByPolicies(does, `${rbac}/namespaces/${namespace}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: nowhere },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [subject],
    });
  const everybody = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' };
  const robot = { kind: 'ServiceAccount', name: nowhere, namespace };
  return [
    pod('start privileged pods', {}, { securityContext: { privileged: true } }),
    pod("mount the node's disk in a pod", { volumes: [{ name: 'disk', hostPath: { path: '/' } }] }),
    pod("use the node's network in a pod", { hostNetwork: true }),
    pod("take the node's ports in a pod", {}, { ports: [{ containerPort: 80, hostPort: 80 }] }),
    refusedByPolicies('start privileged Deployments', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: nowhere },
      spec: {
        selector: { matchLabels: { app: nowhere } },
        template: {
          metadata: { labels: { app: nowhere } },
          spec: { containers: [{ name: 'main', image: 'example.org/none', securityContext: { privileged: true } }] },
        },
      },
    }),
    service('open ports on every node (NodePort)', { type: 'NodePort' }),
    service("catch other people's traffic (externalIPs)", { externalIPs: ['192.0.2.1'] }),
    refusedByPolicies(
      "catch everybody's hosts (an Ingress without one)",
      `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`,
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: nowhere },
        spec: { defaultBackend: { service: { name: nowhere, port: { number: 80 } } } },
      },
    ),
    binding('bind cluster-admin', 'cluster-admin', robot),
    binding('let everybody in', 'view', everybody),
  ];
}

function namespaceObject(name: string, labels: Record<string, string> = {}): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

const allowed = (does: string, path: string): Attempt => ({
  does,
  method: 'GET',
  path,
  should: 'be allowed',
  by: 'rights',
});
const refused = (does: string, method: Attempt['method'], path: string): Attempt => ({
  does,
  method,
  path,
  should: 'be refused',
  by: 'rights',
});
const read = (does: string, path: string): Attempt => refused(does, 'GET', path);
const remove = (does: string, path: string): Attempt => refused(does, 'DELETE', path);
const create = (does: string, path: string, body: unknown = {}): Attempt => ({ ...refused(does, 'POST', path), body });
const patch = (does: string, path: string): Attempt => ({
  ...refused(does, 'PATCH', path),
  body: { metadata: { labels: { [nowhere]: 'true' } } },
});
