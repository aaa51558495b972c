/** Directories of 5,000 members: LDAP with nested groups, an HTTP API, GitHub. */
import { resultsFile, vitest } from '../programs.ts';
import type { Step } from '../steps.ts';

export const largeDirectories: Step = {
  name: 'large-directories',
  usually: '2m',
  leaves: `${resultsFile('large-directories')}, with every failure whole`,
  run: () => vitest('large-directories', ['large-directories']),
};
