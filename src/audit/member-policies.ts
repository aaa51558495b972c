/**
 * Whether the members' policies are there and refuse what they should. Pure: objects in, problems out. The names are
 * those of deploy/policies, in each of its three forms; a test holds the two to each other.
 */
import type { AdmissionBinding, AdmissionPolicy, CelPolicy, ClusterPolicy, PolicyVariable } from './policy-objects.ts';

export type Variant = 'kyverno' | 'kyverno-cel' | 'builtin';

export interface PolicyObjects {
  readonly validating: readonly AdmissionPolicy[];
  readonly validatingBindings: readonly AdmissionBinding[];
  readonly mutating: readonly AdmissionPolicy[];
  readonly mutatingBindings: readonly AdmissionBinding[];
  readonly clusterPolicies: readonly ClusterPolicy[];
  readonly celValidating: readonly CelPolicy[];
  readonly celMutating: readonly CelPolicy[];
  readonly celGenerating: readonly CelPolicy[];
}

/** What refuses by itself. */
const rules = [
  'members-access',
  'members-free-hosts',
  'members-ingress-hosts',
  'members-ingresses',
  'members-namespace-contents',
  'members-namespaces',
  'members-services',
  'members-workloads',
];
const limit = 'members-namespace-limit';
/** What completes a member's new namespace. */
const owner = 'members-namespace-owner';
const podSecurity = 'members-pod-security';
const newNamespaces = 'members-new-namespaces';
/** Kubernetes' own policy around Kyverno's: it refuses nothing else. */
const kyvernoGuard = 'members-kyverno';
/** Kubernetes' own in every variant. */
const always = ['members-object-size', 'members-owner-label', 'members-pod-annotations'];
/** These are in more than one variant, so they identify none. */
export const sharedPolicies: readonly string[] = [kyvernoGuard, ...always];

type Collection = Exclude<keyof PolicyObjects, 'validatingBindings' | 'mutatingBindings'>;

/** By variant: which policies are in which collection. */
export const shippedPolicies: Readonly<Record<Variant, Readonly<Partial<Record<Collection, readonly string[]>>>>> = {
  kyverno: {
    clusterPolicies: [...rules, limit, owner, podSecurity, newNamespaces],
    validating: sharedPolicies,
  },
  'kyverno-cel': {
    celValidating: [...rules, limit],
    celMutating: [owner, podSecurity],
    celGenerating: [newNamespaces],
    validating: sharedPolicies,
  },
  builtin: { validating: [...rules, ...always], mutating: [owner, podSecurity] },
};

export interface VariantState {
  readonly variant: Variant;
  readonly present: readonly string[];
  readonly missing: readonly string[];
  readonly weak: readonly Weakness[];
}

export interface Weakness {
  /** `members-access only audits (Audit, Warn)`, and the like. */
  readonly text: string;
  /** For what an apply doesn't take back, since it is no part of the manifest: a merge patch of these objects. */
  readonly undo?: { readonly objects: readonly string[]; readonly patch: object };
}

/** What is wrong with one policy, after its name. */
type Problem = string | Weakness;

export function stateOf(variant: Variant, objects: PolicyObjects): VariantState {
  const missing: string[] = [];
  const weak: Weakness[] = [];
  const present: string[] = [];
  const look = <T extends { metadata: { name: string } }>(
    names: readonly string[] | undefined,
    collection: readonly T[],
    problemOf: (policy: T) => Problem | undefined,
  ) => {
    for (const name of names ?? []) {
      const policy = collection.find(({ metadata }) => metadata.name === name);
      if (policy === undefined) {
        missing.push(name);
        continue;
      }
      present.push(name);
      const problem = problemOf(policy);
      if (problem === undefined) continue;
      const weakness = typeof problem === 'string' ? { text: problem } : problem;
      weak.push({ ...weakness, text: `${name} ${weakness.text}` });
    }
  };
  const shipped = shippedPolicies[variant];
  look(shipped.validating, objects.validating, (policy) => validatingProblem(policy, objects.validatingBindings));
  look(shipped.mutating, objects.mutating, (policy) =>
    bindingProblem(policy, objects.mutatingBindings, 'mutatingadmissionpolicybinding'),
  );
  look(shipped.clusterPolicies, objects.clusterPolicies, clusterPolicyProblem);
  look(shipped.celValidating, objects.celValidating, celValidatingProblem);
  look(shipped.celMutating, objects.celMutating, celProblem);
  look(shipped.celGenerating, objects.celGenerating, celProblem);
  return { variant, present, missing, weak };
}

