/** The story of the controller: a MemberSync becomes Ready, its list is edited, and once it is edited badly. Each claim is checked. */
import { fileURLToPath } from 'node:url';
import { condition, ready } from '../controller/status.ts';
import { elapsed } from '../elapsed.ts';
import { reviewTokens, type TokenReviewer } from '../token-review.ts';
import { type ControllerStage, firstPeople, listFile, syncFile, syncName } from './controller-club.ts';
import { inTwoRows } from './narrator.ts';
import { systemNamespace } from './stage.ts';
import {
  asMembers,
  claim,
  comesTrue,
  runProgram,
  type StoryOptions,
  sample,
  show,
  untilRefused,
  whoAmI,
} from './telling.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const inSystem = ['-n', systemNamespace];
const wait = ['wait', '--for=condition=Ready', `msync/${syncName}`, ...inSystem, '--timeout=90s'];
const look = ['get', 'msync', ...inSystem];

/** @throws BrokenPromiseError; the signal's reason */
export async function tellControllerStory(stage: ControllerStage, options: StoryOptions): Promise<void> {
  const { cluster, roles } = stage;
  const { narrator, signal } = options;
  await using reviewer = reviewTokens(cluster);
  const people = firstPeople();

  narrator.chapter('A MemberSync becomes Ready');
  narrator.say(
    'The cluster has no account of a member yet. First the controller is installed, which does nothing by itself.',
  );
  await administrate(stage, options, ['apply', '-k', 'deploy/controller'], { in: repository });
  narrator.say(
    'This cluster has no node for its pods, so the same program runs beside it, with the token of its account and no other right.',
  );
  narrator.command('credentials-updater controller');
  narrator.output('(it keeps running)');
  await stage.startController();
  stage.writeList(people);
  narrator.say(`The list of ${people.size} members is a CSV file. Some of their logins:`);
  narrator.output(sample([...people]));
  await publishList(stage, options);
  narrator.say(`${syncFile} says what becomes of it:`);
  narrator.copyable(stage.document.trimEnd().split('\n'));
  narrator.output('');
  await giveRights(stage, options);
  await administrate(stage, options, ['apply', '-f', syncFile]);
  await administrate(stage, options, wait);
  await lookAtSync(stage, options);
  const firstTokens = await stage.tokens();
  const users = await Promise.all([...firstTokens.values()].map(reviewer.whoIs));
  claim(
    new Set(users).size === people.size && !users.includes(undefined),
    'every member has a token of their own that works',
  );
  narrator.fact(`The API server knows each of the ${people.size} tokens as another ServiceAccount.`);

  signal.throwIfAborted();
  const leaver = await asMembers(stage, narrator);

  signal.throwIfAborted();
  narrator.chapter('The list is edited');
  people.delete(roles.leaver);
  people.delete(roles.otherLeaver);
  people.add(roles.joiner);
  narrator.say(`${roles.leaver} and ${roles.otherLeaver} leave, ${roles.joiner} joins:`);
  narrator.output(stage.writeList(people));
  const editedAt = performance.now();
  await publishList(stage, options);
  narrator.say('Nobody runs anything else: the controller watches the list.');
  await comesTrue('the new member has a token', async () => (await stage.tokens()).has(roles.joiner), {
    seconds: 60,
    signal,
  });
  const tokenAfter = elapsed(editedAt);
  const refused = await untilRefused(leaver, signal);
  const refusedAfter = elapsed(editedAt);
  const arrived = await stage.visit(roles.joiner);
  narrator.say(`${roles.joiner} has a token ${tokenAfter} after the edit:`);
  claim((await show(arrived, narrator, whoAmI)).exitCode === 0, 'the new member has a token that works');
  narrator.say(
    `${leaver.loginId} is out ${refusedAfter} after it. The API server remembers for about 10 seconds that a token was good:`,
  );
  narrator.command('kubectl get namespaces');
  narrator.output(refused);
  await lookAtSync(stage, options);
  const stayed = [...firstTokens].filter(([account]) => people.has(account));
  const now = await stage.tokens();
  claim(
    stayed.length === people.size - 1 && stayed.every(([account, token]) => now.get(account) === token),
    'nobody else got another token',
  );
  await claimAllWork(reviewer, stayed, "everyone else's token still works");
  narrator.fact(`Everyone else noticed nothing: ${stayed.length} of ${stayed.length} tokens are the same, and work.`);

  signal.throwIfAborted();
  narrator.chapter('A list that can not be right');
  const tokens = [...(await stage.tokens())];
  const truncated = [...people].slice(0, 10);
  stage.writeList(truncated);
  narrator.say(`An export fails in the middle: ${listFile} ends after ${truncated.length} of ${people.size} members.`);
  await publishList(stage, options);
  const trusted = async () => condition(await stage.status(), 'DirectoryTrusted');
  await comesTrue('the list is refused', async () => (await trusted())?.reason === 'RefusedByGuard', {
    seconds: 60,
    signal,
  });
  await lookAtSync(stage, options);
  narrator.say('The condition DirectoryTrusted says why, and what to do:');
  narrator.output((await trusted())?.message ?? '');
  await claimAllWork(reviewer, tokens, 'everyone keeps their access while the list is refused');
  narrator.fact(`Nothing was changed: ${tokens.length} of ${tokens.length} tokens work.`);
  stage.writeList(people);
  narrator.say('The whole list again:');
  await publishList(stage, options);
  // The condition is still that of the refusal until the controller has looked.
  await comesTrue('the whole list is followed', async () => ready(await stage.status())?.status === 'True', {
    seconds: 60,
    signal,
  });
  await administrate(stage, options, wait);
}

