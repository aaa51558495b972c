import type { Manifest, ValidatingPolicy } from './sources.ts';

/** Kyverno names kinds where Kubernetes' policies name resources. */
const KINDS: Readonly<Record<string, string>> = {
  '/v1/namespaces': 'Namespace',
  '/v1/namespaces/status': 'Namespace/status',
  '/v1/namespaces/finalize': 'Namespace/finalize',
  '/v1/pods': 'Pod',
  '/v1/pods/ephemeralcontainers': 'Pod/ephemeralcontainers',
  '/v1/replicationcontrollers': 'ReplicationController',
  '/v1/services': 'Service',
  '/v1/resourcequotas': 'ResourceQuota',
  '/v1/limitranges': 'LimitRange',
  'apps/v1/deployments': 'apps/v1/Deployment',
  'apps/v1/statefulsets': 'apps/v1/StatefulSet',
  'apps/v1/daemonsets': 'apps/v1/DaemonSet',
  'batch/v1/jobs': 'batch/v1/Job',
  'batch/v1/cronjobs': 'batch/v1/CronJob',
  'networking.k8s.io/v1/ingresses': 'networking.k8s.io/v1/Ingress',
  'rbac.authorization.k8s.io/v1/roles': 'rbac.authorization.k8s.io/v1/Role',
  'rbac.authorization.k8s.io/v1/rolebindings': 'rbac.authorization.k8s.io/v1/RoleBinding',
};

/** For Kyverno 1.11 and later: the CEL rules of a ClusterPolicy. */
export function clusterPolicyValidation({ metadata, spec }: ValidatingPolicy, description: string): Manifest {
  const { namespaceSelector, resourceRules } = spec.matchConstraints;
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: {
      name: metadata.name,
      annotations: {
        'policies.kyverno.io/description': description,
        // The rules say themselves which controllers of pods they are for.
        'pod-policies.kyverno.io/autogen-controllers': 'none',
      },
    },
    spec: {
      background: canBeScanned(spec),
      webhookConfiguration: { failurePolicy: spec.failurePolicy },
      rules: [
        {
          // The policy's name without what all have in common, as the member reads both.
          name: metadata.name.replace(/^members-/, ''),
          match: {
            any: resourceRules.map((rule) => ({
              resources: {
                kinds: kindsOf(rule),
                operations: rule.operations,
                ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
              },
            })),
          },
          ...(spec.matchConditions === undefined ? {} : { celPreconditions: spec.matchConditions }),
          validate: {
            failureAction: 'Enforce',
            cel: { variables: spec.variables ?? [], expressions: spec.validations },
          },
        },
      ],
    },
  };
}

/** For Kyverno 1.17 and later, which prefers this kind: the very same spec. */
export function celValidation({ metadata, spec }: ValidatingPolicy, description: string): Manifest {
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ValidatingPolicy',
    metadata: { name: metadata.name, annotations: { 'policies.kyverno.io/description': description } },
    spec: {
      ...spec,
      matchConstraints: { ...spec.matchConstraints, ...membersOnly(spec) },
      validationActions: ['Deny'],
      evaluation: { background: { enabled: canBeScanned(spec) } },
    },
  };
}

/**
 * Of this kind the selector is the webhook's: without one, every pod of the cluster would wait for Kyverno while it is down.
 * So what holds in all namespaces but the cluster's own is for members' alone here.
 */
function membersOnly({ matchConstraints, variables = [] }: ValidatingPolicy['spec']) {
  const holdsElsewhere = matchConstraints.namespaceSelector === undefined && variables.some(isClustersOwn);
  return holdsElsewhere
    ? { namespaceSelector: { matchExpressions: [{ key: 'poolc.org/owner', operator: 'Exists' }] } }
    : {};
}

const isClustersOwn = ({ name }: { readonly name: string }): boolean => name === 'clustersOwn';

function kindsOf(rule: ValidatingPolicy['spec']['matchConstraints']['resourceRules'][number]): string[] {
  return rule.apiGroups.flatMap((group) =>
    rule.apiVersions.flatMap((version) =>
      rule.resources.map((resource) => {
        const kind = KINDS[`${group}/${version}/${resource}`];
        if (kind === undefined) {
          throw new Error(`No kind is known for ${group}/${version}/${resource}: add it to ${import.meta.filename}`);
        }
        return kind;
      }),
    ),
  );
}

/**
 * Whether Kyverno can look in the background at what is there already: a scan has no requester to judge, and Kyverno
 * scans no subresources.
 */
function canBeScanned(spec: ValidatingPolicy['spec']): boolean {
  const dependsOnRequester =
    JSON.stringify(spec).includes('request.userInfo') || spec.variables?.some(({ name }) => name === 'trusted');
  const namesSubresource = spec.matchConstraints.resourceRules.some(({ resources }) =>
    resources.some((resource) => resource.includes('/')),
  );
  return !dependsOnRequester && !namesSubresource;
}
