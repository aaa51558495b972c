/** The cluster's own namespaces, as the policies know them: by which names they trust, and which they keep from members. */
import { isNamespaceName, isSomebodys, reservedNamespacePattern } from '../core/namespace-names.ts';
import { allInOrder } from '../lib/all-in-order.ts';
import { Failure } from '../lib/failure.ts';
import type { Gathered } from './gather.ts';
import type { PolicyObjects } from './member-policies.ts';
import { readPolicies } from './policies-in-place.ts';
import type { PolicyVariable } from './policy-objects.ts';

/** `trustedNamespaces` in deploy/policies/settings, as data. A test holds the two to each other. */
export const shippedTrustedNamespaces: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'default',
  'poolc-system',
  'kyverno',
  'argocd',
  'cert-manager',
  'ingress-nginx',
  'monitoring',
];

/** `ingressDomains` there. */
export const shippedIngressDomains: readonly string[] = ['internal.poolc'];

export interface TrustedNamespaces {
  readonly names: ReadonlySet<string>;
  /** Settings on the cluster that are no plain list of names, so that nobody here can tell what they trust. */
  readonly unread: readonly string[];
}

/** Those that the policies on the cluster trust; where no policy has the setting, those that are shipped. */
export async function trustedNamespaces(gathered: Gathered): Promise<TrustedNamespaces> {
  const settings = (await settingInPlace(gathered, 'trustedNamespaces')).map((setting) => ({
    setting,
    names: namesOf(setting),
  }));
  const names = settings.length === 0 ? shippedTrustedNamespaces : settings.flatMap((each) => each.names ?? []);
  return {
    names: new Set(names),
    unread: settings.filter((each) => each.names === undefined).map(({ setting }) => setting),
  };
}

/** Names that no member may take: those that are shipped, and those that an operator has added on the cluster. */
export async function reservedNamespaces(gathered: Gathered): Promise<(namespace: string) => boolean> {
  const inPlace = await settingInPlace(gathered, 'reservedNamespaces');
  const patterns = [reservedNamespacePattern, ...inPlace.flatMap(patternOf)];
  return (namespace) => patterns.some((pattern) => pattern.test(namespace));
}

/**
 * Whether some member, of today or to come, may create a namespace of that name, by what is shipped and what is set on the
 * cluster. Login ids are chosen freely, so a name that is not reserved may be an account's.
 */
export async function namesForMembers(gathered: Gathered): Promise<(namespace: string) => boolean> {
  const [trusted, isReserved, byAccount] = await allInOrder([
    trustedNamespaces(gathered),
    reservedNamespaces(gathered),
    namesFollowAccounts(gathered),
  ]);
  return (namespace) => {
    if (trusted.names.has(namespace)) return false;
    return byAccount ? isSomebodys(namespace, isReserved) : isNamespaceName(namespace) && !isReserved(namespace);
  };
}

/** Whether members may create `<account>` and `<account>--<anything>` alone (`names: 'by-account'`). */
async function namesFollowAccounts(gathered: Gathered): Promise<boolean> {
  return (await settingInPlace(gathered, 'names')).some((expression) => /^\s*'by-account'\s*$/.test(expression));
}

/** Whether the club has chosen to (`names: 'any'`). */
export async function leavesNamesFree(gathered: Gathered): Promise<boolean> {
  return (await settingInPlace(gathered, 'names')).some((expression) => /^\s*'any'\s*$/.test(expression));
}

/** Domains under which a namespace has hosts by its name: those on the cluster, else those that are shipped. */
export async function ingressDomains(gathered: Gathered): Promise<readonly string[]> {
  const inPlace = await settingInPlace(gathered, 'domains');
  return inPlace.length === 0 ? shippedIngressDomains : inPlace.flatMap((setting) => namesOf(setting) ?? []);
}

/** The CEL texts that the policies have for it, each once. */
async function settingInPlace(gathered: Gathered, setting: string): Promise<string[]> {
  try {
    const expressions = variablesOf(await readPolicies(gathered))
      .filter(({ name }) => name === setting)
      .map(({ expression }) => expression ?? '');
    return [...new Set(expressions)];
  } catch (error) {
    // Who may not read the policies still has what is shipped.
    if (error instanceof Failure && error.status === 403) return [];
    throw error;
  }
}

function variablesOf({ validating, celValidating, clusterPolicies }: PolicyObjects): PolicyVariable[] {
  return [
    ...[...validating, ...celValidating].flatMap(({ spec }) => spec.variables),
    ...clusterPolicies.flatMap(({ spec }) => spec.rules.flatMap(({ validate }) => validate?.cel?.variables ?? [])),
  ];
}

/** Of a CEL list of texts without escapes, in either kind of quotes: `["kube-system", 'argocd']`. */
function namesOf(expression: string): string[] | undefined {
  const text = /(["'])([^"'\\]*)\1/g;
  const isList = /^\s*\[\s*(["'][^"'\\]*["']\s*(,\s*["'][^"'\\]*["']\s*)*,?\s*)?\]\s*$/.test(expression);
  return isList ? [...expression.matchAll(text)].map(([, , name = '']) => name) : undefined;
}

/** Of a CEL text, `'^(kube|poolc)(-.*)?$'`, without escapes. */
function patternOf(expression: string): RegExp[] {
  const [, , text] = /^\s*(['"])([^'"\\]*)\1\s*$/.exec(expression) ?? [];
  if (text === undefined) return [];
  try {
    return [new RegExp(text)];
  } catch {
    // RE2 knows a few things that JavaScript doesn't.
    return [];
  }
}
