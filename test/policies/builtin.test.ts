import { describe } from 'vitest';
import { testVariant } from './variant-tests.ts';
import { builtin } from './variants.ts';

describe("Kubernetes' own admission policies", () => {
  testVariant(builtin);
});
