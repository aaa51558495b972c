/** `npm run bench`: measures the updater on a real control plane, and writes docs/benchmarks.md. See --help. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { BinariesMissingError } from '../dev/control-plane/index.ts';
import { elapsed } from '../dev/elapsed.ts';
import { publishResults, readPublishedResults } from './report/publish.ts';
import { renderText } from './report/terminal.ts';
import type { Results } from './results.ts';
import { runBenchmarks, sectionNames } from './run.ts';

const root = join(import.meta.dirname, '..');
const resultsFile = 'dist/bench/results.json';
const defaultMembers = [100, 1_000, 10_000];
const largeMembers = 50_000;

const optionsSchema = z.object({
  members: z.array(z.number()),
  large: z.boolean().default(false),
  rounds: z.number(),
  only: z.array(z.enum(sectionNames)).optional(),
  docs: z.boolean(),
  render: z.boolean().default(false),
});
type Options = z.infer<typeof optionsSchema>;

const program = new Command('bench')
  .description('Measures the updater, wrk and other clients on a real control plane, in turn, and compares them.')
  .addOption(
    new Option('--members <list>', 'sizes of clubs').argParser(countList).default(defaultMembers, '100,1000,10000'),
  )
  .option('--large', `also a club of ${largeMembers}, once; some minutes more`)
  .addOption(new Option('--rounds <n>', 'how often each comparison is repeated').argParser(count).default(5))
  .addOption(new Option('--only <sections...>', 'only these, besides the first runs').choices(sectionNames))
  .option('--no-docs', 'leave docs/ as it is')
  .option('--render', 'measure nothing: write docs/ anew from docs/benchmarks.json')
  .addHelpText(
    'after',
    `
It prints its tables, writes every figure to ${resultsFile}, and, after a whole run (no --only, no smaller --members,
with wrk), docs/benchmarks.json, the generated parts of docs/benchmarks.md and benchmarks.ko.md, and their pictures.

Examples:
  npm run bench
  npm run bench -- --large
  npm run bench -- --only throughput --members 1000 --rounds 3`,
  )
  .action(async () => {
    const options = optionsSchema.parse(program.opts());
    if (options.render) await publishResults(await readPublishedResults());
    else await measure(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(error instanceof BinariesMissingError ? error.message : `bench: ${error.message}`);
  process.exitCode = 1;
}

async function measure(options: Options): Promise<void> {
  const { members, large, rounds, only = sectionNames } = options;
  const started = performance.now();
  const say = (line: string) => console.error(`${elapsed(started).padStart(6)}  ${line}`);
  await promisify(execFile)(process.execPath, ['build.ts'], { cwd: root });
  const sizes = large ? [...members, largeMembers] : members;
  const results = await runBenchmarks({ members: sizes, rounds, sections: only, say });

  const file = join(root, resultsFile);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`);
  console.log(renderText(results));
  console.log(`Every figure: ${resultsFile}`);
  const obstacle = whyNotPublished(options, results);
  if (obstacle === undefined) await publishResults(results);
  console.log(obstacle === undefined ? 'Written: docs/benchmarks.*' : `docs/ is left as it is: ${obstacle}`);
}

function whyNotPublished({ docs, only, members }: Options, { conditions }: Results): string | undefined {
  if (!docs) return '--no-docs';
  if (only !== undefined) return '--only measures a part';
  if (defaultMembers.some((size) => !members.includes(size)))
    return `one of the sizes ${defaultMembers.join(', ')} is missing`;
  if (conditions.wrk === undefined) return 'wrk is not installed';
  return undefined;
}

function count(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number above 0 is needed.');
}

function countList(text: string): number[] {
  return text.split(',').map(count);
}
