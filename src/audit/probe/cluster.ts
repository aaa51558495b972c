/** What the attempts need to know of the cluster: which names are free, whose namespaces and hosts there are. */
import * as z from 'zod';
import type { AuditContext } from '../context.ts';
import { isMembersGroup, ownerOf, readerRoleName } from '../members.ts';
import type { Kind, Namespace } from '../objects.ts';
import { metadataSchema } from '../objects.ts';
import { grantsOf } from '../rbac.ts';
import { ingressDomains, leavesNamesFree, trustedNamespaces } from '../system-namespaces.ts';
import { nowhere } from './attempt.ts';
import type { ProbedCluster } from './attempts.ts';
import type { ProbedNamespace } from './attempts-inside.ts';

/** Names that things which a club installs have by their own documentation, and that other objects then trust. */
const wellKnownNames = ['external-secrets', 'velero', 'vault', 'cattle-system', 'tailscale'];

/** Of the names that are free, so many are tried. */
const mostNames = 5;

export interface OwnedNamespace {
  readonly namespace: Namespace;
  readonly owner: string;
}

export async function probedCluster(
  context: AuditContext,
  othersNamespace: OwnedNamespace | undefined,
): Promise<ProbedCluster> {
  const { namespaces, gathered } = context;
  const existing = new Set((await gathered.namespaces()).map(({ metadata }) => metadata.name));
  const isFree = (name: string): boolean => !existing.has(name);
  return {
    podNamespace: namespaces.podNamespace,
    targetNamespace: namespaces.targetNamespace,
    keySecret: await context.keySecret(),
    hasKyverno: (await gathered.apiGroups()).has('kyverno.io'),
    hasReader: grantsOf(await gathered.rbac()).some(
      ({ subject, role, namespace }) =>
        namespace === undefined && role.name === readerRoleName && isMembersGroup(subject, namespaces.targetNamespace),
    ),
    othersNamespace: othersNamespace?.namespace.metadata.name,
    namesFollowAccounts: !(await leavesNamesFree(gathered)),
    freeNames: {
      trusted: [...(await trustedNamespaces(gathered)).names].filter(isFree).slice(0, mostNames),
      wellKnown: wellKnownNames.filter(isFree),
    },
  };
}

/** Members' namespaces, best first: of an owner who has an account (a leaver's has no rights any more), and of no exception. */
export async function ownedNamespaces({ gathered }: AuditContext): Promise<OwnedNamespace[]> {
  const accounts = new Set((await gathered.accounts()).map(({ name }) => name));
  const owned = (await gathered.namespaces()).flatMap((namespace) => {
    const owner = ownerOf(namespace);
    return owner === undefined || namespace.metadata.deletionTimestamp !== undefined ? [] : [{ namespace, owner }];
  });
  const exceptions = ({ namespace }: OwnedNamespace): number =>
    Object.keys(namespace.metadata.labels).filter((key) => key.startsWith('poolc.org/allow-')).length;
  return owned.toSorted(
    (one, other) =>
      Number(accounts.has(other.owner)) - Number(accounts.has(one.owner)) || exceptions(one) - exceptions(other),
  );
}

const ingressSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    rules: z
      .array(z.object({ host: z.string().nullish() }))
      .nullish()
      .transform((rules) => (rules ?? []).flatMap(({ host }) => host ?? [])),
  }),
});
const ingressKind: Kind<z.infer<typeof ingressSchema>> = {
  path: '/apis/networking.k8s.io/v1/ingresses',
  what: 'Ingresses',
  item: ingressSchema,
};

const hostsAnnotation = 'poolc.org/ingress-hosts';

export async function probedNamespace(
  { gathered }: AuditContext,
  { namespace: { metadata }, owner }: OwnedNamespace,
): Promise<ProbedNamespace> {
  const { name, labels } = metadata;
  const owners = new Map((await gathered.namespaces()).map((each) => [each.metadata.name, ownerOf(each)]));
  const granted = new Set((metadata.annotations[hostsAnnotation] ?? '').split(',').map((host) => host.trim()));
  const served = (await gathered.list(ingressKind))
    .filter((ingress) => owners.get(ingress.metadata.namespace ?? '') !== owner)
    .flatMap(({ spec }) => spec.rules)
    .filter((host) => !host.startsWith('*') && !granted.has(host));
  // What begins with the account's name or the namespace's is this namespace's as well.
  const [taken] = served.filter((host) => ![`${owner}--`, `${name}.`, `${name}-`].some((own) => host.startsWith(own)));
  const theirs =
    taken === undefined ? [] : [{ host: taken, does: `take a host that another namespace serves (${taken})` }];
  const [domain] = await ingressDomains(gathered);
  const free = (await leavesNamesFree(gathered))
    ? []
    : [
        { host: `${nowhere}.example.org`, does: "take a host of anybody's (….example.org)" },
        ...(domain === undefined
          ? []
          : [{ host: `${nowhere}.${domain}`, does: `take a host under the club's domain (….${domain})` }]),
      ];
  return { name, labels, ownHost: `${name}.${domain ?? 'example.org'}`, foreignHosts: [...theirs, ...free] };
}
