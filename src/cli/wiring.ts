/** Settings and the operating system become what a sync, a run or an operator's action is given: by hand, in one place. */
import { isatty } from 'node:tty';
import { spellingFor } from '../config/definitions.ts';
import type { Settings } from '../config/settings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import type { GuardSituation } from '../core/guard.ts';
import type { PlanDocument } from '../core/plan-file.ts';
import type { Directory } from '../directories/directory.ts';
import { openTokenIssuer } from '../issuers/token.ts';
import type { MintRequest } from '../issuers/token-request.ts';
import { type ClusterClient, type ClusterHints, openClient } from '../kube/client.ts';
import { type ClusterAccess, loadClusterAccess } from '../kube/kubeconfig.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { Redactor } from '../lib/redact.ts';
import { commandTemplate } from '../lib/shell-command.ts';
import { hideAddresses } from '../notify/channels.ts';
import { PoolcSpelling } from '../poolc/spelling.ts';
import { deployCommand } from '../registry/deploy-command.ts';
import type { RegistryPlace } from '../registry/place.ts';
import type { LockedContext, LockSettings, OnceContext } from '../run/context.ts';
import type { SyncContext, Target } from '../sync/context.ts';
import type { PlanJudgement } from '../sync/make-plan.ts';
import { commandLineOf } from './command-line.ts';
import { type Environment, nameCluster, type OutputFormat, openLog, userAgent } from './environment.ts';
import type { CommonFlags } from './flags.ts';
import { openDelivery } from './open-delivery.ts';
import { openDirectory } from './open-directory.ts';
import { noProgress, terminalProgress } from './progress.ts';
import { whatAllows } from './what-allows.ts';

export interface ClusterOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** What a command says things with, and the way to the cluster. */
export interface Connection {
  readonly log: Log;
  readonly redactor: Redactor;
  readonly cluster: ClusterOptions;
}

export interface OnceOptions {
  readonly format: OutputFormat;
  readonly firstRun: boolean;
  readonly agreedPlan?: AgreedPlan | undefined;
  readonly flags: CommonFlags;
}

/** The plan that was agreed to (`--plan`). */
export interface AgreedPlan {
  readonly document: PlanDocument;
  /** As it was given. */
  readonly file: string;
}

/** Everything a run needs. @throws Failure (usage) before anything was sent */
export async function openOnce(
  environment: Environment,
  settings: Settings,
  { format, firstRun, agreedPlan, flags }: OnceOptions,
): Promise<OnceContext> {
  const { env, stderr, signal } = environment;
  const surroundings = readSurroundings(env);
  const redactor = new Redactor();
  hideAddresses(settings.channels, redactor);
  const log = openLog(environment, settings, format, redactor);
  const spelling = new PoolcSpelling();
  const directory = openDirectory(environment, settings, redactor, spelling);
  const target = await openTarget(environment, settings, { log, redactor, cluster: flags });
  const { access } = target.client;
  nameCluster(environment, access);
  const commandLine = commandLineOf(environment, flags, access);
  const refusedRun = { settings, directory, commandLine, planFile: agreedPlan?.file, firstRun };
  const progress = format === 'text' && stderr.isTTY ? terminalProgress(stderr, 'minting') : noProgress;
  const sync: SyncContext = {
    ...syncParts(settings, directory, { target, log, redactor }),
    delivery: openDelivery(environment, settings, { target, log, redactor, spelling }),
    options: {
      ...syncOptions(settings, situationOf(settings, directory, firstRun)),
      agreedPlan: agreedPlan?.document,
      whatAllows: (refusals) => whatAllows(refusedRun, refusals),
    },
    onIssued: progress.show,
  };
  return {
    sync,
    lock: lockOf(settings),
    host: surroundings.host,
    job: surroundings.job,
    deadlineSeconds: settings.runDeadline,
    schedule: settings.schedule,
    tokenLifetimeSeconds: settings.token.lifetime,
    terminationMessagePath: settings.terminationMessagePath,
    notifications: {
      channels: settings.channels,
      userAgent,
      proxyEnv: surroundings.proxies,
      cluster: (settings.cluster.server ?? target.client.access.server).host,
    },
    onIssuingEnded: progress.end,
    signal,
  };
}

