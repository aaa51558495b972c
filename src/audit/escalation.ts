/**
 * Rights that lead to more than they say: with each of these one gets at another's credentials, identity or rules.
 * After Kubernetes' own list (RBAC good practices: privilege escalation risks), and what PKS rests on besides.
 */
import { grantsRight, type PolicyRule, type Right, rightsOf, touches } from './rbac.ts';

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
  | 'reaches the kubelets'
  | 'changes nodes'
  | 'gets certificates signed'
  | 'changes what admission enforces'
  | "mounts the nodes' disks"
  | 'relabels or deletes namespaces'
  | 'replaces APIs'
  | 'reads and writes every URL of the API server';

interface Escalation {
  readonly gain: Gain;
  readonly verbs: readonly string[];
  readonly apiGroup: string;
  readonly resources: readonly string[];
}

const write = ['create', 'update', 'patch'];
const change = [...write, 'delete', 'deletecollection'];
const rbacGroup = 'rbac.authorization.k8s.io';

const escalation = (
  gain: Gain,
  verbs: readonly string[],
  apiGroup: string,
  resources: readonly string[],
): Escalation => ({ gain, verbs, apiGroup, resources });

const escalations: readonly Escalation[] = [
  escalation('reads Secrets', ['get', 'list', 'watch'], '', ['secrets']),
  escalation('mints tokens', ['create'], '', ['serviceaccounts/token']),
  escalation('impersonates others', ['impersonate'], '', ['users', 'groups', 'serviceaccounts']),
  // Constrained impersonation (KEP-5284) has verbs of its own.
  escalation(
    'impersonates others',
    ['impersonate:user-info', 'impersonate:serviceaccount', 'impersonate:arbitrary-node'],
    'authentication.k8s.io',
    ['users', 'groups', 'serviceaccounts', 'nodes'],
  ),
  escalation('gives itself other rights', ['bind', 'escalate'], rbacGroup, ['roles', 'clusterroles']),
  escalation('changes roles and bindings', change, rbacGroup, [
    'roles',
    'clusterroles',
    'rolebindings',
    'clusterrolebindings',
  ]),
  escalation('makes or changes ServiceAccounts', change, '', ['serviceaccounts']),
  escalation('makes Secrets, so a token for any ServiceAccount', write, '', ['secrets']),
  escalation('runs commands in pods', ['get', 'create'], '', ['pods/exec', 'pods/attach', 'pods/portforward']),
  escalation('runs commands in pods', ['update', 'patch'], '', ['pods/ephemeralcontainers']),
  escalation('starts pods under any ServiceAccount', write, '', ['pods', 'replicationcontrollers']),
  escalation('starts pods under any ServiceAccount', write, 'apps', [
    'deployments',
    'daemonsets',
    'statefulsets',
    'replicasets',
  ]),
  escalation('starts pods under any ServiceAccount', write, 'batch', ['jobs', 'cronjobs']),
  escalation('reaches the kubelets', ['get', 'create'], '', ['nodes/proxy']),
  escalation('changes nodes', change, '', ['nodes', 'nodes/status']),
  escalation('gets certificates signed', ['update', 'patch'], 'certificates.k8s.io', [
    'certificatesigningrequests/approval',
    'certificatesigningrequests/status',
  ]),
  escalation('gets certificates signed', ['approve', 'sign'], 'certificates.k8s.io', ['signers']),
  escalation('changes what admission enforces', change, 'admissionregistration.k8s.io', [
    'validatingwebhookconfigurations',
    'mutatingwebhookconfigurations',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
  ]),
  escalation('changes what admission enforces', change, 'kyverno.io', [
    'clusterpolicies',
    'policies',
    'policyexceptions',
  ]),
  escalation('changes what admission enforces', change, 'policies.kyverno.io', [
    'validatingpolicies',
    'mutatingpolicies',
    'generatingpolicies',
    'policyexceptions',
  ]),
  escalation("mounts the nodes' disks", write, '', ['persistentvolumes']),
  escalation('relabels or deletes namespaces', ['update', 'patch', 'delete', 'deletecollection'], '', ['namespaces']),
  escalation('replaces APIs', change, 'apiextensions.k8s.io', ['customresourcedefinitions']),
  escalation('replaces APIs', change, 'apiregistration.k8s.io', ['apiservices']),
];

/** What the rule leads to, each once. A rule that allows everything leads to that alone. */
export function gainsOf(rule: PolicyRule): Gain[] {
  if (touches(rule, { verb: '*', apiGroup: '*', resource: '*' })) return ['does everything'];
  const gains = escalations
    .filter(({ verbs, apiGroup, resources }) =>
      verbs.some((verb) => resources.some((resource) => touches(rule, { verb, apiGroup, resource }))),
    )
    .map(({ gain }) => gain);
  if (rule.nonResourceURLs.some((url) => url === '*' || url === '/*'))
    gains.push('reads and writes every URL of the API server');
  return [...new Set(gains)];
}

/** What several rules lead to together, each once; alone what includes all the others. */
export function gainsOfAll(rules: readonly PolicyRule[]): Gain[] {
  const gains = [...new Set(rules.flatMap(gainsOf))];
  return gains.includes('does everything') ? ['does everything'] : gains;
}

/** Whether the rule grants more than the allowed rights, each of them in `namespace` or everywhere. */
export function rightsBeyond(
  rule: PolicyRule,
  namespace: string | undefined,
  allowed: readonly { readonly rule: PolicyRule; readonly namespace: string | undefined }[],
): Right[] {
  return rightsOf(rule, namespace).filter(
    (right) => !allowed.some((other) => grantsRight(other.rule, other.namespace, right)),
  );
}
