/** The order of the test files: those that take minutes first, so that no worker begins one when the others are done. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds on two cores, roughly: only the order counts. A file that isn't here comes after them, the larger one first. */
const seconds: Readonly<Record<string, number>> = {
  'test/preflight/kyverno.test.ts': 200,
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
