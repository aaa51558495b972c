/** `npm test`: everything that must hold before a change lands, one step after the other. See --help. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { elapsed } from '../dev/elapsed.ts';
import { isInPath } from '../dev/node/requirements.ts';
import { installDebianPackages } from './debian-packages.ts';
import { readResults } from './results.ts';

const usage = `Checks formatting, lint, types and unused exports, builds, and runs the tests: unit, integration, promises, policies,
end to end.

Usage: npm test [-- [--install] [--only STEP]...]

  --install    install the Debian packages that some tests need, where they are missing: shells, and a node's programs
  --only STEP  only this step; several may be given
  -h, --help   show this

Where no node can run (not Linux, not root, packages missing), the end-to-end tests say so in words and count as nothing.
The last line is: N passed, N failed
`;

const root = join(import.meta.dirname, '..');

interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** What failed and why, a line or two each, where the step does not end with it itself. */
  readonly failures?: readonly string[];
}

/** Each is a package and its program: what completion is tested in. Without one its tests are skipped. */
const shells = ['fish', 'zsh'];

interface Step {
  readonly name: string;
  readonly run: () => Promise<Counts>;
}

const values = readFlags();

const steps: readonly Step[] = [
  { name: 'formatting', run: () => gate(['biome', 'check', '.']) },
  { name: 'lint', run: () => gate(['oxlint', '--type-aware', '--deny-warnings']) },
  { name: 'types', run: () => gate(['tsc']) },
  { name: 'unused', run: () => gate(['knip', '--treat-config-hints-as-errors']) },
  { name: 'build', run: () => gate(['node', 'build.ts']) },
  { name: 'unit', run: () => vitest('unit') },
  { name: 'integration', run: () => vitest('integration') },
  { name: 'promises', run: () => vitest('promises') },
  { name: 'policies', run: () => vitest('policies') },
  {
    name: 'e2e',
    run: () =>
      countedRun(['node', 'test/e2e/run.ts', '--where-possible', ...(values?.install === true ? ['--install'] : [])]),
  },
];

if (values === undefined) process.exitCode = 2;
else process.exitCode = values.help ? help() : await main(values);

interface Flags {
  readonly install: boolean;
  readonly only?: string[];
  readonly help: boolean;
}

/** @returns undefined, and has said why, where they can't be used */
function readFlags(): Flags | undefined {
  try {
    return parseArgs({
      options: {
        install: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}. See npm test -- --help`);
    return undefined;
  }
}

function help(): number {
  console.log(`${usage}\nSteps: ${steps.map(({ name }) => name).join(', ')}`);
  return 0;
}

async function main(flags: Flags): Promise<number> {
  const unknown = flags.only?.filter((name) => !steps.some((step) => step.name === name)) ?? [];
  if (unknown.length > 0) {
    console.error(`There is no step ${unknown.join(', ')}: the steps are ${steps.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  // The end-to-end tests install what they need themselves, as they can be run alone.
  if (flags.install) installDebianPackages(shells.filter((shell) => !isInPath(shell)));
  const results: { name: string; took: string; counts: Counts }[] = [];
  for (const { name, run } of steps.filter((step) => flags.only?.includes(step.name) ?? true)) {
    console.log(`\n== ${name}`);
    const startedAt = performance.now();
    const counts = await run();
    results.push({ name, took: elapsed(startedAt), counts });
  }
  console.log('');
  for (const { name, took, counts } of results) {
    console.log(`${name.padEnd(12)} ${counts.passed} passed, ${counts.failed} failed (${took})`);
  }
  for (const failure of results.flatMap(({ counts }) => counts.failures ?? [])) console.log(`failed: ${failure}`);
  const total = (pick: (counts: Counts) => number) => results.reduce((sum, { counts }) => sum + pick(counts), 0);
  const failed = total((counts) => counts.failed);
  console.log(`${total((counts) => counts.passed)} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** A command that passes or fails as a whole. */
async function gate(command: readonly string[]): Promise<Counts> {
  const { exitCode } = await runCommand(command);
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function vitest(project: string): Promise<Counts> {
  const directory = mkdtempSync(join(tmpdir(), 'pks-test-'));
  const file = join(directory, 'results.json');
  try {
    await runCommand([
      'vitest',
      'run',
      `--project=${project}`,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ]);
    const { secondTries, ...counts } = readResults(file, root);
    for (const test of secondTries) console.log(`passed at the second try only: ${test}`);
    return counts;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A command whose last line says `N passed, N failed`; without one it says in words why nothing was run. */
async function countedRun(command: readonly string[]): Promise<Counts> {
  const { exitCode, output } = await runCommand(command);
  const counted = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  if (counted === null) return { passed: 0, failed: exitCode === 0 ? 0 : 1 };
  const failed = Number(counted[2]);
  return { passed: Number(counted[1]), failed: exitCode === 0 ? failed : Math.max(1, failed) };
}

/** Runs a program of node_modules/.bin, shows what it prints, and keeps its end. */
function runCommand([program = '', ...args]: readonly string[]): Promise<{ exitCode: number | null; output: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ exitCode: number | null; output: string }>();
  const path = [join(root, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    output = (output + text).slice(-10_000);
  });
  child.once('error', reject);
  child.once('close', (exitCode) => resolve({ exitCode, output }));
  return promise;
}
