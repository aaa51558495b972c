import { defineConfig } from 'vitest/config';

/** What the mutants of the plan room are tried with: its own unit tests and nothing else. */
export default defineConfig({ test: { include: ['src/core/**/*.test.ts'] } });
