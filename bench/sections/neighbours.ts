/** What another user of the API server notices of a sync, at several numbers of connections. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import type { Club } from '../club.ts';
import { runSync } from '../programs/sync.ts';
import { neighbourRequestsPerSecond, openNeighbourhood, type TimedAnswer } from '../programs/unrelated-client.ts';
import { type Latency, mintRate, type NeighbourResults } from '../results.ts';
import { quantile } from '../statistics.ts';

const counts = [2, 4, 8, 16, 32] as const;
const rounds = 2;
const idleMs = 5_000;

export async function measureNeighbours(bench: Bench, club: Club): Promise<NeighbourResults> {
  const neighbourhood = await openNeighbourhood(bench.controlPlane);
  const idle: Latency[] = [];
  const during = [...new Set([...counts, bench.defaultConnections])]
    .toSorted((a, b) => a - b)
    .map((connections) => ({ connections, rounds: new Array<Latency & { mintRate: number }>() }));
  for (let round = 0; round < rounds; round++) {
    const quiet = await neighbourhood.watch(() => sleep(idleMs));
    idle.push(latencyOf(quiet.answers));
    bench.say(`an unrelated client, idle: p99 ${idle.at(-1)?.p99.toFixed(1)} ms`);
    for (const entry of during) {
      const { result, answers } = await neighbourhood.watch(() => runSync(club, entry));
      const endedAt = result.startedAt + result.seconds * 1_000;
      const latency = latencyOf(answers.filter(({ sentAt }) => sentAt >= result.startedAt && sentAt < endedAt));
      entry.rounds.push({ ...latency, mintRate: mintRate(result) });
      bench.say(
        `an unrelated client, during a sync with ${entry.connections} connections: p99 ${latency.p99.toFixed(1)} ms, ${mintRate(result).toFixed(0)} tokens a second`,
      );
    }
  }
  return { members: club.members, requestsPerSecond: neighbourRequestsPerSecond, idle, during };
}

function latencyOf(answers: readonly TimedAnswer[]): Latency {
  const milliseconds = answers.map(({ took }) => took);
  return { requests: milliseconds.length, p50: quantile(milliseconds, 0.5), p99: quantile(milliseconds, 0.99) };
}
