import { defineConfig } from 'vitest/config';

/** The promises under fire, whose numbers test/promises/scale.ts raises under `npm run test:chaos`. */
const underFire = 'test/promises/{kills,fault-matrix,concurrent,wrong-directories}.test.ts';

/**
 * A machine of CI's may stand still for a while, as no desk does; which tests needed it is printed. None of the promises
 * gets one: what breaks one of those once has broken it.
 */
const secondTry = process.env['CI'] === undefined ? 0 : 1;

/**
 * `unit` needs nothing but Node; `integration` and `promises` share one real control plane each (test/global-setup.ts);
 * `policies` has one to itself, since what it tries holds for the whole cluster; `chaos` is a part of `promises` once
 * more, for longer.
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
          exclude: ['test/policies/**', 'test/promises/**'],
          globalSetup: ['test/global-setup.ts'],
          retry: secondTry,
        },
      },
      {
        extends: true,
        test: {
          name: 'promises',
          include: ['test/promises/**/*.test.ts'],
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
