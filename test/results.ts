import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { z } from 'zod';

/** What a run of vitest came to. */
export interface TestResults {
  readonly passed: number;
  /** At least 1 where anything failed, also outside any test. */
  readonly failed: number;
  /** A line or two for each: what failed, and why. */
  readonly failures: readonly string[];
  /** The same for what passed only when it was tried again (vitest.config.ts). */
  readonly secondTries: readonly string[];
}

const reportSchema = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});

/**
 * Reads the file of vitest's reporter `json`; a run that left none has failed before any test.
 * @param belongs whether a test file, named from `root`, is asked about; all of them are where it isn't given
 */
export function readResults(file: string, root: string, belongs?: (testFile: string) => boolean): TestResults {
  let report: z.infer<typeof reportSchema>;
  try {
    report = reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { passed: 0, failed: 1, failures: [`vitest left no results: ${why}`], secondTries: [] };
  }
  const results = report.testResults.filter(({ name }) => belongs?.(relative(root, name)) ?? true);
  const tests = results.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => ({ ...test, file: relative(root, name) })),
  );
  const lines = (chosen: typeof tests) =>
    chosen.map((test) => described(`${test.file} > ${test.fullName}`, test.failureMessages[0] ?? ''));
  const broken = results.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const failures = [
    ...lines(tests.filter(({ status }) => status === 'failed')),
    // A file that could not even be loaded, or whose set-up failed, has no failed test.
    ...broken.map(({ name, message }) => described(relative(root, name), message)),
  ];
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: report.success || belongs !== undefined ? failures.length : Math.max(1, failures.length),
    failures,
    // Passed, and yet something failed before.
    secondTries: lines(
      tests.filter(({ status, failureMessages }) => status === 'passed' && failureMessages.length > 0),
    ),
  };
}

function described(what: string, message: string): string {
  return `${what}\n  ${message.split('\n', 1)[0] ?? ''}`;
}