/** Why a policy of Kubernetes' own does not refuse what it should; undefined where it does. */
export function validatingProblem(policy: AdmissionPolicy, bindings: readonly AdmissionBinding[]): Problem | undefined {
  const own = bindings.filter(({ spec }) => spec.policyName === policy.metadata.name);
  const unbound = bindingProblem(policy, own, 'validatingadmissionpolicybinding');
  if (unbound !== undefined) return unbound;
  if (!own.some(({ spec }) => spec.validationActions.includes('Deny')))
    return `only audits (${own.flatMap(({ spec }) => spec.validationActions).join(', ')})`;
  if (policy.spec.failurePolicy !== 'Fail')
    return `lets through what it can't judge (failurePolicy ${policy.spec.failurePolicy})`;
  if (trustsByPattern(policy.spec.variables)) return trustedByPattern;
  const [wrong] = policy.status?.typeChecking?.expressionWarnings ?? [];
  return wrong === undefined
    ? undefined
    : `has an expression that the API server can't use: ${firstLine(wrong.warning)}`;
}

function bindingProblem(
  { metadata }: AdmissionPolicy,
  bindings: readonly AdmissionBinding[],
  kind: string,
): Problem | undefined {
  const own = bindings.filter(({ spec }) => spec.policyName === metadata.name);
  if (own.length === 0) return 'has no binding, so that it does nothing';
  if (own.every(({ spec }) => spec.matchResources !== undefined && spec.matchResources !== null)) {
    return {
      text: 'is bound to a part of the cluster only (matchResources)',
      undo: {
        objects: own.map((binding) => `${kind}/${binding.metadata.name}`),
        patch: { spec: { matchResources: null } },
      },
    };
  }
  return undefined;
}

function clusterPolicyProblem({ metadata, spec, status }: ClusterPolicy): Problem | undefined {
  if (spec.admission === false) {
    return {
      text: 'is switched off for admission',
      undo: { objects: [`clusterpolicy/${metadata.name}`], patch: { spec: { admission: true } } },
    };
  }
  const auditing = spec.rules.filter(
    ({ validate }) => validate && (validate.failureAction ?? spec.validationFailureAction ?? 'Audit') !== 'Enforce',
  );
  if (auditing.length > 0) return 'only audits (failureAction Audit)';
  const failurePolicy = spec.webhookConfiguration?.failurePolicy ?? spec.failurePolicy ?? 'Fail';
  if (failurePolicy !== 'Fail') return `is passed over while Kyverno doesn't answer (failurePolicy ${failurePolicy})`;
  if (spec.rules.some(({ validate }) => trustsByPattern(validate?.cel?.variables ?? []))) return trustedByPattern;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' ? undefined : notReady(ready?.message);
}

function celValidatingProblem(policy: CelPolicy): string | undefined {
  const { validationActions } = policy.spec;
  if (!validationActions.includes('Deny')) return `only audits (${validationActions.join(', ')})`;
  return trustsByPattern(policy.spec.variables) ? trustedByPattern : celProblem(policy);
}

function celProblem({ spec, status }: CelPolicy): string | undefined {
  const failurePolicy = spec.failurePolicy ?? 'Fail';
  if (failurePolicy !== 'Fail') return `is passed over while Kyverno doesn't answer (failurePolicy ${failurePolicy})`;
  return status?.conditionStatus?.ready === true ? undefined : notReady(status?.conditionStatus?.message);
}

const trustedByPattern =
  'is of an earlier version, which trusts every namespace whose name begins like one of the cluster: a member who has one passes it by';

/** Earlier versions had one setting for the names that they trust and those that they keep from members, a pattern. */
function trustsByPattern(variables: readonly PolicyVariable[]): boolean {
  return variables.some(({ name }) => name === 'systemNamespaces');
}

function notReady(message: string | null | undefined): string {
  const why = message ? `: ${firstLine(message)}` : '';
  return `is not ready${why}`;
}

function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').slice(0, 200);
}
