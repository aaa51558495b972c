/** Names that belong to the cluster: no member may have a namespace called so, but for one from before the policies. */
import { Failure } from '../lib/failure.ts';
import type { Gathered } from './gather.ts';
import type { PolicyObjects } from './member-policies.ts';
import { readPolicies } from './policies-in-place.ts';
import type { PolicyVariable } from './policy-objects.ts';

/** `systemNamespaces` in deploy/policies/settings, as data. A test holds the two to each other. */
export const shippedSystemNamespaces =
  /^((default|kube|poolc|openshift|kyverno|argo|argocd|cert-manager|ingress|istio|linkerd|calico|cilium|tigera|flux|gatekeeper|longhorn|rook|metallb|monitoring|prometheus|grafana|loki|sealed-secrets|local-path|metrics)(-.*)?|www|api)$/;

/** Those that are shipped, and those that an operator has given to the policies on the cluster. */
export async function systemNamespaces(gathered: Gathered): Promise<(namespace: string) => boolean> {
  const patterns = [shippedSystemNamespaces, ...(await patternsInPlace(gathered))];
  return (namespace) => patterns.some((pattern) => pattern.test(namespace));
}

async function patternsInPlace(gathered: Gathered): Promise<RegExp[]> {
  try {
    const expressions = variablesOf(await readPolicies(gathered))
      .filter(({ name }) => name === 'systemNamespaces')
      .map(({ expression }) => expression ?? '');
    return [...new Set(expressions)].flatMap(patternOf);
  } catch (error) {
    // Who may not read the policies still has those that are shipped.
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
