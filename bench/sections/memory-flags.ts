/** What V8's heap flags do to a sync's memory and time: the image's set is a choice between these. */

import type { Bench } from '../bench.ts';
import type { Club } from '../club.ts';
import { updaterNodeFlags } from '../image-flags.ts';
import { runSync } from '../programs/sync.ts';
import type { MemoryFlagResults, SyncSample } from '../results.ts';

const rounds = 2;
const common = '--use-system-ca';
const alternatives: readonly (readonly string[])[] = [
  [],
  ...[1, 2, 8].map((mebibytes) => [
    `--min-semi-space-size=${mebibytes}`,
    `--max-semi-space-size=${mebibytes}`,
    '--max-old-space-size=64',
  ]),
];

export async function measureMemoryFlags(bench: Bench, club: Club): Promise<MemoryFlagResults> {
  const sets = [updaterNodeFlags, ...alternatives.map((flags) => [...flags, common])].map((flags) => ({
    flags: [...flags],
    runs: new Array<SyncSample>(),
  }));
  for (let round = 0; round < rounds; round++) {
    for (const { flags, runs } of sets) {
      const run = await runSync(club, { nodeFlags: flags });
      runs.push(run);
      bench.say(
        `${flags.join(' ')}: ${(run.peakMemoryBytes / 2 ** 20).toFixed(0)} MiB, ${run.seconds.toFixed(1)} s, ${run.cpuSeconds.toFixed(2)} s of CPU`,
      );
    }
  }
  return { members: club.members, sets };
}
