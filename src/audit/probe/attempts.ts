/**
 * What a member tries. Nothing that they could do would last: what changes things is a dry-run, or is about objects
 * that don't exist; what reads asks for names alone.
 */

import { ownerLabel } from '../members.ts';
import {
  type Attempt,
  allowed,
  create,
  dryRun,
  namespaceObject,
  nowhere,
  patch,
  rbac,
  read,
  refused,
  remove,
} from './attempt.ts';

export interface ProbedCluster {
  readonly podNamespace: string;
  readonly targetNamespace: string;
  readonly keySecret: string;
  readonly hasKyverno: boolean;
  /** Whether the club lets members read the whole cluster: deploy/policies/reader. */
  readonly hasReader: boolean;
  /** A namespace of some other member; undefined while there is none. */
  readonly othersNamespace: string | undefined;
  /** Whether members' namespaces are named after their accounts. */
  readonly namesFollowAccounts: boolean;
  /** Names that the policies trust, and names that are known to be given to what a club installs: of no namespace yet. */
  readonly freeNames: { readonly trusted: readonly string[]; readonly wellKnown: readonly string[] };
}

/** Who tries. */
export interface ProbedMember {
  readonly account: string;
  /** A part of a name that nothing else has. */
  readonly unique: string;
  /** Somebody's real account: it may own as many namespaces as it may, so it is not asked to be able to create one. */
  readonly isReal: boolean;
}

const podSecurityLabel = 'pod-security.kubernetes.io/enforce';

export function memberAttempts(member: ProbedMember, cluster: ProbedCluster): Attempt[] {
  return [
    ...wanted(member),
    ...onCredentials(member, cluster),
    ...onRights(member, cluster),
    ...onTheCluster(cluster),
    ...onOthers(cluster),
    ...onNamespaces(member, cluster),
  ];
}

/** A namespace that this member may create, and hasn't. */
export const ownNamespace = ({ account, unique }: Pick<ProbedMember, 'account' | 'unique'>): string =>
  `${account}--${unique}`;

function wanted(member: ProbedMember): Attempt[] {
  const creation: Attempt = {
    ...allowed('create a namespace', `/api/v1/namespaces${dryRun}`),
    method: 'POST',
    body: namespaceObject(ownNamespace(member)),
  };
  return [
    allowed('list namespaces', '/api/v1/namespaces?limit=1'),
    allowed('list Ingresses', '/apis/networking.k8s.io/v1/ingresses?limit=1'),
    ...(member.isReal ? [] : [creation]),
  ];
}

function onCredentials(
  { account, isReal }: ProbedMember,
  { podNamespace, targetNamespace, keySecret }: ProbedCluster,
): Attempt[] {
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
    create("mint members' tokens", `${accounts}/${nowhere}/token`, tokenRequest),
    create(
      "mint the updater's token",
      `/api/v1/namespaces/${podNamespace}/serviceaccounts/credentials-updater/token`,
      tokenRequest,
    ),
    create('make a token Secret for an account of a member', `/api/v1/namespaces/${targetNamespace}/secrets${dryRun}`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: nowhere, annotations: { 'kubernetes.io/service-account.name': account } },
      type: 'kubernetes.io/service-account-token',
    }),
    // A real member is impersonated already.
    ...(isReal
      ? []
      : [
          impersonate('act as an administrator', 'kubernetes-admin'),
          impersonate('act as another member', `system:serviceaccount:${targetNamespace}:${nowhere}`),
        ]),
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

function onRights({ account }: ProbedMember, { podNamespace, targetNamespace }: ProbedCluster): Attempt[] {
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace: targetNamespace }];
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
function onNamespaces(member: ProbedMember, { namesFollowAccounts, freeNames }: ProbedCluster): Attempt[] {
  const { account, unique } = member;
  const own = ownNamespace(member);
  const refusedNamespace = (does: string, as: string, labels: Record<string, string> = {}): Attempt => ({
    ...refused(does, 'POST', `/api/v1/namespaces${dryRun}`),
    body: namespaceObject(as, labels),
    by: 'policies',
  });
  return [
    ...['kube', 'poolc', 'default', 'openshift', 'grafana'].map((prefix) =>
      refusedNamespace(`create a namespace called ${prefix}-…`, `${prefix}-${unique}`),
    ),
    ...freeNames.trusted.map((name) =>
      refusedNamespace(`take the name ${name}, which the policies trust, for a namespace`, name),
    ),
    ...freeNames.wellKnown.map((name) =>
      refusedNamespace(`take the name ${name}, which a club's own installation may need, for a namespace`, name),
    ),
    ...(namesFollowAccounts
      ? [
          refusedNamespace("create a namespace under another member's name (…--lab)", `${nowhere}--${unique}`),
          refusedNamespace(
            'create a namespace that another account may be called (one hyphen)',
            `${account}-${unique}`,
          ),
          refusedNamespace('create a namespace of any name', `probe-${unique}`),
          refusedNamespace('create a namespace called xn--…, which browsers show as another text', `xn--${unique}`),
        ]
      : []),
    refusedNamespace("create a namespace in another's name", own, { [ownerLabel]: nowhere }),
    refusedNamespace('switch Pod Security off', own, { [podSecurityLabel]: 'privileged' }),
    refusedNamespace('allow large objects in a namespace', own, { 'poolc.org/allow-large-objects': 'true' }),
    {
      ...refusedNamespace("create a namespace that isn't theirs alone (without an owner)", own),
      harmlessWith: { label: ownerLabel, values: [account] },
    },
    {
      ...refusedNamespace('create a namespace without Pod Security', own),
      harmlessWith: { label: podSecurityLabel, values: ['baseline', 'restricted'] },
    },
  ];
}
