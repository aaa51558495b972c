import { defineConfig } from 'vitest/config';

/** What the mutants of the plan room are tried with: its own unit tests, given the time that a loaded machine needs. */
export default defineConfig({
  test: {
    include: ['src/core/**/*.test.ts'],
    setupFiles: ['test/parts/mutation.setup.ts'],
    testTimeout: 60_000,
  },
});
