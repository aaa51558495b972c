/**
 * The rights that lead to more than they say, in Kubernetes' own APIs: one row each, with the reason why it is here. After
 * Kubernetes' list (RBAC good practices: privilege escalation risks) and what has been tried against clusters since.
 */

/** What somebody gains by a right, in words that follow "it": `reads Secrets`. */
export type Gain =
  | 'does everything'
  | 'reads Secrets'
  | 'mints tokens'
  | 'impersonates others'
  | 'gives itself other rights'
  | 'changes roles and bindings'
  | 'makes or changes ServiceAccounts'
  | 'makes Secrets, so a token for any ServiceAccount'
  | 'runs commands in pods'
  | 'starts pods under any ServiceAccount'
  | 'reaches pods and Services past NetworkPolicies'
  | 'redirects traffic'
  | 'opens the network'
  | 'reaches the kubelets'
  | 'changes nodes'
  | 'gets certificates signed'
  | 'changes what admission enforces'
  | 'lifts quotas and limits'
  | "mounts the nodes' disks"
  | "gets at others' volumes"
  | 'relabels or deletes namespaces'
  | 'replaces APIs'
  | 'starves or preempts others'
  | "changes the settings of the cluster's own programs"
  | 'applies manifests with the rights of a controller'
  | 'reads and writes every URL of the API server'
  | 'looks into the API server';

export interface Escalation {
  readonly gain: Gain;
  /** A whole sentence without its full stop: what one does with the right. */
  readonly reason: string;
  /** `prefix:*` is every verb that begins so. */
  readonly verbs: readonly string[];
  readonly apiGroup: string;
  /** With their subresources; `*` is any resource of the group. */
  readonly resources: readonly string[];
  /** Whether a RoleBinding can't give it: the resource is in no namespace. */
  readonly clusterOnly: boolean;
}

const write = ['create', 'update', 'patch'];
/** Of what a controller acts on: to change or delete it. */
export const change: readonly string[] = [...write, 'delete', 'deletecollection'];
const rbacGroup = 'rbac.authorization.k8s.io';
const admission = 'admissionregistration.k8s.io';

/** A row of the table for what is in namespaces. */
export const inNamespaces = (
  gain: Gain,
  verbs: readonly string[],
  apiGroup: string,
  resources: readonly string[],
  reason: string,
): Escalation => ({ gain, verbs, apiGroup, resources, reason, clusterOnly: false });

/** A row for what is in no namespace. */
export const clusterWide = (...row: Parameters<typeof inNamespaces>): Escalation => ({
  ...inNamespaces(...row),
  clusterOnly: true,
});

const credentials: readonly Escalation[] = [
  inNamespaces(
    'reads Secrets',
    ['get', 'list', 'watch'],
    '',
    ['secrets'],
    'get, list and watch each return the content of Secrets',
  ),
  inNamespaces(
    'mints tokens',
    ['create'],
    '',
    ['serviceaccounts/token'],
    'a TokenRequest returns a token of the ServiceAccount',
  ),
  inNamespaces(
    'makes Secrets, so a token for any ServiceAccount',
    write,
    '',
    ['secrets'],
    'a Secret of the type service-account-token is filled with a token that never expires',
  ),
  inNamespaces(
    'makes or changes ServiceAccounts',
    change,
    '',
    ['serviceaccounts'],
    'a ServiceAccount of a known name has what is bound to that name',
  ),
  clusterWide(
    'impersonates others',
    ['impersonate'],
    '',
    ['users', 'groups'],
    'a request with the header Impersonate-User is made with the rights of that user',
  ),
  inNamespaces(
    'impersonates others',
    ['impersonate'],
    '',
    ['serviceaccounts'],
    'a request with the header Impersonate-User is made with the rights of that ServiceAccount',
  ),
  clusterWide(
    'impersonates others',
    ['impersonate'],
    'authentication.k8s.io',
    ['uids', 'userextras/*'],
    'webhooks and audit logs see the UID and the extra fields of somebody else',
  ),
  clusterWide(
    'impersonates others',
    [
      'impersonate:user-info',
      'impersonate:serviceaccount',
      'impersonate:arbitrary-node',
      'impersonate:associated-node',
    ],
    'authentication.k8s.io',
    ['users', 'groups', 'serviceaccounts', 'nodes', 'uids', 'userextras/*'],
    'constrained impersonation lets one act as another user, ServiceAccount or node',
  ),
  // KEP-5284 has a verb more for each action on a resource.
  inNamespaces(
    'impersonates others',
    ['impersonate-on:*'],
    '*',
    ['*'],
    'it says what one may do while acting as somebody else',
  ),
  clusterWide(
    'gets certificates signed',
    ['update', 'patch'],
    'certificates.k8s.io',
    ['certificatesigningrequests/approval', 'certificatesigningrequests/status'],
    'an approved request becomes a client certificate for any user and group',
  ),
  clusterWide(
    'gets certificates signed',
    ['approve', 'sign', 'attest'],
    'certificates.k8s.io',
    ['signers'],
    'a signer may approve and sign client certificates, or attest the CA that others trust',
  ),
  clusterWide(
    'gets certificates signed',
    change,
    'certificates.k8s.io',
    ['clustertrustbundles'],
    'pods trust the CA that a ClusterTrustBundle holds',
  ),
  inNamespaces(
    'gets certificates signed',
    ['update', 'patch'],
    'certificates.k8s.io',
    ['podcertificaterequests/status'],
    "the status holds the certificate by which a pod's server is trusted",
  ),
];

