/** The order of the test files: those that take minutes first, so that no worker begins one when the others are done. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds on two cores, roughly: only the order counts. A file that isn't here comes after them, the larger one first. */
const seconds: Readonly<Record<string, number>> = {
  'test/preflight/leavers.test.ts': 500,
  'test/preflight/each-check.test.ts': 380,
  'test/preflight/kyverno.test.ts': 300,
  'test/promises/fault-matrix.test.ts': 260,
  'test/promises/kills.test.ts': 260,
  'test/promises/outages.test.ts': 210,
  'test/promises/secrets.test.ts': 180,
  'test/promises/verification.test.ts': 160,
  'test/pks/app-of-apps.test.ts': 150,
  'test/policies/kyverno.test.ts': 140,
  'test/promises/controller-outages.test.ts': 140,
  'test/promises/run-lock.test.ts': 140,
  'dev/demo/demo.test.ts': 160,
  'test/revoke.test.ts': 110,
  'test/promises/github-directory.test.ts': 95,
  'test/promises/ldap-directory.test.ts': 95,
  'test/member/kubectl.test.ts': 90,
  'test/promises/safeguards.test.ts': 75,
  'test/promises/guard-boundaries.test.ts': 65,
  'test/promises/http-directory.test.ts': 60,
  'test/controller/bookmark.test.ts': 60,
  'test/controller/poolc.test.ts': 60,
  'test/promises/controller.test.ts': 60,
  'test/promises/controller-away.test.ts': 55,
  'test/policies/builtin.test.ts': 50,
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
