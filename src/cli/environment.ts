/** What the operating system gives a command: made once in main.ts, given to everything below. */
import { readApiKey, requireEndpoint } from '../config/poolc.ts';
import type { Settings } from '../config/settings.ts';
import { readSurroundings, type Variables } from '../config/surroundings.ts';
import type { PlanDocument } from '../core/plan-file.ts';
import { ClusterClient } from '../kube/client.ts';
import { loadClusterAccess } from '../kube/kubeconfig.ts';
import { systemClock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import { jsonLog, type Log, textLog } from '../lib/log.ts';
import { Redactor } from '../lib/redact.ts';
import { columnsOf, wrapMessage } from '../lib/terminal-text.ts';
import { version } from '../lib/version.ts';
import { hideAddresses } from '../notify/channels.ts';
import type { PoolcApi } from '../poolc/api.ts';
import type { LockedContext } from '../run/under-lock.ts';
import type { RunContext } from '../sync/context.ts';
import { noProgress, terminalProgress } from './progress.ts';

export interface Environment {
  readonly env: Variables;
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
  }: { format: OutputFormat; firstRun: boolean; agreedPlan?: PlanDocument | undefined; cluster: ClusterOptions },
): Promise<RunContext> {
  const { env, stderr, signal } = environment;
  const redactor = new Redactor();
  hideAddresses(settings.channels, redactor);
  const log = openLog(environment, settings, format, redactor);
  const poolc = openPoolc(environment, settings, redactor);
  const client = await openCluster(environment, settings, { log, redactor, cluster });
  const { host, job } = readSurroundings(env);
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
    host,
    job,
    firstRunConfirmed: firstRun,
    agreedPlan,
  };
}

/** What a change by hand happens with: the way to the cluster, and who holds the lock. */
export async function openLocked(
  environment: Environment,
  settings: Settings,
  { redactor, log, cluster }: { redactor: Redactor; log: Log; cluster: ClusterOptions },
): Promise<LockedContext> {
  const client = await openCluster(environment, settings, { log, redactor, cluster });
  const { host } = readSurroundings(environment.env);
  return { settings, client, clock: systemClock, random: Math.random, log, host, signal: environment.signal };
}

/** The way to the PoolC API. @throws Failure (usage) when the endpoint or the key is missing */
export function openPoolc({ env }: Environment, settings: Settings, redactor: Redactor): PoolcApi {
  const endpoint = requireEndpoint(settings);
  const key = readApiKey(settings, env);
  redactor.add(key.reveal());
  return { endpoint, key, userAgent, proxyEnv: readSurroundings(env).proxies, clock: systemClock };
}

/** The way to the API server, for commands that need nothing else. */
export async function openCluster(
  { env }: Environment,
  settings: Settings,
  { log, redactor, cluster }: { log: Log; redactor: Redactor; cluster: ClusterOptions },
): Promise<ClusterClient> {
  const surroundings = readSurroundings(env);
  const access = await loadClusterAccess(surroundings.cluster, {
    explicitFile: cluster.kubeconfig,
    context: cluster.context,
  });
  return new ClusterClient({
    access,
    connections: settings.accountConcurrency,
    userAgent,
    proxyEnv: surroundings.proxies,
    clock: systemClock,
    random: Math.random,
    log,
    redactor,
  });
}
