/** Mutants of the plan room: its code changed in one place each, to see whether a unit test notices. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { root, runProgram } from '../programs.ts';
import type { Counts, Step } from '../steps.ts';

/** As test/parts/stryker.json has it. */
const reportFile = 'dist/mutation/report.json';

/** The standard report of mutation testing, of which each tool writes the same. */
const reportSchema = z.object({
  files: z.record(z.string(), z.object({ mutants: z.array(z.object({ status: z.string() })) })),
});

export const mutation: Step = {
  name: 'mutation',
  usually: '30m',
  leaves: 'dist/mutation/report.html, with every mutant that no test noticed; copies of the source in dist/mutation',
  run: mutate,
};

/** Passed are the mutants that a test noticed. Those that none noticed fail the part only when they are too many. */
async function mutate(): Promise<Counts> {
  rmSync(join(root, reportFile), { force: true });
  const { exitCode } = await runProgram(['stryker', 'run', 'test/parts/stryker.json']);
  const counts = readReport(join(root, reportFile));
  return exitCode === 0
    ? counts
    : { ...counts, failed: 1, failures: [`mutation: Stryker ended with ${exitCode ?? 'a signal'}: see above`] };
}

function readReport(file: string): Counts {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { passed: 0, failed: 1, failures: [`mutation: Stryker left no report in ${reportFile}`] };
  }
  const statuses = Object.values(reportSchema.parse(JSON.parse(text)).files).flatMap(({ mutants }) =>
    mutants.map(({ status }) => status),
  );
  const count = (...wanted: readonly string[]) => statuses.filter((status) => wanted.includes(status)).length;
  return {
    passed: count('Killed', 'Timeout'),
    failed: 0,
    others: { unnoticed: count('Survived', 'NoCoverage') },
  };
}
