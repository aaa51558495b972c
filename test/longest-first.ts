/** The order of the test files: those that take minutes first, so that no worker begins one when the others are done. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds on two cores, roughly: only the order counts. A file that isn't here comes after them, the larger one first. */
const seconds: Readonly<Record<string, number>> = {
  'test/preflight/kyverno.test.ts': 150,
  'test/promises/kills.test.ts': 150,
  'test/preflight/leavers.test.ts': 150,
  'test/promises/outages.test.ts': 140,
  'test/promises/fault-matrix.test.ts': 140,
  'test/policies/kyverno.test.ts': 130,
  'test/promises/run-lock.test.ts': 120,
  'test/promises/safeguards.test.ts': 110,
  'test/promises/verification.test.ts': 110,
  'test/preflight/each-check.test.ts': 100,
  'test/promises/wrong-directories.test.ts': 90,
  'test/policies/builtin.test.ts': 80,
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((one, other) => {
      const groups = one.project.config.sequence.groupOrder - other.project.config.sequence.groupOrder;
      return groups === 0 ? secondsOf(other) - secondsOf(one) : groups;
    });
  }
}

function secondsOf({ moduleId }: TestSpecification): number {
  return Object.entries(seconds).find(([file]) => moduleId.endsWith(`/${file}`))?.[1] ?? 0;
}
