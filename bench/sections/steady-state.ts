/** Runs in which nobody joins or leaves, against wrk and the undici loop, one after the other in every round. */
import type { Bench } from '../bench.ts';
import type { Club } from '../club.ts';
import { runUndiciLoop } from '../programs/bare-undici.ts';
import { runSync } from '../programs/sync.ts';
import { type WrkSample, wrkTokenRequests } from '../programs/wrk.ts';
import {
  type ConnectionResults,
  type LoopSample,
  mintRate,
  type Results,
  type Round,
  type SyncSample,
} from '../results.ts';

/** Repeating it would take too long, and tell little. */
const largestRepeated = 10_000;

type SteadyState = NonNullable<Results['steadyState']>;

/** @param clubs whose members all have an account already */
export async function measureSteadyState(
  bench: Bench,
  clubs: readonly Club[],
  best: ConnectionResults['best'],
): Promise<SteadyState> {
  const sizes = [];
  for (const club of clubs) sizes.push({ club, accounts: await club.accountsFile(), rounds: new Array<Round>() });
  for (let number = 0; number < bench.rounds; number++) {
    for (const { club, accounts, rounds } of sizes) {
      if (number > 0 && club.members > largestRepeated) continue;
      const round = await measureRound(bench, { club, accounts, best, number });
      rounds.push(round);
      bench.say(describe(club.members, round));
    }
  }
  return sizes.map(({ club, rounds }) => ({ members: club.members, rounds }));
}

interface RoundOptions {
  readonly club: Club;
  readonly accounts: string;
  readonly best: ConnectionResults['best'];
  readonly number: number;
}

async function measureRound(bench: Bench, { club, accounts, best, number }: RoundOptions): Promise<Round> {
  const { members } = club;
  let wrk: WrkSample | undefined;
  let sync: SyncSample | undefined;
  let syncAtBest: SyncSample | undefined;
  let undici: LoopSample | undefined;
  const turns: (() => Promise<void>)[] = [
    async () => {
      sync = await runSync(club);
    },
    async () => {
      undici = await runUndiciLoop(bench.undiciLoop, club, accounts, { connections: best.undici, requests: members });
    },
  ];
  if (bench.hasWrk) {
    turns.push(async () => {
      // About as long as the sync's own minting: both then have the same share of a beginning.
      const seconds = Math.min(10, Math.max(1, Math.round(members / 1_400)));
      wrk = await wrkTokenRequests(club, accounts, { connections: best.wrk ?? bench.defaultConnections, seconds });
    });
  }
  if (best.sync !== bench.defaultConnections) {
    turns.push(async () => {
      syncAtBest = await runSync(club, { connections: best.sync });
    });
  }
  // Another one begins in every round, so that no one always follows the same.
  for (let turn = 0; turn < turns.length; turn++) await turns[(turn + number) % turns.length]?.();
  if (sync === undefined || undici === undefined) throw new Error('a round is not whole');
  return {
    sync,
    undici,
    ...(wrk === undefined ? {} : { wrk: wrk.rate, wrkCpuSecondsEach: wrk.cpuSecondsEach }),
    ...(syncAtBest === undefined ? {} : { syncAtBest }),
  };
}

function describe(members: number, { wrk, sync, undici }: Round): string {
  const rates = [
    `sync ${mintRate(sync).toFixed(0)}`,
    ...(wrk === undefined ? [] : [`wrk ${wrk.toFixed(0)}`]),
    `undici ${undici.rate.toFixed(0)}`,
  ];
  return `${members} members: ${rates.join(', ')} a second; sync took ${sync.seconds.toFixed(2)} s`;
}
