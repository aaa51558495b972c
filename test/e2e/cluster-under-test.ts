/** The cluster that all end-to-end tests run on: started by global-setup.ts, or one that exists (`--existing`). */
import { inject } from 'vitest';
import { type Kubectl, type KubectlAccess, kubectlFor } from './kubectl.ts';

/** Plain data: it goes from the set-up to the test processes. */
export interface ClusterFacts extends KubectlAccess {
  /** The API server's audit log; undefined on a cluster that isn't ours. */
  readonly auditLog: string | undefined;
  /** The updater's image and the PoolC API server's, by the reference that manifests use. */
  readonly images: readonly string[];
  /** A cluster that isn't ours has a DNS of its own: pods find the PoolC API by an entry in /etc/hosts. */
  readonly needsHostAlias: boolean;
}

declare module 'vitest' {
  export interface ProvidedContext {
    readonly clusterUnderTest: ClusterFacts;
  }
}

export interface ClusterUnderTest extends ClusterFacts {
  readonly kubectl: Kubectl;
}

export function clusterUnderTest(): ClusterUnderTest {
  const facts = inject('clusterUnderTest');
  return { ...facts, kubectl: kubectlFor(facts) };
}
