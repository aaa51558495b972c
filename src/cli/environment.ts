/** What the operating system gives a command: made once in main.ts, given to everything below. */
import { hostname } from 'node:os';
import { ClusterClient } from '../cluster/client.ts';
import { type ClusterAccess, loadClusterAccess } from '../cluster/kubeconfig.ts';
import { readApiKey, requireEndpoint, type Settings } from '../config.ts';
import { hideAddresses } from '../notify/channels.ts';
import { systemClock } from '../shared/clock.ts';
import { Failure } from '../shared/errors.ts';
import { jsonLog, type Log, textLog } from '../shared/log.ts';
import type { PoolcApi } from '../shared/poolc.ts';
import { Redactor } from '../shared/redact.ts';
import { columnsOf, withoutInvisible, wrapLine, wrapMessage } from '../shared/terminal-text.ts';
import { version } from '../shared/version.ts';
import type { AgreedPlan, RunContext } from '../sync/context.ts';
import type { LockedContext } from '../sync/under-lock.ts';
import { commandLineOf } from './command-line.ts';
import type { CommonFlags } from './flags.ts';
import { noProgress, terminalProgress } from './progress.ts';
import { styleFor } from './style.ts';

export interface Environment {
  readonly env: NodeJS.ProcessEnv;
  /** The words that start this program: `npm start --`, or its name. */
  readonly program: readonly string[];
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

export type OutputFormat = 'text' | 'json';

export const userAgent = `credentials-updater/${version}`;

/** Text on a terminal, JSON elsewhere, unless --output says otherwise. */
export function outputFormat({ stdout }: Environment, wanted: string | undefined): OutputFormat {
  if (wanted === 'text' || wanted === 'json') return wanted;
  if (wanted !== undefined) throw new Failure('usage', `--output ${wanted} is not known: text or json`);
  return stdout.isTTY ? 'text' : 'json';
}

/** The log of a command: JSON lines on stdout, or short lines for people on stderr. */
export function openLog(
  { stdout, stderr }: Environment,
  settings: Settings,
  format: OutputFormat,
  redactor: Redactor,
): Log {
  const options = { level: settings.logLevel, redactor };
  return format === 'json'
    ? jsonLog({ ...options, write: (text) => void stdout.write(text) })
    : textLog({ ...options, write: (text) => void stderr.write(wrapMessage(text, columnsOf(stderr), 2)) });
}

/** What is said before anything is done, to whoever looks: which cluster this is about. */
export function nameCluster({ stderr }: Environment, { server, source, userName }: ClusterAccess): void {
  if (!stderr.isTTY) return;
  const who = userName === undefined ? '' : `, user ${userName}`;
  const text = withoutInvisible(`${server.origin}, ${source}${who}`);
  stderr.write(`${styleFor(stderr)('dim', wrapLine(text, columnsOf(stderr), 2))}\n`);
}

export interface ClusterOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** Everything a run needs, wired by hand. @throws Failure (usage) before anything was sent */
export async function openRun(
  environment: Environment,
  settings: Settings,
  {
    format,
    firstRun,
    agreedPlan,
    cluster,
  }: { format: OutputFormat; firstRun: boolean; agreedPlan?: AgreedPlan | undefined; cluster: CommonFlags },
): Promise<RunContext> {
  const { env, stderr, signal } = environment;
  const redactor = new Redactor();
  hideAddresses(settings.channels, redactor);
  const log = openLog(environment, settings, format, redactor);
  const poolc = openPoolc(environment, settings, redactor);
  const client = await openCluster(environment, settings, { log, redactor, cluster });
  nameCluster(environment, client.access);
  const jobName = env['JOB_NAME'];
  const jobUid = env['JOB_UID'];
  return {
    settings,
    client,
    poolc,
    clock: systemClock,
    random: Math.random,
    log,
    redactor,
    progress: format === 'text' && stderr.isTTY ? terminalProgress(stderr) : noProgress,
    signal,
    host: hostName(environment),
    job: jobName && jobUid ? { name: jobName, uid: jobUid } : undefined,
    firstRunConfirmed: firstRun,
    agreedPlan,
    commandLine: commandLineOf(environment, cluster, client.access),
  };
}

/** What a change by hand happens with: the way to the cluster, and who holds the lock. */
export async function openLocked(
  environment: Environment,
  settings: Settings,
  { redactor, log, cluster }: { redactor: Redactor; log: Log; cluster: CommonFlags },
): Promise<LockedContext> {
  const client = await openCluster(environment, settings, { log, redactor, cluster });
  nameCluster(environment, client.access);
  return {
    settings,
    client,
    clock: systemClock,
    random: Math.random,
    log,
    host: hostName(environment),
    signal: environment.signal,
    commandLine: commandLineOf(environment, cluster, client.access),
  };
}

/** Who holds the run lock, for whoever waits for it. */
function hostName({ env }: Environment): string {
  return env['POD_NAME'] || hostname();
}

/** The way to the PoolC API. @throws Failure (usage) when the endpoint or the key is missing */
export function openPoolc({ env }: Environment, settings: Settings, redactor: Redactor): PoolcApi {
  const endpoint = requireEndpoint(settings);
  const key = readApiKey(settings);
  redactor.add(key.reveal());
  return { endpoint, key, userAgent, proxyEnv: env, clock: systemClock };
}

/** The way to the API server, for commands that need nothing else. */
export async function openCluster(
  { env }: Environment,
  settings: Settings,
  { log, redactor, cluster }: { log: Log; redactor: Redactor; cluster: ClusterOptions },
): Promise<ClusterClient> {
  const access = await loadClusterAccess(env, { explicitFile: cluster.kubeconfig, context: cluster.context });
  return new ClusterClient({
    access,
    connections: settings.accountConcurrency,
    userAgent,
    env,
    clock: systemClock,
    random: Math.random,
    log,
    redactor,
  });
}