async function claimAllWork(
  { whoIs }: TokenReviewer,
  tokens: readonly (readonly [string, string])[],
  promise: string,
): Promise<void> {
  const users = await Promise.all(tokens.map(([, token]) => whoIs(token)));
  claim(tokens.length > 0 && !users.includes(undefined), promise);
}

/** The list as the ConfigMap that the MemberSync names. */
async function publishList(stage: ControllerStage, options: StoryOptions): Promise<void> {
  const create = [
    'create',
    'configmap',
    'members',
    `--from-file=${listFile}`,
    ...inSystem,
    '--dry-run=client',
    '-o',
    'yaml',
  ];
  const { stdout, stderr, exitCode } = await stage.cluster.kubectl(create, {
    workingDirectory: stage.cluster.directory,
  });
  claim(exitCode === 0, `the list becomes a ConfigMap: ${stderr}`);
  await applyPiped(stage, options, ['kubectl', ...create].join(' '), stdout);
}

/** Exactly those that this MemberSync needs. */
async function giveRights(stage: ControllerStage, options: StoryOptions): Promise<void> {
  const rbac = ['rbac', '-f', syncFile, '--controller'];
  const { exitCode, printed } = await runProgram(rbac, {
    directory: stage.cluster.directory,
    settings: {},
    signal: options.signal,
  });
  claim(exitCode === 0, `the rights are printed: ${printed}`);
  await applyPiped(stage, options, ['credentials-updater', ...rbac].join(' '), printed);
}

async function applyPiped(
  { cluster }: ControllerStage,
  { narrator, signal }: StoryOptions,
  first: string,
  input: string,
): Promise<void> {
  signal.throwIfAborted();
  narrator.command(`${first} | kubectl apply -f -`);
  const { stdout, stderr, exitCode } = await cluster.kubectl(['apply', '-f', '-'], { input });
  narrator.output(withoutGroups(`${stdout}${stderr}`));
  claim(exitCode === 0, 'kubectl apply succeeds');
}

/** kubectl, as the cluster's administrator, with what it prints. */
async function administrate(
  { cluster }: ControllerStage,
  { narrator, signal }: StoryOptions,
  args: readonly string[],
  { in: workingDirectory = cluster.directory, print = withoutGroups } = {},
): Promise<void> {
  signal.throwIfAborted();
  narrator.command(['kubectl', ...args].join(' '));
  const { stdout, stderr, exitCode } = await cluster.kubectl(args, { workingDirectory });
  narrator.output(print(`${stdout}${stderr}`));
  claim(exitCode === 0, `kubectl ${args[0]} succeeds`);
}

/** `role.rbac.authorization.k8s.io/…` as `role/…`, which leaves room for the name. */
function withoutGroups(printed: string): string {
  return printed.replaceAll(/^([a-z]+)\.[a-z0-9.-]+\//gm, '$1/');
}

function lookAtSync(stage: ControllerStage, options: StoryOptions): Promise<void> {
  return administrate(stage, options, look, { print: inTwoRows });
}
