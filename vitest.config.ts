import { defineConfig } from 'vitest/config';

/** What takes long, under `npm run test:chaos`: every fault at every step. */
const chaos = ['test/promises/fault-matrix.test.ts'];

/**
 * `unit` needs nothing but Node; `integration` shares one real control plane (test/global-setup.ts); `policies` has one
 * to itself, since what it tries holds for the whole cluster.
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
          exclude: ['test/policies/**', ...chaos],
          globalSetup: ['test/global-setup.ts'],
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