const rights: readonly Escalation[] = [
  inNamespaces(
    'gives itself other rights',
    ['bind', 'escalate'],
    rbacGroup,
    ['roles', 'clusterroles'],
    'bind and escalate switch off the rule that nobody gives rights that they lack',
  ),
  inNamespaces(
    'changes roles and bindings',
    change,
    rbacGroup,
    ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
    'one can pass on what one has, and take from others what they have',
  ),
  inNamespaces(
    'relabels or deletes namespaces',
    ['update', 'patch', 'delete', 'deletecollection'],
    '',
    ['namespaces'],
    'labels of a namespace say whose it is and how strict Pod Security is',
  ),
  inNamespaces(
    'relabels or deletes namespaces',
    ['update', 'patch'],
    '',
    ['namespaces/finalize', 'namespaces/status'],
    'both write the labels too, and finalize ends a deletion before everything in the namespace is gone',
  ),
  clusterWide(
    'changes what admission enforces',
    change,
    admission,
    [
      'validatingwebhookconfigurations',
      'mutatingwebhookconfigurations',
      'validatingadmissionpolicies',
      'validatingadmissionpolicies/status',
      'validatingadmissionpolicybindings',
      'mutatingadmissionpolicies',
      'mutatingadmissionpolicybindings',
    ],
    'a webhook reads and rewrites every object, Secrets too; without the policies nothing is refused',
  ),
  clusterWide(
    'replaces APIs',
    change,
    'apiextensions.k8s.io',
    ['customresourcedefinitions', 'customresourcedefinitions/status'],
    'a conversion webhook reads and rewrites every object of a kind; deleting the kind deletes its objects',
  ),
  clusterWide(
    'replaces APIs',
    change,
    'apiregistration.k8s.io',
    ['apiservices', 'apiservices/status'],
    'requests to the group, with the tokens of those who make them, go to a server of your choice',
  ),
  inNamespaces(
    'lifts quotas and limits',
    ['update', 'patch', 'delete', 'deletecollection'],
    '',
    ['resourcequotas', 'resourcequotas/status', 'limitranges'],
    'a namespace without a quota can fill the nodes and etcd',
  ),
  inNamespaces(
    "changes the settings of the cluster's own programs",
    change,
    '',
    ['configmaps'],
    'the DNS, the proxies and many controllers read their settings, and what they trust, from ConfigMaps',
  ),
];

const workloads: readonly Escalation[] = [
  inNamespaces(
    'runs commands in pods',
    ['get', 'create'],
    '',
    ['pods/exec', 'pods/attach', 'pods/portforward'],
    'a command in a pod has its token, its Secrets and its disks',
  ),
  inNamespaces(
    'runs commands in pods',
    ['update', 'patch'],
    '',
    ['pods/ephemeralcontainers'],
    'a container added to a running pod has its token and its disks',
  ),
  inNamespaces(
    'starts pods under any ServiceAccount',
    write,
    '',
    ['pods', 'replicationcontrollers'],
    'a pod may name any ServiceAccount and mount any Secret of its namespace',
  ),
  inNamespaces(
    'starts pods under any ServiceAccount',
    write,
    'apps',
    ['deployments', 'daemonsets', 'statefulsets', 'replicasets', 'controllerrevisions'],
    'what they start may name any ServiceAccount and mount any Secret of its namespace',
  ),
  inNamespaces(
    'starts pods under any ServiceAccount',
    write,
    'batch',
    ['jobs', 'cronjobs'],
    'what they start may name any ServiceAccount and mount any Secret of its namespace',
  ),
  inNamespaces(
    'changes nodes',
    ['create'],
    '',
    ['pods/binding', 'bindings'],
    'a pod is put on a node of your choice, past the scheduler and the taints',
  ),
  inNamespaces(
    'reaches pods and Services past NetworkPolicies',
    ['get', 'create', 'update', 'patch', 'delete'],
    '',
    ['pods/proxy', 'services/proxy'],
    'the API server itself connects to the pod or Service, and passes everything on',
  ),
  inNamespaces(
    'redirects traffic',
    change,
    '',
    ['services', 'endpoints'],
    'a Service takes the addresses of another, and hand-made endpoints lead to any pod or node',
  ),
  inNamespaces(
    'redirects traffic',
    change,
    'discovery.k8s.io',
    ['endpointslices'],
    'hand-made endpoints lead to any pod or node',
  ),
  inNamespaces(
    'redirects traffic',
    ['update', 'patch'],
    '',
    ['services/status', 'pods/status'],
    'the status holds the addresses that traffic is sent to',
  ),
  inNamespaces(
    'redirects traffic',
    change,
    'networking.k8s.io',
    ['ingresses', 'ingresses/status'],
    'an Ingress takes the host and the certificate of another',
  ),
  clusterWide(
    'redirects traffic',
    change,
    'networking.k8s.io',
    ['ingressclasses', 'ipaddresses', 'servicecidrs'],
    'they say which controller serves an Ingress, and which addresses Services have',
  ),
  inNamespaces(
    'opens the network',
    change,
    'networking.k8s.io',
    ['networkpolicies'],
    'without a NetworkPolicy every pod is reached by every other',
  ),
];

