import { describe } from 'vitest';
import { testVariant } from './variant-tests.ts';
import { kyvernoCel } from './variants.ts';

describe("Kyverno's CEL policies", () => {
  testVariant(kyvernoCel);
});
