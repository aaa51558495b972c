/** How much the tests under fire do: enough for every change, and much more under `npm run test:chaos`. */
import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** As vitest.config.ts says. */
    readonly underFire: Intensity;
  }
}

/** `reduced`: what is repeated on the oldest supported versions in `npm test`. `chaos`: the longer version. */
export type Intensity = 'reduced' | 'every change' | 'chaos';

export interface Scale {
  /** Runs to kill: so many clubs side by side, so many kills in each. */
  readonly kills: { readonly clubs: number; readonly each: number };
  /** Of two controllers, at random moments. */
  readonly controllerKills: number;
  /** For how many lifetimes of a token a directory stays away, once every token was renewed without it. */
  readonly lifetimesAway: number;
  /** Clubs of the fault matrix side by side. */
  readonly faultClubs: number;
  /** How long a fault lasts: one request of the step, or all of them, until the run gives up. */
  readonly faultsLast: readonly ('once' | 'to the end')[];
  /** How many runs start at the same moment: once for each number. */
  readonly concurrentRuns: readonly number[];
  /** Generated directories: decided within the test's process, and by the whole command on the cluster. */
  readonly directories: { readonly inProcess: number; readonly onTheCluster: number };
  readonly timeoutMs: number;
}

const reduced: Scale = {
  kills: { clubs: 4, each: 4 },
  controllerKills: 4,
  lifetimesAway: 0,
  faultClubs: 4,
  faultsLast: ['once'],
  concurrentRuns: [2],
  directories: { inProcess: 1_000, onTheCluster: 12 },
  timeoutMs: 900_000,
};

const everyChange: Scale = {
  kills: { clubs: 8, each: 13 },
  controllerKills: 20,
  lifetimesAway: 0,
  faultClubs: 4,
  faultsLast: ['once'],
  concurrentRuns: [2, 10],
  directories: { inProcess: 10_000, onTheCluster: 48 },
  timeoutMs: 900_000,
};

/** The time-out bounds each test. */
const chaos: Scale = {
  kills: { clubs: 8, each: 125 },
  controllerKills: 200,
  lifetimesAway: 3,
  faultClubs: 8,
  faultsLast: ['once', 'to the end'],
  concurrentRuns: [2, 3, 5, 10, 20, 30],
  directories: { inProcess: 200_000, onTheCluster: 960 },
  timeoutMs: 3_600_000,
};

const scales: Readonly<Record<Intensity, Scale>> = { reduced, 'every change': everyChange, chaos };

export const scale: Scale = scales[inject('underFire')];