const nodesAndVolumes: readonly Escalation[] = [
  clusterWide(
    'reaches the kubelets',
    ['get', 'create', 'update', 'patch', 'delete'],
    '',
    ['nodes/proxy'],
    'a kubelet runs commands in every pod of its node, and no admission sees them',
  ),
  clusterWide(
    'reaches the kubelets',
    ['get', 'create'],
    '',
    ['nodes/checkpoint'],
    "a checkpoint holds a container's memory, with every secret in it",
  ),
  clusterWide(
    'reaches the kubelets',
    ['get'],
    '',
    ['nodes/log'],
    "the node's log files hold what its programs and its pods wrote",
  ),
  clusterWide(
    'reaches the kubelets',
    ['get'],
    '',
    ['nodes/configz', 'nodes/pods'],
    'they show how the kubelet lets requests in, and the environment of every pod of the node',
  ),
  clusterWide(
    'changes nodes',
    change,
    '',
    ['nodes', 'nodes/status'],
    'labels, taints and addresses of a node draw pods and kubelet requests to it',
  ),
  clusterWide(
    "mounts the nodes' disks",
    write,
    '',
    ['persistentvolumes'],
    "a PersistentVolume of the type hostPath or local is the node's disk",
  ),
  clusterWide(
    "gets at others' volumes",
    change,
    'storage.k8s.io',
    ['storageclasses', 'csidrivers', 'csinodes', 'volumeattachments', 'volumeattributesclasses'],
    "a driver gets the tokens of the pods that mount from it, and a class's parameters name the server and its Secret",
  ),
  clusterWide(
    "gets at others' volumes",
    write,
    'snapshot.storage.k8s.io',
    ['volumesnapshotcontents', 'volumesnapshotclasses'],
    "a content names any snapshot of the storage, another's too",
  ),
  clusterWide(
    "gets at others' volumes",
    change,
    'resource.k8s.io',
    ['deviceclasses', 'resourceslices', 'devicetaintrules'],
    "a device's settings decide what of the node a container sees",
  ),
  clusterWide(
    'starves or preempts others',
    change,
    'flowcontrol.apiserver.k8s.io',
    ['flowschemas', 'prioritylevelconfigurations'],
    'whose requests the API server answers first is decided there',
  ),
  clusterWide(
    'starves or preempts others',
    change,
    'scheduling.k8s.io',
    ['priorityclasses'],
    'pods of a high priority push others off the nodes',
  ),
  clusterWide(
    'changes nodes',
    change,
    'node.k8s.io',
    ['runtimeclasses'],
    'a RuntimeClass chooses the sandbox in which pods run',
  ),
];

export const kubernetesEscalations: readonly Escalation[] = [
  ...credentials,
  ...rights,
  ...workloads,
  ...nodesAndVolumes,
];

/** URLs outside of any API group: what begins so. */
export const urlEscalations: readonly { readonly gain: Gain; readonly prefix: string; readonly reason: string }[] = [
  {
    gain: 'looks into the API server',
    prefix: '/debug',
    reason: "profiles show the API server's memory and slow it down, and its flags turn up what it logs",
  },
  {
    gain: 'looks into the API server',
    prefix: '/logs',
    reason: "they are the log files of the API server's machine",
  },
];

/** Kubernetes' own groups: a right in one of them that no row is about leads nowhere. */
export const kubernetesGroups: readonly string[] = [
  '',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'extensions',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'metrics.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
  'storagemigration.k8s.io',
];
