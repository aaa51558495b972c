/** What the stories have in common: claims that are checked, members who look around, and the program as operators run it. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../../src/lib/duration.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';
import { lifetimeOf, type Visitor } from './visitor.ts';

export const program = new URL('../../src/main.ts', import.meta.url).pathname;
export const whoAmI = ['auth', 'whoami', '-o', 'jsonpath={..username}'];
/** The API server remembers for 10 s that a token was good. */
const rejectionTimeoutMs = 30_000;

/** Something that the story says did not happen. */
export class BrokenPromiseError extends Error {}

export interface StoryOptions {
  readonly narrator: Narrator;
  /** Aborted when somebody asks the demo to end. */
  readonly signal: AbortSignal;
}

export function claim(isTrue: boolean, promise: string): void {
  if (!isTrue) throw new BrokenPromiseError(`it is not so that ${promise}`);
}

/** Waits until it holds. @throws BrokenPromiseError after that many seconds; the signal's reason */
export async function comesTrue(
  promise: string,
  holds: () => Promise<boolean>,
  { seconds, signal }: { seconds: number; signal: AbortSignal },
): Promise<void> {
  const giveUpAt = performance.now() + seconds * 1_000;
  while (!(await holds())) {
    claim(performance.now() < giveUpAt, `${promise} within ${seconds} s`);
    await sleep(250, undefined, { signal });
  }
}

export async function show({ kubectl }: Visitor, narrator: Narrator, args: string[]): ReturnType<Visitor['kubectl']> {
  const result = await kubectl(...args);
  narrator.command(`kubectl ${args.join(' ')}`);
  narrator.output(`${result.stdout}${result.stderr}`);
  return result;
}

/** One who will leave takes their token and uses it, and one who stays. @returns the first */
export async function asMembers(
  { roles, visit }: Pick<Stage, 'roles' | 'visit'>,
  narrator: Narrator,
): Promise<Visitor> {
  narrator.chapter('As a member');
  const leaver = await visit(roles.leaver);
  const lifetime = formatDuration(lifetimeOf(leaver.token).seconds);
  narrator.say(`${leaver.loginId} ${leaver.cameBy}: ${leaver.token.length} characters, good for ${lifetime}.`);
  claim((await show(leaver, narrator, whoAmI)).exitCode === 0, `the token of ${leaver.loginId} works`);
  const stayer = await visit(roles.stayer);
  narrator.say(`${stayer.loginId} does the same, and looks around.`);
  claim((await show(stayer, narrator, whoAmI)).exitCode === 0, `the token of ${stayer.loginId} works`);
  claim((await show(stayer, narrator, ['get', 'namespaces'])).exitCode === 0, 'a member may list namespaces');
  return leaver;
}

/** @returns what kubectl then prints */
export async function untilRefused({ kubectl, loginId }: Visitor, signal: AbortSignal): Promise<string> {
  const giveUpAt = performance.now() + rejectionTimeoutMs;
  for (;;) {
    const { exitCode, stderr } = await kubectl('get', 'namespaces');
    if (exitCode !== 0 && /Unauthorized/.test(stderr)) return stderr;
    claim(performance.now() < giveUpAt, `${loginId}, a leaver, is out within 30 s`);
    await sleep(250, undefined, { signal });
  }
}

/** Some of the more awkward ones. */
export function sample(loginIds: readonly (string | null)[]): string {
  const shown = loginIds.slice(0, 11).map((loginId) => loginId ?? '(none)');
  return [...new Set(shown.map((loginId) => loginId.normalize()))].join('  ');
}

export interface ProgramSurroundings {
  readonly directory: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Runs `credentials-updater` to its end. */
export async function runProgram(
  args: readonly string[],
  { directory, settings, signal }: ProgramSurroundings,
): Promise<{ exitCode: number | null; printed: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.once('error', reject);
  child.once('close', resolve);
  return { exitCode: await promise, printed };
}

/** Runs the updater as an operator would, with what it prints as the audience would see it. */
export async function runUpdater(
  { settings, cluster }: Pick<Stage, 'settings' | 'cluster'>,
  command: readonly string[],
  { narrator, signal }: StoryOptions,
): Promise<void> {
  signal.throwIfAborted();
  narrator.command(['credentials-updater', ...command].join(' '));
  const { exitCode, printed } = await runProgram([...command, '--output', 'text'], {
    directory: cluster.directory,
    settings,
    signal,
  });
  narrator.output(printed);
  claim(exitCode === 0, `${command[0]} exits with 0, not ${exitCode}`);
}
