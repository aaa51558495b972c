/** What is aimed at, against what was measured: ratios of the same round wherever two clients are compared. */
import { mintRate, type Results, type Round } from './results.ts';
import { quantile, spreadOf } from './statistics.ts';

export type TargetName =
  | 'mint-rate'
  | 'whole-sync'
  | 'requests'
  | 'memory'
  | 'first-request'
  | 'flow-control'
  | 'neighbours';

/** How its figures are written: a share of something, seconds, milliseconds, a plain number, MiB, or a multiple. */
export type Unit = 'share' | 's' | 'ms' | 'count' | 'MiB' | 'times';

export interface TargetResult {
  readonly name: TargetName;
  /** The size of the club, where the target is one for each. */
  readonly members?: number;
  readonly unit: Unit;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  /** Undefined when it was not measured in this run. */
  readonly measured: number | undefined;
}

export function isReached({ bound, measured }: TargetResult): boolean | undefined {
  if (measured === undefined) return undefined;
  return 'atLeast' in bound ? measured >= bound.atLeast : measured <= bound.atMost;
}

/** The largest resident memory at so many members. */
export const memoryBounds: readonly (readonly [members: number, mebibytes: number])[] = [
  [1_000, 112],
  [10_000, 140],
  [50_000, 256],
];
/** Requests of a run that no member causes: lock, record of names, keys, reviews, summary. */
const constantRequests = 40;
const pageSize = 500;

export function evaluateTargets(results: Results): TargetResult[] {
  const { steadyState = [] } = results;
  const large = steadyState.filter(({ members }) => members >= 1_000 && members <= 10_000);
  return [
    ...large.map(
      ({ members, rounds }): TargetResult => ({
        name: 'mint-rate',
        members,
        unit: 'share',
        bound: { atLeast: 0.95 },
        measured: medianOf(ratesOfWrk(rounds), (ratio) => ratio),
      }),
    ),
    ...large.flatMap(({ members, rounds }): TargetResult[] => {
      const atMost = medianOf(rounds, ({ wrk }) => (wrk === undefined ? undefined : members / (0.9 * wrk) + 0.8));
      if (atMost === undefined) return []; // without wrk there is nothing to go by
      const measured = medianOf(atBestConnections(rounds), ({ sync }) => sync.seconds);
      return [{ name: 'whole-sync', members, unit: 's', bound: { atMost }, measured }];
    }),
    ...large.map(
      ({ members, rounds }): TargetResult => ({
        name: 'requests',
        members,
        unit: 'count',
        bound: { atMost: members + Math.ceil(members / pageSize) + constantRequests },
        measured: medianOf(rounds, ({ sync }) => sync.requests),
      }),
    ),
    ...memoryBounds.map(([members, mebibytes]): TargetResult => {
      const size = steadyState.find((one) => one.members === members);
      return {
        name: 'memory',
        members,
        unit: 'MiB',
        bound: { atMost: mebibytes },
        measured: size && medianOf(size.rounds, ({ sync }) => sync.peakMemoryBytes / 2 ** 20),
      };
    }),
    {
      name: 'first-request',
      unit: 'ms',
      bound: { atMost: 250 },
      measured: medianOf(
        steadyState.flatMap(({ rounds }) => rounds),
        ({ sync }) => sync.secondsToFirstRequest * 1_000,
      ),
    },
    {
      name: 'flow-control',
      unit: 'count',
      // A limited run that had not delivered every token would have ended the benchmarks.
      bound: { atLeast: 1 },
      measured: results.flowControl?.limited.refusedRequests,
    },
    { name: 'neighbours', unit: 'times', bound: { atMost: 2 }, measured: neighbourSlowdown(results) },
  ];
}

/**
 * The rounds with each sync at its best number of connections: the default's, or the one that the sweep had chosen. Which
 * of the two was the better one, these rounds tell more surely than a sweep of few runs.
 */
function atBestConnections(rounds: readonly Round[]): readonly Round[] {
  const chosen = rounds.map((round) => ({ ...round, sync: round.syncAtBest ?? round.sync }));
  const rateOf = (some: readonly Round[]) => medianOf(some, ({ sync }) => mintRate(sync)) ?? 0;
  return rateOf(chosen) > rateOf(rounds) ? chosen : rounds;
}

/** What minting gets of wrk's rate, round by round, at its best number of connections; empty without wrk. */
export function ratesOfWrk(rounds: readonly Round[]): number[] {
  return atBestConnections(rounds).flatMap(({ wrk, sync }) => (wrk === undefined ? [] : [mintRate(sync) / wrk]));
}

/** p99 during a sync with the default settings, as a multiple of that of the idle server. */
function neighbourSlowdown({ neighbours, conditions }: Results): number | undefined {
  const during = neighbours?.during.find(({ connections }) => connections === conditions.defaultConnections);
  if (neighbours === undefined || during === undefined) return undefined;
  return timesIdle(neighbours, during);
}

type Neighbours = NonNullable<Results['neighbours']>;

/** p99 as a multiple of the calmest idle round's: what makes an idle server slow is something else on the machine. */
export function timesIdle({ idle }: Neighbours, { rounds }: Neighbours['during'][number]): number {
  const p99 = quantile(
    rounds.map((round) => round.p99),
    0.5,
  );
  return p99 / Math.min(...idle.map((round) => round.p99));
}

function medianOf<T>(samples: readonly T[], value: (sample: T) => number | undefined): number | undefined {
  const values = samples.map(value).filter((one) => one !== undefined);
  return values.length === 0 ? undefined : spreadOf(values).median;
}
