/** The attempts against the policies in the kinds that Kyverno prefers from 1.17 on, which are rendered from the same source. */
import { resultsFile, vitest } from '../programs.ts';
import type { Step } from '../steps.ts';

export const kyvernoCel: Step = {
  name: 'kyverno-cel',
  usually: '4m',
  leaves: `${resultsFile('kyverno-cel')}, with every failure whole`,
  run: () => vitest('kyverno-cel', ['kyverno-cel']),
};
