/** A member's work with a gateway over three lifetimes of a token, in real time, while things break: half an hour. */
import { resultsFile, vitest } from '../programs.ts';
import type { Step } from '../steps.ts';

export const gatewayLifetimes: Step = {
  name: 'gateway-lifetimes',
  usually: '35m',
  leaves: `${resultsFile('gateway-lifetimes')}, with every failure whole`,
  run: () =>
    vitest('gateway-lifetimes', ['browser'], {
      args: ['test/browser/story.test.ts'],
      environment: { PKS_GATEWAY_LIFETIMES: '3' },
    }),
};
