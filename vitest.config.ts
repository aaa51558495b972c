import { defineConfig } from 'vitest/config';

/** The promises under fire, whose numbers test/promises/scale.ts raises under `npm run test:chaos`. */
const underFire = 'test/promises/{kills,fault-matrix,concurrent,wrong-directories}.test.ts';

/**
 * `unit` needs nothing but Node; `integration` shares one real control plane (test/global-setup.ts); `policies` has one
 * to itself, since what it tries holds for the whole cluster; `chaos` is a part of `integration` once more, for longer.
 */
export default defineConfig({
  test: {
    testTimeout: 240_000,
    hookTimeout: 240_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['{src,bench}/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['{test,dev}/**/*.test.ts'],
          exclude: ['test/policies/**'],
          globalSetup: ['test/global-setup.ts'],
          provide: { chaos: false },
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos',
          include: [underFire],
          globalSetup: ['test/global-setup.ts'],
          provide: { chaos: true },
        },
      },
      {
        extends: true,
        test: {
          name: 'policies',
          include: ['test/policies/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
