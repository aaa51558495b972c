/** Every client at several numbers of connections, in turn, to find out where each is at its best. */
import type { Bench } from '../bench.ts';
import type { Club } from '../club.ts';
import { runUndiciLoop } from '../programs/bare-undici.ts';
import { runSync } from '../programs/sync.ts';
import { wrkTokenRequests } from '../programs/wrk.ts';
import { type ConnectionResults, type Contender, mintRate } from '../results.ts';
import { spreadOf } from '../statistics.ts';

const counts = [4, 8, 16, 32] as const;
/** On a machine that is shared with others, two would choose by chance. */
const sweeps = 5;

export async function measureConnections(bench: Bench, club: Club): Promise<ConnectionResults> {
  const accounts = await club.accountsFile();
  const contenders: [Contender, (connections: number) => Promise<number>][] = [
    ['sync', async (connections) => mintRate(await runSync(club, { connections }))],
    [
      'undici',
      async (connections) => {
        const options = { connections, requests: club.members };
        return (await runUndiciLoop(bench.undiciLoop, club, accounts, options)).rate;
      },
    ],
  ];
  if (bench.hasWrk)
    contenders.push([
      'wrk',
      async (connections) => (await wrkTokenRequests(club, accounts, { connections, seconds: 2 })).rate,
    ]);

  const sweep = contenders.flatMap(([contender, measure]) =>
    counts.map((connections) => ({ contender, connections, measure, rates: new Array<number>() })),
  );
  for (let round = 0; round < sweeps; round++) {
    for (const connections of counts) {
      for (const entry of sweep) {
        if (entry.connections !== connections) continue;
        const rate = await entry.measure(connections);
        entry.rates.push(rate);
        bench.say(`${entry.contender} with ${connections} connections: ${rate.toFixed(0)} a second`);
      }
    }
  }

  const bestOf = (wanted: Contender): number | undefined =>
    sweep
      .filter(({ contender }) => contender === wanted)
      .toSorted((a, b) => spreadOf(b.rates).median - spreadOf(a.rates).median)[0]?.connections;
  return {
    best: {
      wrk: bestOf('wrk'),
      sync: bestOf('sync') ?? bench.defaultConnections,
      undici: bestOf('undici') ?? bench.defaultConnections,
    },
    sweep: sweep.map(({ contender, connections, rates }) => ({ contender, connections, rates })),
  };
}