/** What a sync is given, whoever runs it. */
export function syncParts(
  settings: Settings,
  directory: Directory,
  { target, log, redactor }: Pick<SyncContext, 'target' | 'log' | 'redactor'>,
) {
  return {
    directory,
    target,
    registry: registryOf(settings),
    openIssuer: ({ client }: Target, signal: AbortSignal) => openTokenIssuer(client, mintRequest(settings), signal),
    clock: systemClock,
    random: Math.random,
    log,
    redactor,
  };
}

export function syncOptions(settings: Settings, situation: GuardSituation) {
  return {
    guard: settings.guard,
    situation,
    removalPolicy: settings.removalPolicy,
    workspace: settings.workspace,
    maxUndelivered: settings.maxUndelivered,
    accountConcurrency: settings.accountConcurrency,
    issueConcurrency: settings.mintConcurrency,
  };
}

/** What a change by hand happens with. */
export async function openLocked(
  environment: Environment,
  settings: Settings,
  { log, redactor, flags }: Omit<Connection, 'cluster'> & { readonly flags: CommonFlags },
): Promise<LockedContext> {
  const target = await openTarget(environment, settings, { log, redactor, cluster: flags });
  const { access } = target.client;
  nameCluster(environment, access);
  return {
    target,
    registry: registryOf(settings),
    lock: lockOf(settings),
    host: readSurroundings(environment.env).host,
    clock: systemClock,
    random: Math.random,
    log,
    signal: environment.signal,
    commandLine: commandLineOf(environment, flags, access),
  };
}

export async function openTarget(
  environment: Environment,
  settings: Settings,
  connection: Connection,
): Promise<Target> {
  return { client: await openCluster(environment, settings, connection), namespace: settings.accounts.namespace };
}

function hintsFor(access: ClusterAccess, settings: Settings): ClusterHints {
  const kubectl = commandTemplate(access.kubectl);
  if (settings.file !== undefined)
    return {
      forbidden:
        'the rights that this MemberSync needs are printed by `credentials-updater rbac -f FILE`, for `kubectl apply -f -`',
      notFound: `do the namespaces ${settings.accounts.namespace} and ${settings.metadata.namespace} exist? Create what is missing with \`${kubectl`create namespace NAME`}\``,
    };
  return {
    forbidden: `the Roles that a run needs come with ${deployCommand(access)}`,
    notFound: `do the namespaces that TARGET_NAMESPACE and POD_NAMESPACE name exist? poolc-users comes with ${deployCommand(access)}, the pod's own with \`${kubectl`create namespace NAME`}\``,
  };
}

/** The way to the API server, for commands that need nothing else. */
export async function openCluster(
  { env, signal }: Environment,
  settings: Settings,
  { log, redactor, cluster }: Connection,
): Promise<ClusterClient> {
  const surroundings = readSurroundings(env);
  const access = await loadClusterAccess(surroundings.cluster, {
    explicitFile: cluster.kubeconfig,
    context: cluster.context,
    terminal: isatty(0),
    signal,
  });
  return openClient({
    access,
    connections: settings.accountConcurrency,
    userAgent,
    proxyEnv: surroundings.proxies,
    clock: systemClock,
    random: Math.random,
    log,
    redactor,
    hints: hintsFor(access, settings),
  });
}

export function registryOf({ metadata }: Settings): RegistryPlace {
  return { namespace: metadata.namespace, name: metadata.name };
}

export function mintRequest({ accounts, token }: Settings): MintRequest {
  return { namespace: accounts.namespace, lifetimeSeconds: token.lifetime, audiences: token.audiences };
}

/** How a plan is judged by the settings. */
export function judgementBy(settings: Settings, directory: Directory, firstRun: boolean): PlanJudgement {
  return {
    limits: settings.guard,
    situation: situationOf(settings, directory, firstRun),
    place: { targetNamespace: settings.accounts.namespace, endpoint: directory.address },
    isOwnId: (id) => directory.isOwnId(id),
  };
}

function situationOf(settings: Settings, { isLocal }: Directory, firstRunConfirmed: boolean): GuardSituation {
  return { inPod: settings.inPod, loopbackDirectory: isLocal, firstRunConfirmed, spelling: spellingFor(settings) };
}

function lockOf({ lockDuration, lockWait }: Settings): LockSettings {
  return { durationSeconds: lockDuration, waitSeconds: lockWait };
}
