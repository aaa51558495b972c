import { expect, test } from 'vitest';
import { allPassed, runSteps, type Step } from './steps.ts';

const step = (name: string, counts: { passed: number; failed: number; failures?: string[] }): Step => ({
  name,
  usually: '3 s',
  leaves: 'a file',
  run: async () => counts,
});

test('each step says which it is of how many and how long it usually takes; one that failed, what it leaves behind', async () => {
  const lines: string[] = [];
  const results = await runSteps(
    [
      step('one', { passed: 2, failed: 0 }),
      step('another', { passed: 1, failed: 1, failures: ['a test: why'] }),
      step('third', { passed: 4, failed: 0 }),
    ],
    (line) => lines.push(line),
  );
  const took = expect.stringMatching(/^\w+ +\d passed, \d failed \(.+\)$/);
  expect(lines).toEqual([
    '\n== 1 of 3: one (usually 3 s)',
    '\n== 2 of 3: another (usually 3 s)',
    '\nanother failed. What is left behind: a file',
    '\n== 3 of 3: third (usually 3 s)',
    '',
    took,
    took,
    took,
    'failed: a test: why',
    '7 passed, 1 failed',
  ]);
  expect(allPassed(results)).toBe(false);
  expect(allPassed(results.slice(0, 1))).toBe(true);
});

test('what ran side by side is counted apart, too', async () => {
  const lines: string[] = [];
  const shares = [
    { name: 'left', passed: 2, failed: 0 },
    { name: 'right', passed: 3, failed: 0 },
  ];
  await runSteps(
    [{ ...step('left, right', { passed: 5, failed: 0 }), run: async () => ({ passed: 5, failed: 0, shares }) }],
    (line) => lines.push(line),
  );
  expect(lines.slice(-3)).toEqual([
    '  left      2 passed, 0 failed',
    '  right     3 passed, 0 failed',
    '5 passed, 0 failed',
  ]);
});
