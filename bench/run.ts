/** The whole of the benchmarks, section by section, on one control plane. */
import { z } from 'zod';
import { type ControlPlane, startControlPlane } from '../dev/control-plane/index.ts';
import type { Bench } from './bench.ts';
import { type Club, openClub } from './club.ts';
import { describeConditions } from './conditions.ts';
import { raisePriority } from './priority.ts';
import { bundleUndiciLoop } from './programs/bare-undici.ts';
import { findWrk, howToGetWrk } from './programs/wrk.ts';
import type { Results } from './results.ts';
import { measureAlternatives } from './sections/alternatives.ts';
import { measureConnections } from './sections/connections.ts';
import { bestCreatorConnections, measureFirstRun } from './sections/first-run.ts';
import { measureFlowControl } from './sections/flow-control.ts';
import { measureMemoryFlags } from './sections/memory-flags.ts';
import { measureNeighbours } from './sections/neighbours.ts';
import { measureSteadyState } from './sections/steady-state.ts';

export const sectionNames = ['throughput', 'flow-control', 'alternatives', 'neighbours', 'memory-flags'] as const;
export type SectionName = (typeof sectionNames)[number];

export interface BenchmarkOptions {
  /** Sizes of clubs, each measured. */
  readonly members: readonly number[];
  readonly rounds: number;
  /** Besides the first runs, which every section stands on. */
  readonly sections: readonly SectionName[];
  readonly say: (line: string) => void;
}

/** What takes many runs is measured on a club of at most this size. */
const largestForSections = 10_000;
const firstRunRounds = 3;

export async function runBenchmarks({ members, rounds, sections, say }: BenchmarkOptions): Promise<Results> {
  const started = performance.now();
  const startedAt = new Date();
  const wrk = await findWrk();
  if (wrk === undefined) say(howToGetWrk);
  await using stack = new AsyncDisposableStack();
  const controlPlane = stack.use(
    // Nothing of a long run's audit log may be rotated away.
    await startControlPlane({ onProgress: say, apiServerArgs: { 'audit-log-maxsize': '100000' } }),
  );
  const conditions = describeConditions(
    { kubernetes: await versionOf(controlPlane), wrk, priority: await raisePriority(controlPlane) },
    startedAt,
  );
  const bench: Bench = {
    controlPlane,
    hasWrk: wrk !== undefined,
    undiciLoop: await bundleUndiciLoop(controlPlane.directory),
    defaultConnections: conditions.defaultConnections,
    rounds,
    say,
  };

  const { clubs, firstRuns } = await openClubs(bench, members, stack);
  const usual = clubOfAbout(clubs, 1_000);
  const large = clubOfAbout(clubs, largestForSections);
  const wanted = (name: SectionName) => sections.includes(name);
  const results: Results = { conditions: { ...conditions, tookSeconds: 0 }, firstRuns };
  if (wanted('throughput')) {
    const connections = await measureConnections(bench, usual);
    const steadyState = await measureSteadyState(bench, clubs, connections.best);
    Object.assign(results, { connections, steadyState });
  }
  if (wanted('flow-control')) results.flowControl = await measureFlowControl(bench, usual);
  if (wanted('alternatives')) results.alternatives = await measureAlternatives(bench, usual);
  if (wanted('neighbours')) results.neighbours = await measureNeighbours(bench, large);
  if (wanted('memory-flags')) results.memoryFlags = await measureMemoryFlags(bench, large);
  results.conditions.tookSeconds = (performance.now() - started) / 1_000;
  return results;
}

/** Opens a club of each size and brings it to its steady state, which is its first run. */
async function openClubs(
  bench: Bench,
  members: readonly number[],
  stack: AsyncDisposableStack,
): Promise<{ clubs: Club[]; firstRuns: Results['firstRuns'] }> {
  const creatorConnections = await bestCreatorConnections(bench);
  const clubs: Club[] = [];
  const firstRuns = [];
  for (const size of members) {
    const club = stack.use(await openClub(bench.controlPlane, size));
    clubs.push(club);
    const rounds = [await measureFirstRun(bench, club, creatorConnections)];
    const repetitions = size < largestForSections ? Math.min(firstRunRounds, bench.rounds) - 1 : 0;
    for (let repetition = 0; repetition < repetitions; repetition++) {
      await using another = await openClub(bench.controlPlane, size);
      rounds.push(await measureFirstRun(bench, another, creatorConnections));
    }
    firstRuns.push({ members: size, rounds });
  }
  return { clubs, firstRuns };
}

/** The largest club that is not larger than that, or else the smallest there is. */
function clubOfAbout(clubs: readonly Club[], members: number): Club {
  const bySize = clubs.toSorted((a, b) => a.members - b.members);
  const club = bySize.findLast((one) => one.members <= members) ?? bySize[0];
  if (club === undefined) throw new Error('there is no club to measure on');
  return club;
}

async function versionOf({ request }: ControlPlane): Promise<string> {
  return z.object({ gitVersion: z.string() }).parse((await request('GET', '/version')).body).gitVersion;
}
