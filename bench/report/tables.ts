/** Every table of the report, from the results; undefined where a section was left out. */
import { creationRate, mintRate, type Results, type SyncSample } from '../results.ts';
import { quantile } from '../statistics.ts';
import { evaluateTargets, isReached, ratesOfWrk, timesIdle } from '../targets.ts';
import { count, figure, inUnit, mebibytes, notMeasured, percent, spread } from './figures.ts';
import type { Table } from './table.ts';
import type { Words } from './words.ts';

/** What the program that this one replaces was measured to do, members a second: it is not part of this repository. */
export const originalRate = 2.5;
const thousand = 1_000;

export const tableNames = [
  'conditions',
  'targets',
  'rates',
  'steps',
  'connections',
  'neighbours',
  'first-runs',
  'flow-control',
  'memory-flags',
  'alternatives',
] as const;
export type TableName = Exclude<(typeof tableNames)[number], 'conditions'>;

export const tables: Readonly<Record<TableName, (results: Results, words: Words) => Table | undefined>> = {
  targets: targetTable,
  rates: rateTable,
  steps: stepTable,
  connections: connectionTable,
  neighbours: neighbourTable,
  'first-runs': firstRunTable,
  'flow-control': flowControlTable,
  'memory-flags': memoryFlagTable,
  alternatives: alternativeTable,
};

function targetTable(results: Results, words: Words): Table {
  return {
    columns: [words.target, words.bound, words.measured, words.reached],
    words: [1, 2, 3],
    rows: evaluateTargets(results).map((target) => {
      const { name, members, unit, bound, measured } = target;
      const reached = isReached(target);
      return [
        words.targets[name](members === undefined ? '' : count(members)),
        'atLeast' in bound ? words.atLeast(inUnit(bound.atLeast, unit)) : words.atMost(inUnit(bound.atMost, unit)),
        measured === undefined ? words.notMeasured : inUnit(measured, unit),
        reached === undefined ? notMeasured : reached ? words.yes : words.no,
      ];
    }),
  };
}

function rateTable({ steadyState, connections, conditions }: Results, words: Words): Table | undefined {
  if (steadyState === undefined || connections === undefined) return undefined;
  const { best } = connections;
  const withBest = best.sync !== conditions.defaultConnections;
  return {
    columns: [
      words.members,
      `wrk (${best.wrk ?? notMeasured})`,
      `${words.sync} (${conditions.defaultConnections})`,
      ...(withBest ? [`${words.sync} (${best.sync})`] : []),
      `${words.undici} (${best.undici})`,
      words.ofWrk,
    ],
    rows: steadyState.map(({ members, rounds }) => {
      const atBest = rounds.flatMap(({ syncAtBest }) => (syncAtBest === undefined ? [] : [syncAtBest]));
      const ratios = ratesOfWrk(rounds);
      return [
        count(members),
        spread(
          rounds.flatMap(({ wrk }) => wrk ?? []),
          count,
        ),
        spread(
          rounds.map(({ sync }) => mintRate(sync)),
          count,
        ),
        ...(withBest ? [spread(atBest.map(mintRate), count)] : []),
        spread(
          rounds.map(({ undici }) => undici.rate),
          count,
        ),
        spread(ratios, percent),
      ];
    }),
  };
}

function stepTable({ steadyState }: Results, words: Words): Table | undefined {
  if (steadyState === undefined) return undefined;
  const steps = ['lock', 'fetch', 'observe', 'mint', 'deliver'] as const;
  return {
    columns: [
      words.members,
      words.wholeSync,
      words.toFirstRequest,
      ...steps.map((step) => `${words.steps[step]}, s`),
      words.cpu,
      words.cpuEach,
      words.requests,
      words.peakMemory,
    ],
    rows: steadyState.map(({ members, rounds }) => {
      const all = (value: (sync: SyncSample) => number) => rounds.map(({ sync }) => value(sync));
      const middle = (value: (sync: SyncSample) => number) => quantile(all(value), 0.5);
      return [
        count(members),
        spread(all(({ seconds }) => seconds)),
        spread(
          all(({ secondsToFirstRequest }) => secondsToFirstRequest * 1_000),
          count,
        ),
        ...steps.map((step) => figure(middle(({ stepSeconds }) => stepSeconds[step] ?? 0))),
        spread(all(({ cpuSeconds }) => cpuSeconds)),
        figure(middle(({ cpuSeconds }) => (cpuSeconds * 1_000) / members)),
        spread(
          all(({ requests }) => requests),
          count,
        ),
        spread(
          all(({ peakMemoryBytes }) => peakMemoryBytes),
          mebibytes,
        ),
      ];
    }),
  };
}

function connectionTable({ connections, conditions }: Results, words: Words): Table | undefined {
  if (connections === undefined) return undefined;
  const counts = [...new Set(connections.sweep.map((entry) => entry.connections))];
  const ratesOf = (contender: string, wanted: number) =>
    connections.sweep.find((entry) => entry.contender === contender && entry.connections === wanted)?.rates ?? [];
  return {
    columns: [words.connections, 'wrk', words.sync, words.undici],
    rows: counts.map((wanted) => [
      wanted === conditions.defaultConnections ? words.isDefault(wanted) : String(wanted),
      ...['wrk', 'sync', 'undici'].map((contender) => spread(ratesOf(contender, wanted), count)),
    ]),
  };
}

