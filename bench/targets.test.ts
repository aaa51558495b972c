import { describe, expect, test } from 'vitest';
import type { Results, Round, SyncSample } from './results.ts';
import { evaluateTargets, isReached, type TargetName } from './targets.ts';

const mebibyte = 2 ** 20;

function syncOf(members: number, changes: Partial<SyncSample> = {}): SyncSample {
  return {
    startedAt: 0,
    seconds: members / 1_000 + 0.4,
    cpuSeconds: 0.2 + members * 0.000_1,
    peakMemoryBytes: 90 * mebibyte,
    allocatedBytes: 0,
    secondsToFirstRequest: 0.1,
    requests: members + 20,
    refusedRequests: 0,
    minted: members,
    stepSeconds: { mint: members / 1_000, create: members / 1_000 },
    ...changes,
  };
}

function resultsOf(rounds: (members: number) => Round[]): Results {
  return {
    conditions: {
      startedAt: '2026-01-05T00:00:00.000Z',
      tookSeconds: 1,
      machine: { cpus: 2, model: 'a processor', memoryBytes: 2 ** 30, system: 'Linux' },
      node: 'v26',
      kubernetes: 'v1.36',
      nodeFlags: [],
      priority: true,
      loadBefore: 0,
      defaultConnections: 16,
    },
    firstRuns: [{ members: 1_000, rounds: [{ sync: syncOf(1_000), creator: 1_200 }] }],
    steadyState: [1_000, 10_000].map((members) => ({ members, rounds: rounds(members) })),
    neighbours: {
      members: 10_000,
      requestsPerSecond: 100,
      idle: [{ requests: 500, p50: 1, p99: 3 }],
      during: [
        { connections: 2, rounds: [{ requests: 500, p50: 2, p99: 5, mintRate: 600 }] },
        { connections: 16, rounds: [{ requests: 500, p50: 9, p99: 12, mintRate: 1_000 }] },
      ],
    },
  };
}

const undici = { rate: 900, cpuSecondsEach: 0.000_2, peakMemoryBytes: 100 * mebibyte };
const fast = (members: number): Round[] => [{ wrk: 1_020, sync: syncOf(members), undici }];

/** Of each target its measured value and whether it is reached, in the order of the sizes. */
function verdictsOf(results: Results, wanted: TargetName): (readonly [number | undefined, boolean | undefined])[] {
  return evaluateTargets(results)
    .filter(({ name }) => name === wanted)
    .map((target) => [target.measured && Number(target.measured.toFixed(3)), isReached(target)]);
}

describe('targets', () => {
  test("compare a sync with wrk's rate in the same round", () => {
    expect(verdictsOf(resultsOf(fast), 'mint-rate')).toEqual([
      [0.98, true],
      [0.98, true],
    ]);
    const uneven = (members: number): Round[] =>
      [500, 2_000, 2_000].map((wrk) => ({ wrk, sync: syncOf(members), undici }));
    expect(verdictsOf(resultsOf(uneven), 'mint-rate')).toEqual([
      [0.5, false],
      [0.5, false],
    ]);
  });

  test('take a sync at its best number of connections where that is not the default', () => {
    const atBest = (members: number): Round[] => [
      {
        wrk: 1_000,
        sync: syncOf(members, { stepSeconds: { mint: members / 500 } }),
        syncAtBest: syncOf(members),
        undici,
      },
    ];
    expect(verdictsOf(resultsOf(atBest), 'mint-rate')).toEqual([
      [1, true],
      [1, true],
    ]);
  });

  test('take the default number where the sweep had chosen a worse one', () => {
    const chosenByChance = (members: number): Round[] => [
      {
        wrk: 1_000,
        sync: syncOf(members),
        syncAtBest: syncOf(members, { stepSeconds: { mint: members / 500 } }),
        undici,
      },
    ];
    expect(verdictsOf(resultsOf(chosenByChance), 'mint-rate')).toEqual([
      [1, true],
      [1, true],
    ]);
  });

  test('allow one request a member and a constant', () => {
    const twice = (members: number): Round[] => [
      { wrk: 1_000, sync: syncOf(members, { requests: 2 * members }), undici },
    ];
    expect(verdictsOf(resultsOf(fast), 'requests').map(([, reached]) => reached)).toEqual([true, true]);
    expect(verdictsOf(resultsOf(twice), 'requests').map(([, reached]) => reached)).toEqual([false, false]);
  });

  test('judge other users by the default number of connections', () => {
    expect(verdictsOf(resultsOf(fast), 'neighbours')).toEqual([[4, false]]);
  });

  test('that were not measured are neither reached nor missed', () => {
    expect(verdictsOf(resultsOf(fast), 'memory')).toEqual([
      [90, true],
      [90, true],
      [undefined, undefined],
    ]);
    const withoutWrk = (members: number): Round[] => [{ sync: syncOf(members), undici }];
    expect(verdictsOf(resultsOf(withoutWrk), 'mint-rate')).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });
});
