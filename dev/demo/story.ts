/** The story: a first sync, a member who takes their token and uses it, two who leave and one who joins. Each claim is checked. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../../src/lib/duration.ts';
import { reviewTokens } from '../token-review.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';
import { lifetimeOf, type Visitor } from './visitor.ts';

const whoAmI = ['auth', 'whoami', '-o', 'jsonpath={..username}'];
const program = new URL('../../src/main.ts', import.meta.url).pathname;
/** The API server remembers for 10 s that a token was good. */
const rejectionTimeoutMs = 30_000;

/** Something that the story says did not happen. */
export class BrokenPromiseError extends Error {}

export interface StoryOptions {
  readonly narrator: Narrator;
  /** Aborted when somebody asks the demo to end. */
  readonly signal: AbortSignal;
}

/** @throws BrokenPromiseError; the signal's reason */
export async function tellStory(stage: Stage, options: StoryOptions): Promise<void> {
  const { cluster, roles } = stage;
  const { narrator, signal } = options;
  await using reviewer = reviewTokens(cluster);

  narrator.chapter('A first sync');
  const { memberCount } = stage;
  narrator.say(
    `${stage.introduction} ${memberCount} members, and no account on the cluster yet. Some of their login ids:`,
  );
  narrator.output(sample(stage.logins));
  await sync(stage, stage.flags.first, options);
  const firstTokens = await stage.tokens();
  const users = await Promise.all([...firstTokens.values()].map(reviewer.whoIs));
  claim(
    new Set(users).size === memberCount && !users.includes(undefined),
    'every member has a token of their own that works',
  );
  narrator.fact(`The API server knows each of the ${memberCount} tokens as another ServiceAccount.`);

  narrator.chapter('As a member');
  const leaver = await stage.visit(roles.leaver);
  const lifetime = formatDuration(lifetimeOf(leaver.token).seconds);
  narrator.say(`${leaver.loginId} ${leaver.cameBy}: ${leaver.token.length} characters, good for ${lifetime}.`);
  claim((await show(leaver, narrator, whoAmI)).exitCode === 0, `the token of ${leaver.loginId} works`);
  const stayer = await stage.visit(roles.stayer);
  narrator.say(`${stayer.loginId} does the same, and looks around.`);
  claim((await show(stayer, narrator, whoAmI)).exitCode === 0, `the token of ${stayer.loginId} works`);
  claim((await show(stayer, narrator, ['get', 'namespaces'])).exitCode === 0, 'a member may list namespaces');

  signal.throwIfAborted();
  narrator.chapter('Two leave, one joins');
  const gone = [await stage.leave(roles.leaver), await stage.leave(roles.otherLeaver)];
  await stage.join(roles.joiner);
  narrator.say(`${roles.leaver} and ${roles.otherLeaver} leave the club, ${roles.joiner} joins it. The next sync:`);
  await sync(stage, stage.flags.later, options);
  const arrived = await stage.visit(roles.joiner);
  claim((await show(arrived, narrator, whoAmI)).exitCode === 0, 'the new member has a token that works');

  narrator.say(`And ${leaver.loginId}? The API server remembers for about 10 seconds that a token was good; then:`);
  const refused = await untilRefused(leaver, signal);
  narrator.command('kubectl get namespaces');
  narrator.output(refused);
  const others = [...firstTokens].filter(([member]) => !gone.includes(member));
  const stillWork = await Promise.all(others.map(([, token]) => reviewer.whoIs(token)));
  claim(
    others.length === memberCount - gone.length && !stillWork.includes(undefined),
    "everyone else's token from the first sync still works",
  );
  narrator.fact(
    `Everyone else noticed nothing: ${others.length} of ${others.length} tokens from the first sync still work, next to the new ones.`,
  );
}

async function sync({ settings, cluster }: Stage, flags: readonly string[], options: StoryOptions): Promise<void> {
  await runUpdater({ settings, cluster }, ['sync', ...flags], options);
}

/** Runs the updater as an operator would, with what it prints as the audience would see it. */
export async function runUpdater(
  { settings, cluster }: Pick<Stage, 'settings' | 'cluster'>,
  command: readonly string[],
  { narrator, signal }: StoryOptions,
): Promise<void> {
  signal.throwIfAborted();
  narrator.command(['credentials-updater', ...command].join(' '));
  const child = spawn(process.execPath, [program, ...command, '--output', 'text'], {
    cwd: cluster.directory,
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
  const exitCode = await promise;
  narrator.output(printed);
  claim(exitCode === 0, `${command[0]} exits with 0, not ${exitCode}`);
}

async function show({ kubectl }: Visitor, narrator: Narrator, args: string[]): ReturnType<Visitor['kubectl']> {
  const result = await kubectl(...args);
  narrator.command(`kubectl ${args.join(' ')}`);
  narrator.output(`${result.stdout}${result.stderr}`);
  return result;
}

/** @returns what kubectl then prints */
async function untilRefused({ kubectl, loginId }: Visitor, signal: AbortSignal): Promise<string> {
  const giveUpAt = performance.now() + rejectionTimeoutMs;
  for (;;) {
    const { exitCode, stderr } = await kubectl('get', 'namespaces');
    if (exitCode !== 0 && /Unauthorized/.test(stderr)) return stderr;
    claim(performance.now() < giveUpAt, `${loginId}, a leaver, is out within 30 s`);
    await sleep(250, undefined, { signal });
  }
}

/** Some of the more awkward ones. */
function sample(loginIds: readonly (string | null)[]): string {
  const shown = loginIds.slice(0, 11).map((loginId) => loginId ?? '(none)');
  return [...new Set(shown.map((loginId) => loginId.normalize()))].join('  ');
}

export function claim(isTrue: boolean, promise: string): void {
  if (!isTrue) throw new BrokenPromiseError(`it is not so that ${promise}`);
}
