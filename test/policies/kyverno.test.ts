import { describe } from 'vitest';
import { testVariant } from './variant-tests.ts';
import { kyverno } from './variants.ts';

describe("Kyverno's ClusterPolicies", () => {
  testVariant(kyverno, ['older-versions']);
});
