/**
 * Rights in the APIs of other projects: their controllers run code or read Secrets for anyone who may write their objects.
 * A group that is in neither table is unknown, and is named as that.
 */
import { change, clusterWide, type Escalation, type Gain, inNamespaces } from './escalation-table.ts';

const startsPods = 'starts pods under any ServiceAccount';
const appliesManifests = 'applies manifests with the rights of a controller';
const makesSecrets = 'makes Secrets, so a token for any ServiceAccount';
const every = ['*'];

/** Several groups of one project, all of whose objects lead to the same. */
const project = (
  gain: Gain,
  apiGroups: readonly string[],
  reason: string,
  verbs: readonly string[] = change,
): Escalation[] => apiGroups.map((apiGroup) => inNamespaces(gain, verbs, apiGroup, every, reason));

const policyEngines: readonly Escalation[] = [
  inNamespaces(
    'changes what admission enforces',
    change,
    'kyverno.io',
    ['clusterpolicies', 'policies', 'policyexceptions', 'globalcontextentries'],
    'they are what Kyverno enforces, and what it excepts',
  ),
  inNamespaces(
    'changes what admission enforces',
    change,
    'policies.kyverno.io',
    every,
    'they are what Kyverno enforces, generates and deletes, and what it excepts',
  ),
  inNamespaces(
    appliesManifests,
    change,
    'kyverno.io',
    ['updaterequests', 'updaterequests/status'],
    "Kyverno's background controller makes what an UpdateRequest asks for, in any namespace",
  ),
  inNamespaces(
    appliesManifests,
    change,
    'kyverno.io',
    ['cleanuppolicies', 'clustercleanuppolicies'],
    "Kyverno's cleanup controller deletes what such a policy matches",
  ),
  ...project(
    'changes what admission enforces',
    ['templates.gatekeeper.sh', 'constraints.gatekeeper.sh', 'config.gatekeeper.sh', 'mutations.gatekeeper.sh'],
    'they are what Gatekeeper enforces',
  ),
];

const delivery: readonly Escalation[] = [
  inNamespaces(
    appliesManifests,
    change,
    'argoproj.io',
    ['applications', 'applicationsets', 'appprojects'],
    'Argo CD applies any manifest from any repository that they name',
  ),
  inNamespaces(
    startsPods,
    change,
    'argoproj.io',
    [
      'workflows',
      'workflowtemplates',
      'clusterworkflowtemplates',
      'cronworkflows',
      'sensors',
      'eventsources',
      'eventbus',
      'rollouts',
      'analysistemplates',
      'clusteranalysistemplates',
      'analysisruns',
      'experiments',
    ],
    'Argo Workflows, Events and Rollouts start pods from them',
  ),
  ...project(
    appliesManifests,
    [
      'kustomize.toolkit.fluxcd.io',
      'helm.toolkit.fluxcd.io',
      'source.toolkit.fluxcd.io',
      'image.toolkit.fluxcd.io',
      'notification.toolkit.fluxcd.io',
      'infra.contrib.fluxcd.io',
      'fluxcd.controlplane.io',
    ],
    'Flux applies what they name, and reads the Secrets that they name',
  ),
  ...project(
    appliesManifests,
    ['helm.cattle.io', 'k3s.cattle.io', 'fleet.cattle.io', 'operators.coreos.com', 'addons.cluster.x-k8s.io'],
    'a controller installs the charts, manifests or operators that they name',
  ),
  ...project(
    appliesManifests,
    ['apiextensions.crossplane.io', 'pkg.crossplane.io', 'kubernetes.crossplane.io', 'helm.crossplane.io'],
    'Crossplane makes what they describe, and runs the packages that they name',
  ),
];

