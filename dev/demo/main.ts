/** `npm run demo`: the whole system doing its job, as a story. */
import { once } from 'node:events';
import { shellCommand } from '../../src/lib/shell-command.ts';
import { BinariesMissingError } from '../control-plane/index.ts';
import { elapsed } from '../elapsed.ts';
import { readFlags } from '../flags.ts';
import { setControllerStage } from './controller-club.ts';
import { tellControllerStory } from './controller-story.ts';
import { setGatewayStage } from './gateway-club.ts';
import { tellGatewayStory } from './gateway-story.ts';
import { setLabStage } from './lab-club.ts';
import { type Narrator, narrateOn } from './narrator.ts';
import { setPoolcStage } from './poolc-club.ts';
import { type DirectoryKind, directoryKinds, type Stage, usersNamespace } from './stage.ts';
import { tellStory } from './story.ts';
import { BrokenPromiseError, type StoryOptions } from './telling.ts';

const USAGE = `Shows the credentials updater at work on a real Kubernetes API server and a real PoolC API server, or another directory.

Usage: npm run demo -- [--directory KIND | --controller] [--keep] [--help]
       npm run demo -- --gateway

  --directory KIND  who is a member: ${directoryKinds.join(', ')} (poolc)
  --controller      the controller instead of single runs: a list in a ConfigMap is edited, and the cluster follows
  --gateway         another story: members log in once for each device, at a gateway
  --keep            leave everything running afterwards, to look around in, until Ctrl-C
  -h, --help        show this

Kubernetes' programs come from the cache; the first time they are downloaded or built, which may take minutes.
`;

const introductionWith = (directory: string) =>
  `The members of a club and their credentials on its Kubernetes cluster, kept equal. Everything here runs on this machine alone: the API server, kubectl, ${directory}, and the updater, with the rights that it needs and no others.`;

const playedBy: Readonly<Record<DirectoryKind, string>> = {
  poolc: "the club's API server",
  file: 'a CSV file',
  ldap: 'an LDAP server',
  github: 'a look-alike of GitHub',
};

const suggestions = [
  'npm run demo -- --keep     the same, and everything stays up to look around',
  'npm run demo -- --directory ldap   without PoolC (or file, or github)',
  'npm run demo -- --controller       the controller: edit a list',
  'npm run demo -- --gateway  log in once for each device, and lose one',
  'npm test                   the tests, on the same real parts',
  'npm start -- sync --help   the command and its settings',
  'npm run poolc-api          the PoolC API server alone, with its page',
  'docs/commands.md           every command, every setting',
];

const gatewayIntroduction =
  'Members log in once for each device, and one device can be shut out. Everything here runs on this machine alone: the API server, kubectl, a login provider (OpenID Connect), the gateway, and the program that members have.';
const gatewayMembers = ['kim-minjun', 'lee-seoyeon', 'park-jiwoo', 'choi-haeun', 'jung-doyun'];
const gatewaySuggestions = [
  'npm run demo               the same club with a token that is delivered',
  'docs/gateway.md            how to run a gateway',
  'docs/members.md            what members need',
];

/** What is played, and with whom. */
interface Scene {
  readonly introduction: string;
  readonly suggestions: readonly string[];
  readonly set: (onProgress: (line: string) => void) => Promise<SetScene>;
}

interface SetScene {
  readonly stage: AsyncDisposable;
  readonly tell: (options: StoryOptions) => Promise<void>;
  /** What --keep leaves up, where it can be left up. */
  readonly lookAround?: (narrator: Narrator) => void;
}

const controllerScene: Scene = {
  introduction: introductionWith('a list in a ConfigMap'),
  suggestions,
  set: async (onProgress) => {
    const stage = await setControllerStage(onProgress);
    return { stage, tell: (options) => tellControllerStory(stage, options), lookAround: stage.lookAround };
  },
};

const gatewayScene: Scene = {
  introduction: gatewayIntroduction,
  suggestions: gatewaySuggestions,
  set: async (onProgress) => {
    const stage = await setGatewayStage(gatewayMembers, onProgress);
    return { stage, tell: (options) => tellGatewayStory(stage, options) };
  },
};

