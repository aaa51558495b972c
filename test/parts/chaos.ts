/** The promises under fire with larger numbers: more kills, faults without an end, more runs at once, more directories. */
import { resultsFile, vitest } from '../programs.ts';
import type { Step } from '../steps.ts';

export const chaos: Step = {
  name: 'chaos',
  usually: '30m',
  leaves: `${resultsFile('chaos')}, with every failure whole`,
  run: () => vitest('chaos', ['chaos']),
};