const runners: readonly Escalation[] = [
  ...project(
    startsPods,
    ['tekton.dev', 'triggers.tekton.dev', 'operator.tekton.dev', 'pipelinesascode.tekton.dev'],
    'Tekton starts pods from them',
  ),
  ...project(
    startsPods,
    [
      'serving.knative.dev',
      'sources.knative.dev',
      'apps.kruise.io',
      'keda.sh',
      'batch.volcano.sh',
      'actions.github.com',
    ],
    'a controller starts pods from them',
  ),
  ...project(
    startsPods,
    ['kubeflow.org', 'ray.io', 'sparkoperator.k8s.io', 'jobset.x-k8s.io', 'leaderworkerset.x-k8s.io', 'kubevirt.io'],
    'a controller starts pods or virtual machines from them',
  ),
  inNamespaces(
    'runs commands in pods',
    ['get', 'update'],
    'subresources.kubevirt.io',
    every,
    'they open the console of a virtual machine, and change it while it runs',
  ),
  ...project(
    startsPods,
    ['postgresql.cnpg.io', 'kafka.strimzi.io', 'elasticsearch.k8s.elastic.co', 'monitoring.coreos.com'],
    'an operator starts pods from them, with the images and Secrets that they name',
  ),
  ...project('reads Secrets', ['velero.io'], 'a backup holds Secrets, and a restore makes any object'),
];

const secretStores: readonly Escalation[] = [
  ...project(
    makesSecrets,
    ['external-secrets.io', 'generators.external-secrets.io'],
    'External Secrets reads with the credentials of its stores, and makes Secrets of any type',
  ),
  ...project(makesSecrets, ['bitnami.com'], 'the sealed-secrets controller makes the Secret that is in it'),
  ...project(
    makesSecrets,
    ['secrets.hashicorp.com', 'secrets-store.csi.x-k8s.io'],
    'they name which credentials are read, and where they are written',
  ),
  inNamespaces(
    'gets certificates signed',
    change,
    'cert-manager.io',
    every,
    'cert-manager signs for the names that they ask for, and writes the key into a Secret',
  ),
  clusterWide(
    'gets certificates signed',
    ['approve'],
    'cert-manager.io',
    ['signers'],
    'who approves decides which certificates cert-manager signs',
  ),
  ...project('gets certificates signed', ['acme.cert-manager.io'], 'cert-manager starts solver pods from them'),
  ...project('gets certificates signed', ['trust.cert-manager.io'], 'a bundle is what pods in every namespace trust'),
];

const network: readonly Escalation[] = [
  ...project(
    'redirects traffic',
    [
      'gateway.networking.k8s.io',
      'gateway.networking.x-k8s.io',
      'networking.istio.io',
      'traefik.io',
      'projectcontour.io',
    ],
    'they take the hosts and the traffic of others',
  ),
  ...project('redirects traffic', ['externaldns.k8s.io'], "external-dns writes them into the club's DNS"),
  ...project(
    'redirects traffic',
    ['metallb.io', 'multicluster.x-k8s.io'],
    'they announce addresses, or take the Services of other clusters',
  ),
  ...project(
    'opens the network',
    ['cilium.io', 'crd.projectcalico.org', 'projectcalico.org', 'policy.networking.k8s.io', 'security.istio.io'],
    'they decide who reaches whom, in every namespace',
  ),
];

const clusters: readonly Escalation[] = [
  ...project(
    'changes nodes',
    ['cluster.x-k8s.io', 'infrastructure.cluster.x-k8s.io', 'karpenter.sh', 'machineconfiguration.openshift.io'],
    'they make and change nodes',
  ),
  ...project(
    'gives itself other rights',
    ['management.cattle.io', 'user.openshift.io', 'oauth.openshift.io', 'authorization.openshift.io'],
    'they say who is who, and what each may do',
  ),
  ...project('opens the network', ['k8s.cni.cncf.io'], "an attachment puts a pod into the node's networks"),
];

export const projectEscalations: readonly Escalation[] = [
  ...policyEngines,
  ...delivery,
  ...runners,
  ...secretStores,
  ...network,
  ...clusters,
];

/** Groups whose objects only report. */
export const reportGroups: readonly string[] = [
  'custom.metrics.k8s.io',
  'external.metrics.k8s.io',
  'openreports.io',
  'reports.kyverno.io',
  'wgpolicyk8s.io',
];