function neighbourTable({ neighbours, conditions }: Results, words: Words): Table | undefined {
  if (neighbours === undefined) return undefined;
  const { idle, during } = neighbours;
  const rateOf = (entry: (typeof during)[number]) =>
    quantile(
      entry.rounds.map(({ mintRate: rate }) => rate),
      0.5,
    );
  const most = Math.max(...during.map(rateOf));
  const latencies = (rounds: readonly { p50: number; p99: number }[]) => [
    spread(rounds.map(({ p50 }) => p50)),
    spread(rounds.map(({ p99 }) => p99)),
  ];
  return {
    columns: [words.connections, words.tokensASecond, words.ofBest, 'GET p50, ms', 'GET p99, ms', words.timesIdle],
    rows: [
      [words.idle, notMeasured, notMeasured, ...latencies(idle), '1.0'],
      ...during.map((entry) => [
        entry.connections === conditions.defaultConnections
          ? words.isDefault(entry.connections)
          : String(entry.connections),
        count(rateOf(entry)),
        percent(rateOf(entry) / most),
        ...latencies(entry.rounds),
        timesIdle(neighbours, entry).toFixed(1),
      ]),
    ],
  };
}

function firstRunTable({ firstRuns, steadyState = [] }: Results, words: Words): Table {
  /** What a run of so many members takes without creating anyone. */
  const cpuOfSync = (members: number) =>
    steadyState
      .filter((entry) => entry.members === members)
      .map(({ rounds }) =>
        quantile(
          rounds.map(({ sync }) => sync.cpuSeconds),
          0.5,
        ),
      );
  return {
    columns: [words.members, words.created, words.createdByWrk, words.ofWrk, words.cpuAccount, words.wholeFirstRun],
    rows: firstRuns.map(({ members, rounds }) => [
      count(members),
      spread(
        rounds.map(({ sync }) => creationRate(sync)),
        count,
      ),
      spread(
        rounds.flatMap(({ creator }) => creator ?? []),
        count,
      ),
      spread(
        rounds.flatMap(({ sync, creator }) => (creator === undefined ? [] : [creationRate(sync) / creator])),
        percent,
      ),
      spread(
        cpuOfSync(members).flatMap((without) =>
          rounds.map(({ sync }) => ((sync.cpuSeconds - without) * 1_000) / members),
        ),
      ),
      spread(rounds.map(({ sync }) => sync.seconds)),
    ]),
  };
}

function flowControlTable({ flowControl }: Results, words: Words): Table | undefined {
  if (flowControl === undefined) return undefined;
  const { seats, queue, unlimited, limited } = flowControl;
  const row = (name: string, sample: SyncSample) => [
    name,
    count(sample.minted),
    figure(sample.seconds),
    count(mintRate(sample)),
    count(sample.requests),
    count(sample.refusedRequests),
  ];
  return {
    columns: ['', words.members, words.wholeSync, words.tokensASecond, words.requests, words.answered429],
    rows: [row(words.unlimited, unlimited), row(words.limited(seats, queue), limited)],
  };
}

function memoryFlagTable({ memoryFlags, conditions }: Results, words: Words): Table | undefined {
  if (memoryFlags === undefined) return undefined;
  // What every one of them has is no difference between them.
  const own = conditions.nodeFlags.filter((flag) => memoryFlags.sets.every(({ flags }) => flags.includes(flag)));
  return {
    columns: [words.flags, words.peakMemory, words.wholeSync, words.cpu],
    rows: memoryFlags.sets.map(({ flags, runs }) => {
      const shown = flags.filter((flag) => !own.includes(flag));
      return [
        shown.length === 0 ? words.noFlags : `\`${shown.join(' ')}\``,
        spread(
          runs.map(({ peakMemoryBytes }) => peakMemoryBytes),
          mebibytes,
        ),
        spread(runs.map(({ seconds }) => seconds)),
        spread(runs.map(({ cpuSeconds }) => cpuSeconds)),
      ];
    }),
  };
}

function alternativeTable({ alternatives, steadyState }: Results, words: Words): Table | undefined {
  // The largest that was repeated: there a program's start weighs least.
  const size = steadyState?.findLast(({ rounds }) => rounds.length === steadyState[0]?.rounds.length);
  if (alternatives === undefined || size === undefined) return undefined;
  const { members, rounds } = size;
  const milliseconds = (value: number) => figure(value * 1_000);
  const undici = rounds.map((round) => round.undici);
  const sync = rounds.map((round) => round.sync);
  const clients: [string, rates: number[], cpuEach: number[], memory: number[]][] = [
    [words.original, [originalRate], [], []],
    [words.kubectl, [alternatives.kubectl], [], []],
    [
      words.wrkAlone,
      rounds.flatMap(({ wrk }) => wrk ?? []),
      rounds.flatMap(({ wrkCpuSecondsEach }) => wrkCpuSecondsEach ?? []),
      [],
    ],
    [
      words.undici,
      undici.map(({ rate }) => rate),
      undici.map(({ cpuSecondsEach }) => cpuSecondsEach),
      undici.map(({ peakMemoryBytes }) => peakMemoryBytes),
    ],
    [
      words.sync,
      sync.map(mintRate),
      sync.map(({ cpuSeconds }) => cpuSeconds / members),
      sync.map(({ peakMemoryBytes }) => peakMemoryBytes),
    ],
  ];
  return {
    columns: [words.client, words.tokensASecond, words.thousandMembers, words.cpuEach, words.peakMemory],
    // wrk may not have been there.
    rows: clients
      .filter(([, rates]) => rates.length > 0)
      .map(([client, rates, cpuEach, memory]) => [
        client,
        spread(rates),
        inUnit(thousand / quantile(rates, 0.5), 's'),
        spread(cpuEach, milliseconds),
        spread(memory, mebibytes),
      ]),
  };
}
