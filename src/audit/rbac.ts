/**
 * Kubernetes' role-based access control, evaluated without I/O: which subject has which right where, and by which
 * binding. The rules are those of the API server's own authorizer (k8s.io/component-helpers/auth/rbac/validation).
 */

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  /** With their subresources: `serviceaccounts/token`. */
  readonly resources: readonly string[];
  /** Empty for all names. */
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

export interface Role {
  readonly name: string;
  /** undefined for a ClusterRole. */
  readonly namespace: string | undefined;
  readonly rules: readonly PolicyRule[];
}

export interface Subject {
  /** `User`, `Group` or `ServiceAccount`. */
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

export interface Binding {
  readonly name: string;
  /** undefined for a ClusterRoleBinding. */
  readonly namespace: string | undefined;
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly Subject[];
  /** Whether Kubernetes made it itself (`kubernetes.io/bootstrapping: rbac-defaults`). */
  readonly builtIn: boolean;
}

export interface RbacObjects {
  readonly roles: readonly Role[];
  readonly bindings: readonly Binding[];
}

/** One rule that one subject has through one binding. */
export interface Grant {
  readonly subject: Subject;
  readonly binding: Binding;
  readonly role: Role;
  readonly rule: PolicyRule;
  /** Where it holds; undefined for everywhere. */
  readonly namespace: string | undefined;
}

/** Who asks: what the API server's authenticator says of a request. */
export interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
}

export const serviceAccountsGroup = (namespace: string): string => `system:serviceaccounts:${namespace}`;
export const serviceAccountUser = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;

export function serviceAccountIdentity(namespace: string, name: string): Identity {
  return {
    user: serviceAccountUser(namespace, name),
    groups: [serviceAccountsGroup(namespace), 'system:serviceaccounts', 'system:authenticated'],
  };
}

/** A binding to a role that doesn't exist grants nothing. */
export function grantsOf({ roles, bindings }: RbacObjects): Grant[] {
  const byKey = new Map(roles.map((role) => [roleKey(role.namespace, role.name), role]));
  return bindings.flatMap((binding) => {
    const inNamespace = binding.roleRef.kind === 'Role' ? binding.namespace : undefined;
    const role = byKey.get(roleKey(inNamespace, binding.roleRef.name));
    if (role === undefined) return [];
    return binding.subjects.flatMap((subject) =>
      role.rules.map((rule) => ({ subject, binding, role, rule, namespace: binding.namespace })),
    );
  });
}

function roleKey(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

export function isSubject(subject: Subject, { user, groups }: Identity): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.name === user;
    case 'Group':
      return groups.includes(subject.name);
    case 'ServiceAccount':
      return subject.namespace !== undefined && serviceAccountUser(subject.namespace, subject.name) === user;
    default:
      return false;
  }
}

/** Something that may be allowed or not. */
export interface ResourceRequest {
  readonly verb: string;
  readonly apiGroup: string;
  readonly resource: string;
  /** undefined: any object, as `list` and `create` ask. */
  readonly name?: string | undefined;
}

function allows(rule: PolicyRule, { verb, apiGroup, resource, name }: ResourceRequest): boolean {
  return (
    touches(rule, { verb, apiGroup, resource }) &&
    (rule.resourceNames.length === 0 || (name !== undefined && rule.resourceNames.includes(name)))
  );
}

/** Whether the rule allows this for one object at least. */
export function touches(rule: PolicyRule, { verb, apiGroup, resource }: Omit<ResourceRequest, 'name'>): boolean {
  return (
    covers(rule.verbs, verb) &&
    covers(rule.apiGroups, apiGroup) &&
    rule.resources.some((granted) => matchesResource(granted, resource))
  );
}

/** Whether the list has it, or `*`. */
export function covers(granted: readonly string[], asked: string): boolean {
  return granted.includes('*') || granted.includes(asked);
}

