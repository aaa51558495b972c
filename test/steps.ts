/** Checks one after the other: which of how many, how long it usually takes, what it came to, what it leaves behind. */
import { elapsed } from '../dev/elapsed.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** What failed and why, a line or two each, where the step does not end with it itself. */
  readonly failures?: readonly string[];
  /** What is worth a number, and is neither passed nor failed. */
  readonly others?: Readonly<Record<string, number>>;
  /** The same counts by what ran side by side in this step. */
  readonly shares?: readonly { readonly name: string; readonly passed: number; readonly failed: number }[];
}

export interface Step {
  readonly name: string;
  /** On two cores, with the programs in the cache, e.g. `40 s`. */
  readonly usually: string;
  /** What there is to look at, or to clean up, when it has failed. */
  readonly leaves: string;
  readonly run: () => Promise<Counts>;
}

export interface Result {
  readonly name: string;
  readonly took: string;
  readonly counts: Counts;
}

/** Runs all of them, also after one has failed. Ends with the line `N passed, N failed`. */
export async function runSteps(steps: readonly Step[], say: (line: string) => void = console.log): Promise<Result[]> {
  const results: Result[] = [];
  for (const [index, { name, usually, leaves, run }] of steps.entries()) {
    say(`\n== ${index + 1} of ${steps.length}: ${name} (usually ${usually})`);
    const startedAt = performance.now();
    const counts = await run();
    results.push({ name, took: elapsed(startedAt), counts });
    if (counts.failed > 0) say(`\n${name} failed. What is left behind: ${leaves}`);
  }
  say('');
  const width = Math.max(...steps.map(({ name }) => name.length));
  for (const { name, took, counts } of results) {
    say(`${name.padEnd(width)} ${inWords(counts)} (${took})`);
    for (const share of counts.shares ?? []) say(`  ${share.name.padEnd(width - 2)} ${inWords(share)}`);
  }
  for (const failure of results.flatMap(({ counts }) => counts.failures ?? [])) say(`failed: ${failure}`);
  const total = (pick: (counts: Counts) => number) => results.reduce((sum, { counts }) => sum + pick(counts), 0);
  say(inWords({ passed: total(({ passed }) => passed), failed: total(({ failed }) => failed) }));
  return results;
}

export function allPassed(results: readonly Result[]): boolean {
  return results.every(({ counts }) => counts.failed === 0);
}

function inWords({ passed, failed, others = {} }: Pick<Counts, 'passed' | 'failed' | 'others'>): string {
  const all = [[passed, 'passed'], [failed, 'failed'], ...Object.entries(others).map(([what, count]) => [count, what])];
  return all.map(([count, what]) => `${count} ${what}`).join(', ');
}