const sceneWith = (directory: DirectoryKind): Scene => ({
  introduction: introductionWith(playedBy[directory]),
  suggestions,
  set: async (onProgress) => {
    const stage =
      directory === 'poolc' ? await setPoolcStage(memberCount, onProgress) : await setLabStage(directory, onProgress);
    return {
      stage,
      tell: (options) => tellStory(stage, options),
      lookAround: (narrator) => describeStage(stage, narrator),
    };
  },
});

const memberCount = 40;
const interrupted = 130;

process.exitCode = await main();

async function main(): Promise<number> {
  const flags = readFlags({
    keep: { type: 'boolean', default: false },
    directory: { type: 'string' },
    controller: { type: 'boolean', default: false },
    gateway: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (typeof flags === 'string') {
    console.error(`${flags}; \`npm run demo -- --help\` lists the flags`);
    return 2;
  }
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  if (flags.gateway && (flags.keep || flags.controller || flags.directory !== undefined)) {
    console.error('--gateway is a story of its own: leave out --keep, --controller and --directory');
    return 2;
  }
  if (flags.controller && flags.directory !== undefined) {
    console.error(
      "--directory and --controller exclude each other: the controller's list is a ConfigMap; see `npm run demo -- --help`",
    );
    return 2;
  }
  const { directory: asked = 'poolc' } = flags;
  const directory = directoryKinds.find((kind) => kind === asked);
  if (directory === undefined) {
    console.error(`--directory is ${directoryKinds.join(', ')}, not '${asked}'; see \`npm run demo -- --help\``);
    return 2;
  }
  const stopped = new AbortController();
  const startedAt = performance.now();
  try {
    const scene = flags.gateway ? gatewayScene : flags.controller ? controllerScene : sceneWith(directory);
    await play(scene, { keep: flags.keep }, stopped);
    console.log(`That took ${elapsed(startedAt)}, and nothing of it is left.`);
    return 0;
  } catch (error) {
    if (stopped.signal.aborted) return interrupted;
    if (!(error instanceof Error)) throw error;
    const isExpected = error instanceof BinariesMissingError || error instanceof BrokenPromiseError;
    console.error(isExpected ? error.message : `The demo could not go on: ${error.message}`);
    return 1;
  }
}

async function play(scene: Scene, { keep }: { keep: boolean }, stopped: AbortController): Promise<void> {
  const narrator = narrateOn(process.stdout);
  narrator.say(scene.introduction);
  const { stage, tell, lookAround } = await scene.set((line) => narrator.progress(line));
  await using _ = stage;
  // Only now: until the stage is set, a signal ends this process at once, and the control plane cleans up behind it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.abort());
  await tell({ narrator, signal: stopped.signal });
  narrator.chapter('What to try next');
  if (!keep || lookAround === undefined) {
    narrator.copyable(scene.suggestions);
    return;
  }
  lookAround(narrator);
  narrator.say('Ctrl-C stops everything and removes it.');
  // Listeners alone don't keep a process up.
  const awake = setInterval(() => {}, 60_000);
  if (!stopped.signal.aborted) await once(stopped.signal, 'abort');
  clearInterval(awake);
}

function describeStage(stage: Stage, narrator: Narrator): void {
  const { cluster, settings, flags } = stage;
  stage.lookAround(narrator);
  narrator.say("In another terminal, as the cluster's administrator:");
  narrator.copyable([
    `export KUBECONFIG=${cluster.kubeconfig}`,
    `alias kubectl=${cluster.kubectlPath}   # if you have none`,
    `kubectl get serviceaccounts -n ${usersNamespace}`,
  ]);
  narrator.say('Or as the updater:');
  narrator.copyable([
    ...Object.entries(settings).map(([name, value]) => `export ${shellCommand([`${name}=${value}`])}`),
    ...['plan', 'sync'].map((command) => ['npm start --', command, ...flags.later].join(' ')),
  ]);
}
