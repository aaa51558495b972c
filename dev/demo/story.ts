/** The story: a first sync, a member who takes their token and uses it, two who leave and one who joins. Each claim is checked. */
import { reviewTokens } from '../token-review.ts';
import type { Stage } from './stage.ts';
import { asMembers, claim, runUpdater, type StoryOptions, sample, show, untilRefused, whoAmI } from './telling.ts';

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

  const leaver = await asMembers(stage, narrator);

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
