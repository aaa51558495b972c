/** `credentials-updater controller`: looks after the MemberSyncs of a cluster until it is stopped. */
import type { Command } from 'commander';
import { settingDefinitions } from '../config/definitions.ts';
import { controllerGroup } from '../config/fields.ts';
import { readSettings, type Settings } from '../config/settings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { runController } from '../controller/controller.ts';
import { Liveness } from '../controller/liveness.ts';
import { ControllerMetrics } from '../controller/metrics.ts';
import type { MemberSyncObject } from '../controller/object.ts';
import { servePorts } from '../controller/ports.ts';
import type { OpenedSync } from '../controller/surroundings.ts';
import type { Refusal } from '../core/guard.ts';
import type { FencedClient } from '../kube/client.ts';
import { systemClock } from '../lib/clock.ts';
import { exitCodes } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import { Redactor } from '../lib/redact.ts';
import { commandTemplate } from '../lib/shell-command.ts';
import { PoolcSpelling } from '../poolc/spelling.ts';
import { type Environment, type OutputFormat, openLog, outputFormat, userAgent } from './environment.ts';
import {
  type CommandContext,
  type CommandOptions,
  type CommonFlags,
  commonFlags,
  outputOption,
  sourcesOf,
  withClusterFlags,
  withExamples,
  withSettings,
} from './flags.ts';
import { openMemberSync } from './member-sync-by-name.ts';
import { openDelivery } from './open-delivery.ts';
import { openDirectory } from './open-directory.ts';
import { openCluster, syncOptions, syncParts } from './wiring.ts';

const settingsOfController = [
  'POD_NAMESPACE',
  'MINT_CONCURRENCY',
  'RUN_DEADLINE',
  'LOG_LEVEL',
  ...settingDefinitions.filter(({ group }) => group === controllerGroup).map(({ name }) => name),
];

export function addControllerCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('controller')
    .summary('look after the MemberSyncs of a cluster, until stopped')
    .description(
      'Looks after the MemberSyncs of a cluster: removes leavers as soon as the directory says so, renews each token when it is due, repairs accounts that somebody deleted, and writes what it finds into the status of each MemberSync. Several replicas may run: one leads, by a Lease, and the others wait for it. deploy/controller runs it with the rights that it needs.',
    )
    .addOption(outputOption(['text', 'json']))
    .action(async (options: CommandOptions) => {
      end(await controllerCommand(environment, commonFlags(program, options)));
    });
  withSettings(withClusterFlags(command), settingsOfController);
  withExamples(
    command,
    [
      ['In the cluster, as deploy/controller does', 'credentials-updater controller'],
      [
        'On a laptop, to try it',
        'credentials-updater controller --pod-namespace poolc-system --health-port 0 --metrics-port 0',
      ],
    ],
    {
      2: 'bad configuration or usage, or a port that is taken',
      130: 'stopped by Ctrl-C (143: by SIGTERM)',
    },
  );
}

async function controllerCommand(environment: Environment, flags: CommonFlags): Promise<number> {
  const { env, signal } = environment;
  const settings = readSettings(env, sourcesOf(flags));
  const format = outputFormat(environment, flags.output);
  const redactor = new Redactor();
  const log = openLog(environment, settings, format, redactor);
  const metrics = new ControllerMetrics();
  const liveness = new Liveness(systemClock);
  const client = await openCluster(environment, settings, { log, redactor, cluster: flags });
  metrics.requests = () => client.requests;
  const namespace = settings.metadata.namespace;
  try {
    await servePorts(
      { health: settings.healthPort, metrics: settings.metricsPort },
      { stuck: tellOnce(liveness, log), isReady: () => metrics.isReady, metrics: () => metrics.exposition() },
      signal,
    );
    await runController({
      client,
      namespace,
      watchedNamespaces: settings.watchNamespaces.length === 0 ? [namespace] : settings.watchNamespaces,
      host: readSurroundings(env).host,
      leaseSeconds: settings.leaderLease,
      passSeconds: settings.runDeadline,
      timing: { gatherMs: settings.deliveryGather * 1_000, everyMs: settings.deliveryEvery * 1_000 },
      concurrency: settings.syncConcurrency,
      clock: systemClock,
      random: Math.random,
      log,
      metrics,
      liveness,
      open: (object, fenced, openSignal) => openObject({ environment, flags, format }, object, fenced, openSignal),
      signal,
    });
    signal.throwIfAborted();
    return exitCodes.done;
  } finally {
    client.close();
  }
}

/** The kubelet restarts what is stuck, and keeps nothing of what it was told: the log says why. */
function tellOnce(liveness: Liveness, log: Log): () => string | undefined {
  let isTold = false;
  return () => {
    const stuck = liveness.stuck();
    if (stuck !== undefined && !isTold) log.warn(`/healthz says that this controller is to be restarted: ${stuck}`);
    isTold = stuck !== undefined;
    return stuck;
  };
}

/** A MemberSync of the cluster with all that its sync needs. @throws Failure (usage) for what can't be used */
async function openObject(
  { environment, flags, format }: { environment: Environment; flags: CommonFlags; format: OutputFormat },
  object: MemberSyncObject,
  client: FencedClient,
  signal: AbortSignal,
): Promise<OpenedSync> {
  const opened = await openMemberSync(client, object, signal);
  const { memberSync } = opened;
  const settings: Settings = readSettings(environment.env, { ...sourcesOf(flags), object: opened });
  // Of one pass: what it delivers is forgotten with it.
  const redactor = new Redactor();
  const log = openLog(environment, settings, format, redactor);
  const spelling = new PoolcSpelling();
  const directory = openDirectory(environment, settings, redactor, spelling);
  const target = { client, namespace: settings.accounts.namespace };
  // It watches the very cluster that the MemberSync is in, so that no other can be meant.
  const situation = { inPod: true, loopbackDirectory: directory.isLocal, firstRunConfirmed: false };
  return {
    wanted: memberSync,
    operators: {
      channels: settings.channels,
      userAgent,
      proxyEnv: readSurroundings(environment.env).proxies,
      cluster: (settings.cluster.server ?? client.access.server).host,
    },
    context: {
      ...syncParts(settings, directory, { target, log, redactor }),
      delivery: openDelivery(environment, settings, { target, log, redactor, spelling }),
      options: {
        ...syncOptions(settings, situation),
        agreedPlan: undefined,
        whatAllows: (refusals) => whatAllows(client, memberSync.metadata, refusals),
      },
      onIssued: () => undefined,
    },
  };
}

/** An annotation for each of the limits; nothing allows an empty directory. */
function whatAllows(
  { access }: FencedClient,
  { namespace, name }: { namespace: string; name: string },
  refusals: readonly Refusal[],
): string {
  const kubectl = commandTemplate(access.kubectl);
  const commands = refusals.flatMap(({ allowance }) => {
    if (typeof allowance !== 'object') return [];
    const what = allowance.setting === 'ALLOW_REMOVALS' ? 'removals' : 'additions';
    const mark = `credentials-updater.poolc.org/allow-${what}=${allowance.value}`;
    return [`\`${kubectl`-n ${namespace} annotate --overwrite membersync ${name} ${mark}`}\``];
  });
  const look = 'look at the directory first';
  if (commands.length === 0) return `${look}: nothing allows this`;
  return `${look}; if it is right, allow exactly this once with ${commands.join(' and ')}`;
}
