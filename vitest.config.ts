import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** The promises under fire, whose numbers test/promises/scale.ts raises under `npm run test:chaos`. */
const underFire = 'test/promises/{kills,controller,controller-away,fault-matrix,concurrent,wrong-directories}.test.ts';

/** The third form of the policies, rendered from the same source as the others: a part of `npm run test:parts`. */
const kyvernoCel = 'test/policies/kyverno-cel.test.ts';

/**
 * A machine of CI's may stand still for a while, as no desk does; which tests needed it is printed. None of the promises
 * gets one: what breaks one of those once has broken it.
 */
const secondTry = process.env['CI'] === undefined ? 0 : 1;

/**
 * How many files of the tests on a control plane run at once. They wait more than they compute: for a program to start, a
 * lock to run out, the API server to forget a token. Vitest's own number leaves a machine of two cores with one.
 */
const maxWorkers = 2 * availableParallelism();

/** What runs side by side, in one run of vitest, when several of these projects are asked for. */
const sideBySide = { maxWorkers, sequence: { groupOrder: 1 } };

/**
 * `unit` needs nothing but Node; `integration` and `promises` share one real control plane each (test/global-setup.ts);
 * each file of `policies` has one to itself, since what it tries holds for the whole cluster; `chaos` is a part of
 * `promises` once more, for longer, one file after the other; `kyverno-cel` is the policies in the form that PoolC does not
 * use; `large-directories` is lists of 5,000 members; `browser` needs Chromium.
 */
export default defineConfig({
  test: {
    testTimeout: 240_000,
    hookTimeout: 240_000,
    sequence: { sequencer: LongestFirst },
    tags: [
      { name: 'main-job', description: 'One pass of what the program is for: `npm test -- --quick` runs it.' },
      { name: 'older-versions', description: 'What is repeated on the oldest supported versions.' },
    ],
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['{src,bench,test/parts}/**/*.test.ts'], maxWorkers: availableParallelism() },
      },
      {
        extends: true,
        test: {
          ...sideBySide,
          name: 'integration',
          include: ['{test,dev}/**/*.test.ts'],
          exclude: ['test/{policies,promises,gateway,browser,parts,large}/**'],
          globalSetup: ['test/global-setup.ts'],
          retry: secondTry,
        },
      },
      {
        extends: true,
        test: {
          ...sideBySide,
          name: 'promises',
          include: ['test/promises/**/*.test.ts'],
          globalSetup: ['test/global-setup.ts'],
          provide: { underFire: process.env['PKS_UNDER_FIRE'] === 'reduced' ? 'reduced' : 'every change' },
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos',
          sequence: { groupOrder: 2 },
          include: [underFire],
          globalSetup: ['test/global-setup.ts'],
          provide: { underFire: 'chaos' },
        },
      },
      {
        extends: true,
        test: {
          name: 'kyverno-cel',
          sequence: { groupOrder: 3 },
          include: [kyvernoCel],
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'large-directories',
          sequence: { groupOrder: 4 },
          include: ['test/large/**/*.test.ts'],
          globalSetup: ['test/global-setup.ts'],
          testTimeout: 900_000,
        },
      },
      {
        extends: true,
        test: {
          ...sideBySide,
          name: 'gateway',
          include: ['test/gateway/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          ...sideBySide,
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          ...sideBySide,
          name: 'policies',
          include: ['test/policies/**/*.test.ts'],
          exclude: [kyvernoCel],
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