/** `*` is everything, subresources too; `*` + `/scale` is that subresource of everything. */
export function matchesResource(granted: string, asked: string): boolean {
  if (granted === '*' || granted === asked) return true;
  const slash = asked.indexOf('/');
  return slash !== -1 && granted === `*${asked.slice(slash)}`;
}

/** One right, as small as RBAC can grant it. A wildcard stays one. */
export type Right =
  | {
      readonly kind: 'resource';
      /** undefined: cluster-wide. */
      readonly namespace: string | undefined;
      readonly verb: string;
      readonly apiGroup: string;
      readonly resource: string;
      /** undefined: any. */
      readonly name: string | undefined;
    }
  | { readonly kind: 'url'; readonly verb: string; readonly url: string };

export function rightsOf(rule: PolicyRule, namespace: string | undefined): Right[] {
  // A RoleBinding grants nothing outside of its namespace, and no URL lies in one.
  const urls = namespace === undefined ? rule.nonResourceURLs : [];
  return rule.verbs.flatMap((verb): Right[] => [
    ...urls.map((url): Right => ({ kind: 'url', verb, url })),
    ...rule.apiGroups.flatMap((apiGroup) =>
      rule.resources.flatMap((resource) =>
        (rule.resourceNames.length === 0 ? [undefined] : rule.resourceNames).map(
          (name): Right => ({ kind: 'resource', namespace, verb, apiGroup, resource, name }),
        ),
      ),
    ),
  ]);
}

/** A rule that grants this right alone. */
export function ruleOf(right: Right): PolicyRule {
  if (right.kind === 'url')
    return { verbs: [right.verb], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [right.url] };
  return resourceRule([right.verb], right.apiGroup, [right.resource], right.name === undefined ? [] : [right.name]);
}

/** Whether who has `rule` in `namespace` has `right`. */
export function grantsRight(rule: PolicyRule, namespace: string | undefined, right: Right): boolean {
  if (right.kind === 'url') return namespace === undefined && allowsUrl(rule, right.verb, right.url);
  return (namespace === undefined || namespace === right.namespace) && allows(rule, right);
}

function allowsUrl({ verbs, nonResourceURLs }: PolicyRule, verb: string, url: string): boolean {
  return (
    covers(verbs, verb) &&
    nonResourceURLs.some((granted) => (granted.endsWith('*') ? url.startsWith(granted.slice(0, -1)) : granted === url))
  );
}

const everyonesUrls = `
  /livez /readyz /healthz /version /version/ /openapi /openapi/* /api /api/* /apis /apis/*
  /openid/v1/jwks /openid/v1/jwks/ /.well-known/openid-configuration /.well-known/openid-configuration/
`
  .trim()
  .split(/\s+/);

/** What every account may do by Kubernetes' own defaults (plugin/pkg/auth/authorizer/rbac/bootstrappolicy). */
export const everyonesRules: readonly PolicyRule[] = [
  resourceRule(['create'], 'authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews']),
  resourceRule(['create'], 'authentication.k8s.io', ['selfsubjectreviews']),
  resourceRule(['get', 'list', 'watch'], 'certificates.k8s.io', ['clustertrustbundles']),
  {
    verbs: ['get'],
    apiGroups: [],
    resources: [],
    resourceNames: [],
    nonResourceURLs: everyonesUrls,
  },
];

export function resourceRule(
  verbs: readonly string[],
  apiGroup: string,
  resources: readonly string[],
  resourceNames: readonly string[] = [],
): PolicyRule {
  return { verbs, apiGroups: [apiGroup], resources, resourceNames, nonResourceURLs: [] };
}

/** Whether a refusal is for lack of a right, in the API server's words, and not by admission. */
export function isRbacRefusal(said: string): boolean {
  return / cannot [a-z]+ resource /.test(said);
}

/** Whether a Role or a RoleBinding is refused for giving more than its author has. */
export function isGrantRefusal(said: string): boolean {
  return said.includes('attempting to grant RBAC permissions not currently held');
}
