/**
 * The settings of a command that somebody runs by hand. What was not said is taken from the CronJob on the cluster, so
 * that a run from a laptop asks the same directory, and knows when the next run comes.
 */
import { gather } from '../audit/gather.ts';
import {
  isGiven,
  isLocalEndpoint,
  namespacesOf,
  readSettings,
  type SettingSources,
  type Settings,
} from '../config/settings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { scheduleProblem } from '../core/renewal-margin.ts';
import type { ClusterClient } from '../kube/client.ts';
import { CredentialPluginFailure } from '../kube/exec-plugin.ts';
import { Failure } from '../lib/failure.ts';
import type { Redactor } from '../lib/redact.ts';
import { columnsOf, withoutInvisible, wrapLine } from '../lib/terminal-text.ts';
import { type Deployed, readDeployed, variablesOf } from '../preflight/deployed.ts';
import { type Environment, nameCluster, openLog } from './environment.ts';
import { type CommonFlags, sourcesOf } from './flags.ts';
import { styleFor } from './style.ts';
import { openCluster } from './wiring.ts';

/**
 * Flag, environment, CronJob, default. Without a CronJob that can be read, as if there were none: what is missing is said
 * where it is needed.
 * @throws Failure (usage), also where the kubeconfig's credential plugin failed
 */
export async function readSettingsHere(
  environment: Environment,
  flags: CommonFlags,
  { redactor, defaults = {} }: { redactor: Redactor; defaults?: SettingSources['defaults'] },
): Promise<Settings> {
  const sources = { ...sourcesOf(flags), defaults };
  const own = readSettings(environment.env, sources);
  const missing = missingSettings(environment, own, sources);
  if (missing.length === 0) return own;
  const deployed = await deployedOrUndefined(environment, own, { flags, redactor });
  if (deployed === undefined) return own;
  const said = fromCronJob(deployed);
  const taken = Object.fromEntries(
    missing.flatMap((name) => (said[name] === undefined ? [] : [[name, said[name]] as const])),
  );
  if (Object.keys(taken).length === 0) return own;
  sayWhereFrom(environment, own, { deployed, taken });
  return readSettings(environment.env, { ...sources, defaults: { ...defaults, ...taken } });
}

/** In a pod the CronJob has said all that it has to say, and a document says everything. */
function missingSettings({ env }: Environment, own: Settings, sources: SettingSources): string[] {
  if (own.inPod || own.file !== undefined) return [];
  const lacks = (name: string) => !isGiven(name, env, sources);
  return [
    ...(lacks('POOLC_API_ENDPOINT') ? ['POOLC_API_ENDPOINT'] : []),
    // A directory on this very machine is a test set-up, which no CronJob runs.
    ...(lacks('SCHEDULE') && lacks('SCHEDULE_TIMEZONE') && !isLocalEndpoint(own)
      ? ['SCHEDULE', 'SCHEDULE_TIMEZONE']
      : []),
  ];
}

async function deployedOrUndefined(
  environment: Environment,
  own: Settings,
  { flags, redactor }: { flags: CommonFlags; redactor: Redactor },
): Promise<Deployed | undefined> {
  const { env, signal } = environment;
  const log = openLog(environment, own, 'text', redactor);
  let client: ClusterClient | undefined;
  try {
    client = await openCluster(environment, own, { log, redactor, cluster: flags });
    nameCluster(environment, client.access);
    return await readDeployed(gather(client, namespacesOf(own), signal), readSurroundings(env).cronJobName);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure) || error instanceof CredentialPluginFailure) throw error;
    log.debug(`what the CronJob says could not be read: ${error.message}`);
    return undefined;
  } finally {
    client?.close();
  }
}

/** The schedule as the CronJob has it, whatever it tells its program. */
function fromCronJob(deployed: Deployed): Readonly<Record<string, string | undefined>> {
  const { POOLC_API_ENDPOINT } = variablesOf(deployed).usable;
  const { schedule: expression } = deployed;
  // Without one of its own a CronJob runs by the time zone of kube-controller-manager, which in containers is UTC.
  const timeZone = deployed.timeZone ?? 'Etc/UTC';
  if (scheduleProblem({ expression, timeZone }) !== undefined) return { POOLC_API_ENDPOINT };
  return { POOLC_API_ENDPOINT, SCHEDULE: expression, SCHEDULE_TIMEZONE: timeZone };
}

function sayWhereFrom(
  { stderr }: Environment,
  { metadata }: Settings,
  { deployed, taken }: { deployed: Deployed; taken: Readonly<Record<string, string | undefined>> },
): void {
  if (!stderr.isTTY) return;
  const values = Object.entries(taken).map(([name, value]) => `${name}=${value}`);
  const text = withoutInvisible(`${values.join(', ')}, from the CronJob ${metadata.namespace}/${deployed.name}`);
  stderr.write(`${styleFor(stderr)('dim', wrapLine(text, columnsOf(stderr), 2))}\n`);
}
