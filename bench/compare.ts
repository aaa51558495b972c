/**
 * `npm run bench:compare -- OLD.mjs NEW.mjs`: two bundles of the program on the same control plane, in turn, round by
 * round. For a decision that costs speed or memory; docs/adr/ has what came of it.
 */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { startControlPlane } from '../dev/control-plane/index.ts';
import { elapsed } from '../dev/elapsed.ts';
import { openClub } from './club.ts';
import { raisePriority } from './priority.ts';
import { runSync } from './programs/sync.ts';
import { mintRate, type SyncSample } from './results.ts';
import { type Spread, spreadOf } from './statistics.ts';

const optionsSchema = z.object({ members: z.number(), rounds: z.number(), priority: z.boolean() });

const program = new Command('bench:compare')
  .description('Runs two bundles of the updater in turn on one club, every member kept, and prints what each takes.')
  .argument('<old>', 'a bundle: dist/credentials-updater.mjs of another checkout')
  .argument('<new>', 'another bundle')
  .addOption(new Option('--members <n>', 'size of the club').argParser(count).default(1_000))
  .addOption(new Option('--rounds <n>', 'how often each is run').argParser(count).default(10))
  .option('--no-priority', 'do not go before whatever else the machine does')
  .action(async (old: string, other: string) => {
    await compare([resolve(old), resolve(other)], optionsSchema.parse(program.opts()));
  });
async function compare(bundles: readonly [string, string], options: z.infer<typeof optionsSchema>): Promise<void> {
  const started = performance.now();
  const say = (line: string) => console.error(`${elapsed(started).padStart(6)}  ${line}`);
  await using controlPlane = await startControlPlane({
    onProgress: say,
    apiServerArgs: { 'audit-log-maxsize': '100000' },
  });
  if (options.priority) await raisePriority(controlPlane);
  await using club = await openClub(controlPlane, options.members);
  // Every member is kept in what is measured.
  await runSync(club, { program: bundles[0] });
  const pairs: (readonly [SyncSample, SyncSample])[] = [];
  for (let round = 0; round < options.rounds; round++) {
    // Who goes first changes, in case the first of two has it easier.
    const turn = round % 2 === 0 ? bundles : bundles.toReversed();
    const runs = new Map<string, SyncSample>();
    for (const bundle of turn) runs.set(bundle, await runSync(club, { program: bundle }));
    const [before, after] = bundles.map((bundle) => runs.get(bundle));
    if (before === undefined || after === undefined) throw new Error('give two different bundles');
    pairs.push([before, after]);
    say(
      `round ${round + 1} of ${options.rounds}: ${mintRate(before).toFixed(0)} and ${mintRate(after).toFixed(0)} tokens a second`,
    );
  }
  console.log(tableOf(pairs));
}

const measures: readonly (readonly [name: string, digits: number, of: (sample: SyncSample) => number])[] = [
  ['tokens a second while minting', 0, mintRate],
  ['members a second, start to exit', 0, ({ minted, seconds }) => minted / seconds],
  ['the whole run, s', 2, ({ seconds }) => seconds],
  ['CPU a member, all of the run, ms', 2, ({ cpuSeconds, minted }) => (1_000 * cpuSeconds) / minted],
  ['peak resident memory, MiB', 0, ({ peakMemoryBytes }) => peakMemoryBytes / 2 ** 20],
  ['start to first request, ms', 0, ({ secondsToFirstRequest }) => 1_000 * secondsToFirstRequest],
];

function tableOf(pairs: readonly (readonly [SyncSample, SyncSample])[]): string {
  const rows = measures.map(([name, digits, of]) => {
    const cell = (values: readonly number[], places = digits) => inWords(spreadOf(values), places);
    const before = cell(pairs.map(([sample]) => of(sample)));
    const after = cell(pairs.map(([, sample]) => of(sample)));
    const ratio = cell(
      pairs.map(([one, other]) => of(other) / of(one)),
      2,
    );
    return `| ${name} | ${before} | ${after} | ${ratio} |`;
  });
  return ['| | old | new | new / old, round by round |', '| --- | ---: | ---: | ---: |', ...rows].join('\n');
}

function inWords({ median, least, most }: Spread, digits: number): string {
  const [middle, from, to] = [median, least, most].map((value) => value.toFixed(digits));
  return `${middle} (${from}–${to})`;
}

function count(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number above 0 is needed.');
}

await program.parseAsync();
