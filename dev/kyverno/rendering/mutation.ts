import type { Manifest, MutatingPolicy } from './sources.ts';

/** For Kyverno 1.17 and later: the very same spec. (ClusterPolicies mutate in a language of their own.) */
export function celMutation({ metadata, spec }: MutatingPolicy, description: string): Manifest {
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'MutatingPolicy',
    metadata: { name: metadata.name, annotations: { 'policies.kyverno.io/description': description } },
    spec: { ...spec, evaluation: { background: { enabled: false } } },
  };
}
