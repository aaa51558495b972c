import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Run by test/e2e/run.ts, not by `npm test`: these need a whole cluster. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/e2e/*.e2e.ts'],
    globalSetup: ['test/e2e/global-setup.ts'],
    // The files use namespaces of their own; most of their time is waiting.
    maxWorkers: 3,
    testTimeout: 180_000,
    hookTimeout: 300_000,
    sequence: { hooks: 'list' },
  },
});
