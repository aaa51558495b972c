/** Which form of the members' policies a cluster has. */
import { allInOrder } from '../lib/all-in-order.ts';
import type { Gathered } from './gather.ts';
import { type PolicyObjects, sharedPolicies, stateOf, type Variant, type VariantState } from './member-policies.ts';
import * as kinds from './policy-objects.ts';

const variants: readonly Variant[] = ['kyverno', 'kyverno-cel', 'builtin'];

/** Every policy there is, of whichever kind. */
export async function readPolicies(gathered: Gathered): Promise<PolicyObjects> {
  const [
    validating,
    validatingBindings,
    mutating,
    mutatingBindings,
    clusterPolicies,
    celValidating,
    celMutating,
    celGenerating,
  ] = await allInOrder([
    gathered.admissionPolicies(),
    gathered.admissionBindings(),
    gathered.list(kinds.mutatingPolicyKind),
    gathered.list(kinds.mutatingBindingKind),
    gathered.list(kinds.clusterPolicyKind),
    gathered.list(kinds.celValidatingKind),
    gathered.list(kinds.celMutatingKind),
    gathered.list(kinds.celGeneratingKind),
  ]);
  return {
    validating,
    validatingBindings,
    mutating,
    mutatingBindings,
    clusterPolicies,
    celValidating,
    celMutating,
    celGenerating,
  };
}

/** The form of which there is most; undefined where there is nothing of any. */
export function variantInPlace(objects: PolicyObjects): VariantState | undefined {
  const states = variants.map((variant) => stateOf(variant, objects));
  const fullest = states.reduce((best, state) => (state.present.length > best.present.length ? state : best));
  return fullest.present.some((name) => !sharedPolicies.includes(name)) ? fullest : undefined;
}

/** The one that is there, else what suits the cluster. */
export async function variantToApply(gathered: Gathered, objects: PolicyObjects): Promise<Variant> {
  const inPlace = variantInPlace(objects);
  if (inPlace !== undefined) return inPlace.variant;
  return (await gathered.apiGroups()).has('kyverno.io') ? 'kyverno' : 'builtin';
}
