/**
 * Whether the rights that a user was granted are those that it used: nothing granted that no request needed, and nothing
 * asked for that was not granted. What every account may do anyway is left out of both.
 */
import { z } from 'zod';
import type { ClusterAccess } from '../dev/control-plane/index.ts';

const ruleSchema = z.object({
  apiGroups: z.array(z.string()).default([]),
  resources: z.array(z.string()).default([]),
  resourceNames: z.array(z.string()).default([]),
  nonResourceURLs: z.array(z.string()).default([]),
  verbs: z.array(z.string()),
});
/** A Role; a ClusterRole (which has no namespace) counts in every namespace. */
export const roleSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  rules: z
    .array(ruleSchema)
    .nullish()
    .transform((rules) => rules ?? []),
});
/** One line of an audit log (audit.k8s.io/v1 Event). */
export const auditEventSchema = z.object({
  stage: z.string(),
  verb: z.string(),
  requestURI: z.string(),
  user: z.object({ username: z.string() }),
  objectRef: z
    .object({
      apiGroup: z.string().default(''),
      resource: z.string().default(''),
      subresource: z.string().optional(),
      namespace: z.string().default(''),
      name: z.string().default(''),
    })
    .optional(),
});

export type Role = z.infer<typeof roleSchema>;
export type AuditEvent = z.infer<typeof auditEventSchema>;

export interface RightsComparison {
  /** Such as `poolc-users: delete serviceaccounts`; sorted. */
  readonly grantedNotUsed: readonly string[];
  /** Such as `poolc-users: patch serviceaccounts (alice)`; sorted. Whether the API server allowed it or not. */
  readonly usedNotGranted: readonly string[];
}

export interface RightsToCompare {
  /** Of one user. */
  readonly events: readonly AuditEvent[];
  /** Bound to that user. */
  readonly granted: readonly Role[];
  /** Bound to groups that every account is in. */
  readonly everyone: readonly Role[];
}

export function compareRights({ events, granted, everyone }: RightsToCompare): RightsComparison {
  const finished = events.filter(({ stage }) => stage === 'ResponseComplete' || stage === 'ResponseStarted');
  const own = finished.filter((event) => !permissionsOf(everyone).some((permission) => covers(permission, event)));
  const permissions = permissionsOf(granted);
  return {
    grantedNotUsed: sortedUnique(
      permissions.filter((permission) => !own.some((event) => covers(permission, event))).map(describePermission),
    ),
    usedNotGranted: sortedUnique(
      own.filter((event) => !permissions.some((permission) => covers(permission, event))).map(describeRequest),
    ),
  };
}

/** The events of one user, from an audit log's text. */
export function readAuditLog(text: string, username: string): AuditEvent[] {
  return text
    .split('\n')
    .filter((line) => line.includes(username))
    .map((line) => auditEventSchema.parse(JSON.parse(line)))
    .filter(({ user }) => user.username === username);
}

/** What Kubernetes gives every account. */
export async function everyonesRoles({ request }: ClusterAccess): Promise<Role[]> {
  const names = [
    'system:discovery',
    'system:basic-user',
    'system:public-info-viewer',
    'system:service-account-issuer-discovery',
  ];
  return Promise.all(
    names.map(async (name) => {
      const { body } = await request('GET', `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`);
      return roleSchema.parse(body);
    }),
  );
}

/** One right, as small as RBAC can grant it. */
type Permission =
  | {
      readonly kind: 'resource';
      /** Undefined: in every namespace and outside of them. */
      readonly namespace: string | undefined;
      readonly apiGroup: string;
      /** With its subresource, such as `serviceaccounts/token`. */
      readonly resource: string;
      /** Undefined: any. */
      readonly name: string | undefined;
      readonly verb: string;
    }
  | { readonly kind: 'url'; readonly url: string; readonly verb: string };

function permissionsOf(roles: readonly Role[]): Permission[] {
  return roles.flatMap(({ metadata: { namespace }, rules }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }) =>
      verbs.flatMap((verb): Permission[] => [
        ...nonResourceURLs.map((url): Permission => ({ kind: 'url', url, verb })),
        ...apiGroups.flatMap((apiGroup) =>
          resources.flatMap((resource) =>
            (resourceNames.length === 0 ? [undefined] : resourceNames).map(
              (name): Permission => ({ kind: 'resource', namespace, apiGroup, resource, name, verb }),
            ),
          ),
        ),
      ]),
    ),
  );
}

function covers(permission: Permission, { verb, requestURI, objectRef }: AuditEvent): boolean {
  if (!matches(permission.verb, verb)) return false;
  if (permission.kind === 'url') {
    const [path = ''] = requestURI.split('?');
    return objectRef === undefined && matchesUrl(permission.url, path);
  }
  return (
    objectRef !== undefined &&
    (permission.namespace === undefined || permission.namespace === objectRef.namespace) &&
    matches(permission.apiGroup, objectRef.apiGroup) &&
    matches(permission.resource, resourceOf(objectRef)) &&
    (permission.name === undefined || permission.name === objectRef.name)
  );
}

function matches(allowed: string, asked: string): boolean {
  return allowed === '*' || allowed === asked;
}

function matchesUrl(allowed: string, path: string): boolean {
  return allowed.endsWith('*') ? path.startsWith(allowed.slice(0, -1)) : allowed === path;
}

function resourceOf({ resource, subresource }: NonNullable<AuditEvent['objectRef']>): string {
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}

function describePermission(permission: Permission): string {
  if (permission.kind === 'url') return `${permission.verb} ${permission.url}`;
  const { namespace = 'everywhere', resource, name, verb } = permission;
  return `${namespace}: ${verb} ${resource}${name === undefined ? '' : ` (${name})`}`;
}

function describeRequest({ verb, requestURI, objectRef }: AuditEvent): string {
  if (objectRef === undefined) return `${verb} ${requestURI}`;
  const { namespace, name } = objectRef;
  const where = namespace === '' ? 'cluster-wide' : namespace;
  return `${where}: ${verb} ${resourceOf(objectRef)}${name === '' ? '' : ` (${name})`}`;
}

function sortedUnique(lines: readonly string[]): string[] {
  return [...new Set(lines)].sort();
}
