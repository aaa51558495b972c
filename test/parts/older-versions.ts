/**
 * Whole suites on the oldest supported versions, where `npm test` repeats a choice. Kubernetes' own policies and Kyverno's
 * CEL kinds need newer versions, so that the policies are Kyverno's ClusterPolicies alone.
 */
import { resultsFile, vitest } from '../programs.ts';
import type { Step } from '../steps.ts';

const files = [
  ...['adopt', 'owner', 'rbac', 'rekey', 'revoke', 'sync'].map((name) => `test/${name}.test.ts`),
  'test/controller/',
  'test/deploy/argocd.test.ts',
  'test/promises/',
  'test/policies/kyverno.test.ts',
];

export const olderVersions: Step = {
  name: 'older-versions',
  usually: '15m',
  leaves: `${resultsFile('older-versions-whole')}, with every failure whole`,
  run: () =>
    vitest('older-versions-whole', ['integration', 'promises', 'policies'], {
      args: files,
      environment: { PKS_PART_VERSIONS: 'oldest' },
    }),
};
