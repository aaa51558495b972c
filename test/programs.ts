/** The programs that a step runs, and how what they say is counted. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readResults } from './results.ts';
import type { Counts } from './steps.ts';

export const root = join(import.meta.dirname, '..');

/** Where the results of a step are kept until it runs again. */
export function resultsFile(name: string): string {
  return `dist/test-results/${name}.json`;
}

/** A command that passes or fails as a whole. */
export async function gate(command: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Counts> {
  const { exitCode } = await runProgram(command, environment);
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Projects of vitest.config.ts, side by side; a run in which no test passes has failed. */
export async function vitest(
  name: string,
  projects: readonly string[],
  { args = [], environment = {} }: { args?: readonly string[]; environment?: NodeJS.ProcessEnv } = {},
): Promise<Counts> {
  const file = join(root, resultsFile(name));
  rmSync(file, { force: true });
  const { exitCode } = await runProgram(
    [
      'vitest',
      'run',
      ...projects.map((project) => `--project=${project}`),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...args,
    ],
    environment,
  );
  const { secondTries, ...counts } = readResults(file, root);
  for (const test of secondTries) console.log(`passed at the second try only: ${test}`);
  const shares =
    projects.length === 1
      ? []
      : projects.map((project) => {
          const { passed, failed } = readResults(file, root, (test) => projectOf(test) === project);
          return { name: project, passed, failed };
        });
  const why =
    exitCode !== 0
      ? `vitest ended with ${exitCode ?? 'a signal'} although no test failed: something else did, see above`
      : 'no test ran';
  return counts.failed > 0 || (exitCode === 0 && counts.passed > 0)
    ? { ...counts, shares }
    : { ...counts, failed: 1, failures: [`${name}: ${why}`], shares };
}

/** Of those that run on control planes. `file`: from the root of the repository. */
function projectOf(file: string): string {
  return /^test\/(promises|policies|gateway|browser)\//.exec(file)?.[1] ?? 'integration';
}

/** A command whose last line says `N passed, N failed`; without one it says in words why nothing was run. */
export async function countedRun(command: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Counts> {
  const { exitCode, output } = await runProgram(command, environment);
  const counted = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  if (counted === null) return { passed: 0, failed: exitCode === 0 ? 0 : 1 };
  const failed = Number(counted[2]);
  return { passed: Number(counted[1]), failed: exitCode === 0 ? failed : Math.max(1, failed) };
}

/** Runs a program of node_modules/.bin, shows what it prints, and keeps its end. */
export function runProgram(
  [program = '', ...args]: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ exitCode: number | null; output: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ exitCode: number | null; output: string }>();
  const path = [join(root, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...environment, PATH: path },
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
