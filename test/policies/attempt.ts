/** What an attempt is: who does what, and what comes of it. Plain data. */
import type { KubernetesObject } from './objects.ts';

export type VariantName = 'builtin' | 'kyverno' | 'kyverno-cel';

/** Members by the names of their accounts, which say who may take which name. See people.ts. */
export const namesakes = [
  'min',
  'min-jun',
  'kim',
  'kim-3f2a',
  'kim.lee',
  'kim--lee',
  'velero',
  'git',
  'kube',
  'xn',
] as const;
export type Namesake = (typeof namesakes)[number];

/** See people.ts. */
export type Person =
  | Namesake
  | 'alice'
  | 'bob'
  | 'a collector of namespaces'
  | 'a member with a long name'
  | "alice's robot"
  | "alice's robot by its token Secret"
  | "a leaver's robot"
  | 'a robot in grafana-mallory'
  | 'Argo CD'
  | 'an operator';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** A PATCH's is a JSON merge patch. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Outcome = 'allowed' | Refusal;

export interface Refusal {
  /** Who refuses: RBAC (the right is missing), Kubernetes' Pod Security, or a policy of this folder. */
  readonly by: 'RBAC' | 'Pod Security' | 'policy';
  /** What the member reads. */
  readonly because: RegExp;
}

export interface Attempt {
  readonly as: Person;
  readonly does: string;
  readonly call: Call;
  readonly expect: Outcome;
  /** Where a variant reaches less far, or further. */
  readonly except?: Partial<Record<VariantName, Outcome>>;
  /** On the oldest supported versions, where Kyverno lets past whoever is bound to cluster-admin, as on PKS. */
  readonly onOldest?: Outcome;
  /** Where the attempt makes sense; default: everywhere. */
  readonly only?: readonly VariantName[];
}

export const lacksTheRight: Refusal = { by: 'RBAC', because: /is forbidden: User "system:serviceaccount:.*" cannot/ };

export function refused(because: RegExp): Refusal {
  return { by: 'policy', because };
}

export function podSecurity(because: RegExp): Refusal {
  return { by: 'Pod Security', because };
}

/** One object, or a list of them. */
export function read(path: string): Call {
  return { method: 'GET', path };
}

export function create(object: KubernetesObject, inNamespace?: string): Call {
  return { method: 'POST', path: collection(object.apiVersion, object.kind, inNamespace), body: object };
}

/** `object`: `kind/name`, e.g. `Service/app`. */
export function patch(object: string, body: unknown, inNamespace?: string): Call {
  return { method: 'PATCH', path: itemPath(object, inNamespace), body };
}

export function remove(object: string, inNamespace?: string): Call {
  return { method: 'DELETE', path: itemPath(object, inNamespace) };
}

export function removeAll(kind: string, inNamespace?: string): Call {
  return { method: 'DELETE', path: collection(apiVersionOf(kind), kind, inNamespace) };
}

export function itemPath(object: string, inNamespace?: string): string {
  const [kind = '', name = ''] = object.split('/');
  return `${collection(apiVersionOf(kind), kind, inNamespace)}/${name}`;
}

const API_VERSIONS: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  Ingress: 'networking.k8s.io/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  Role: 'rbac.authorization.k8s.io/v1',
  RoleBinding: 'rbac.authorization.k8s.io/v1',
  ClusterRole: 'rbac.authorization.k8s.io/v1',
  ValidatingAdmissionPolicy: 'admissionregistration.k8s.io/v1',
};

function apiVersionOf(kind: string): string {
  return API_VERSIONS[kind] ?? 'v1';
}

function collection(apiVersion: string, kind: string, inNamespace: string | undefined): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}${inNamespace === undefined ? '' : `/namespaces/${inNamespace}`}/${plural(kind)}`;
}

function plural(kind: string): string {
  const name = kind.toLowerCase();
  if (name.endsWith('y')) return `${name.slice(0, -1)}ies`;
  return name.endsWith('s') ? `${name}es` : `${name}s`;
}
