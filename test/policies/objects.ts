/** The objects that the attempts create, as small as the API server takes them. */

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

type Fields = Readonly<Record<string, unknown>>;

export function namespace(name: string, metadata: Omit<ObjectMeta, 'name'> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata } };
}

/** A container that asks for nothing special. */
export function podSpec(fields: Fields = {}, container: Fields = {}): Fields {
  return { containers: [{ name: 'main', image: 'registry.example/app', ...container }], ...fields };
}

export const privileged: Fields = { securityContext: { privileged: true } };
export const hostPath: Fields = { volumes: [{ name: 'node', hostPath: { path: '/' } }] };

export function pod(spec = podSpec(), name = 'pod'): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

/** @param annotations of its pods */
export function deployment(
  spec = podSpec(),
  name = 'app',
  annotations: Readonly<Record<string, string>> = {},
): KubernetesObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: withTemplate(name, spec, annotations) };
}

export function statefulSet(spec = podSpec()): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'database' },
    spec: { serviceName: 'database', ...withTemplate('database', spec) },
  };
}

export function daemonSet(spec = podSpec()): KubernetesObject {
  return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent' }, spec: withTemplate('agent', spec) };
}

export function replicationController(spec = podSpec()): KubernetesObject {
  const labels = { app: 'old' };
  return {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'old' },
    spec: { selector: labels, template: { metadata: { labels }, spec } },
  };
}

export function job(spec = podSpec()): KubernetesObject {
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: jobSpec(spec) };
}

export function cronJob(spec = podSpec()): KubernetesObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec: { schedule: '0 0 * * *', jobTemplate: { spec: jobSpec(spec) } },
  };
}

export function service(spec: Fields = {}, name = 'app'): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } };
}

export function ingress(
  host: string | undefined,
  {
    name = 'site',
    annotations = {},
    spec = {},
  }: { name?: string; annotations?: Record<string, string>; spec?: Fields } = {},
): KubernetesObject {
  const paths = [{ path: '/', pathType: 'Prefix', backend: ingressBackend }];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, annotations },
    spec: { rules: [{ ...(host === undefined ? {} : { host }), http: { paths } }], ...spec },
  };
}

export const ingressBackend: Fields = { service: { name: 'app', port: { number: 80 } } };

export function serviceAccount(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
}

export function secret(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { key: 'value' } };
}

/** A token that never expires, for anyone who reads the Secret. */
export function tokenSecret(serviceAccountName: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: {
      name: `${serviceAccountName}-token`,
      annotations: { 'kubernetes.io/service-account.name': serviceAccountName },
    },
  };
}

export function tokenRequest(): Fields {
  return { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export function role(name: string, rules: readonly Rule[]): KubernetesObject {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name }, rules };
}

export interface Subject {
  readonly kind: 'ServiceAccount' | 'User' | 'Group';
  readonly name: string;
  readonly namespace?: string;
}

export function roleBinding(
  name: string,
  roleRef: { readonly kind: 'Role' | 'ClusterRole'; readonly name: string },
  ...subjects: Subject[]
): KubernetesObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...roleRef },
    subjects,
  };
}

export function clusterRole(name: string): { readonly kind: 'ClusterRole'; readonly name: string } {
  return { kind: 'ClusterRole', name };
}

export function member(name: string): Subject {
  return { kind: 'ServiceAccount', name, namespace: 'poolc-users' };
}

function withTemplate(app: string, spec: Fields, annotations: Fields = {}): Fields {
  const labels = { app };
  return { selector: { matchLabels: labels }, template: { metadata: { labels, annotations }, spec } };
}

function jobSpec(spec: Fields): Fields {
  return { template: { spec: { restartPolicy: 'Never', ...spec } } };
}
