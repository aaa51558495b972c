/**
 * The one place where environment, files and flags become typed settings. Each setting has one name: FOO_BAR in the
 * environment, --foo-bar as a flag, which wins.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { defaultGuardLimits, type GuardLimits } from '../core/guard.ts';
import { printable } from '../core/model.ts';
import type { PlanPlace } from '../core/plan-file.ts';
import { type Schedule, scheduleProblem } from '../core/renewal-margin.ts';
import { isLoopback } from '../http/endpoint.ts';
import { inPod, podNamespace } from '../kube/kubeconfig.ts';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { Failure } from '../lib/failure.ts';
import type { LogLevel } from '../lib/log.ts';
import { Secret } from '../lib/secret.ts';
import { type Channels, readChannels } from '../notify/channels.ts';
import { parsePoolcEndpoint } from '../poolc/endpoint.ts';

export interface Settings {
  /** undefined when it isn't set: only some commands need the PoolC API. */
  readonly endpoint: URL | undefined;
  readonly apiKeyFile: string;
  readonly targetNamespace: string;
  readonly tokenLifetimeSeconds: number;
  readonly tokenAudiences: readonly string[];
  readonly schedule: Schedule | undefined;
  readonly guard: GuardLimits;
  readonly maxUndelivered: number;
  readonly clusterPublicServer: URL | undefined;
  /** The namespace of the Lease, the name record and the summary. */
  readonly podNamespace: string;
  /** The CronJob that runs this, for commands that an operator is given to copy. */
  readonly cronJobName: string;
  readonly mintConcurrency: number;
  /** Accounts that are created or removed at once: the API server signs tokens all the time, but for its disk it waits. */
  readonly accountConcurrency: number;
  /** Where operators are told of a run. */
  readonly channels: Channels;
  readonly logLevel: LogLevel;
  readonly runDeadlineSeconds: number;
  readonly lockDurationSeconds: number;
  readonly lockWaitSeconds: number;
  readonly inPod: boolean;
  /** undefined for none. */
  readonly terminationMessagePath: string | undefined;
}

/** One setting as people meet it: in --help, in the docs, in an error. */
export interface SettingDefinition {
  readonly name: string;
  readonly default: string | undefined;
  readonly placeholder: string;
  readonly description: string;
  /** The only values there are. */
  readonly choices?: readonly string[];
}

export interface SettingGroup {
  readonly title: string;
  /** Its values are credentials: they have no flag, since a command line can be read by whoever is on the host. */
  readonly environmentOnly?: boolean;
  readonly settings: readonly SettingDefinition[];
}

const define = (
  name: string,
  fallback: string | undefined,
  placeholder: string,
  description: string,
  choices?: readonly string[],
): SettingDefinition => ({
  name,
  default: fallback,
  placeholder,
  description,
  ...(choices === undefined ? {} : { choices }),
});

/** Where deploy/base mounts it. */
export const defaultApiKeyFile = '/etc/credentials-updater-secret/API_KEY';

const logLevels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

export const settingGroups: readonly SettingGroup[] = [
  {
    title: 'PoolC API',
    settings: [
      define(
        'POOLC_API_ENDPOINT',
        undefined,
        'URL',
        'address of the PoolC API, before /kubernetes/; https, except on loopback',
      ),
      define('POOLC_API_KEY_FILE', defaultApiKeyFile, 'FILE', 'file that holds the API key; read at every run'),
    ],
  },
  {
    title: 'Cluster',
    settings: [
      define('TARGET_NAMESPACE', 'poolc-users', 'NAME', "namespace of the members' ServiceAccounts"),
      define(
        'POD_NAMESPACE',
        undefined,
        'NAME',
        "namespace of the run lock and the records (the pod's own, else poolc-system)",
      ),
      define(
        'CLUSTER_PUBLIC_SERVER',
        undefined,
        'URL',
        "the API server's address as members see it (the kubeconfig's)",
      ),
      define('MINT_CONCURRENCY', '8', 'N', 'connections to the API server while minting; for accounts twice as many'),
    ],
  },
  {
    title: 'Tokens and time',
    settings: [
      define('TOKEN_LIFETIME', '7d', 'DURATION', 'lifetime to ask for; the API server may grant less'),
      define('TOKEN_AUDIENCES', undefined, 'LIST', "audiences of the tokens, comma-separated (the API server's own)"),
      define('SCHEDULE', undefined, 'CRON', 'when runs happen, to compute the slack; the CronJob passes its own'),
      define('SCHEDULE_TIMEZONE', 'Etc/UTC', 'ZONE', 'time zone of SCHEDULE'),
      define('RUN_DEADLINE', '15m', 'DURATION', 'a run that takes longer is stopped'),
      define('LOCK_DURATION', '90s', 'DURATION', 'how long the run lock outlives a run that was killed'),
      define('LOCK_WAIT', '180s', 'DURATION', 'how long to wait for another run'),
    ],
  },
  {
    title: 'Guard',
    settings: [
      define('MIN_MEMBERS', String(defaultGuardLimits.minMembers), 'N', 'refuse a directory with fewer members'),
      define(
        'MAX_REMOVALS',
        String(defaultGuardLimits.maxRemovals),
        'N',
        'refuse more removals than this, when also beyond the percentage',
      ),
      define(
        'MAX_REMOVAL_PERCENT',
        String(defaultGuardLimits.maxRemovalPercent),
        'N',
        'refuse more removals than this part of the accounts',
      ),
      define(
        'MAX_ADDITIONS',
        String(defaultGuardLimits.maxAdditions),
        'N',
        'refuse more additions than this, when also more than there are accounts',
      ),
      define('ALLOW_REMOVALS', undefined, 'N', 'for one run: permit up to N removals'),
      define('ALLOW_ADDITIONS', undefined, 'N', 'for one run: permit up to N additions'),
      define('MAX_UNDELIVERED', '0', 'N', 'members that may be left out of a delivery through our own failure'),
    ],
  },
  {
    title: 'Being told',
    environmentOnly: true,
    settings: [
      define(
        'NOTIFY_URL',
        undefined,
        'URL',
        'incoming webhook (Slack, Discord, or any that takes JSON): told of a refusal, a failure, a partial delivery, missing slack',
      ),
      define('HEARTBEAT_URL', undefined, 'URL', 'asked with GET after each success, as healthchecks.io expects it'),
      define('PUSHGATEWAY_URL', undefined, 'URL', 'address of a Prometheus Pushgateway, for the metrics of each run'),
    ],
  },
  {
    title: 'Log',
    settings: [
      define('LOG_LEVEL', 'info', 'LEVEL', 'the least important lines to show', logLevels),
      define(
        'TERMINATION_MESSAGE_PATH',
        undefined,
        'FILE',
        'where a run leaves its summary for `kubectl describe pod` (in a pod: /dev/termination-log)',
      ),
    ],
  },
];

export const settingDefinitions: readonly SettingDefinition[] = settingGroups.flatMap(({ settings }) => settings);

export const flagOf = (settingName: string): string => `--${settingName.toLowerCase().replaceAll('_', '-')}`;

/** Values by setting name, as the flags gave them. */
export type FlagValues = Readonly<Record<string, string | undefined>>;

/** @throws Failure (usage) that names the setting, its value and what is wrong with it */
export function readSettings(env: NodeJS.ProcessEnv, flags: FlagValues = {}): Settings {
  const source = new SettingSource(env, flags);
  const guard: GuardLimits = {
    minMembers: source.count('MIN_MEMBERS', 0),
    maxRemovals: source.count('MAX_REMOVALS', 0),
    maxRemovalPercent: source.count('MAX_REMOVAL_PERCENT', 0, 100),
    maxAdditions: source.count('MAX_ADDITIONS', 0),
    allowRemovals: source.optionalCount('ALLOW_REMOVALS'),
    allowAdditions: source.optionalCount('ALLOW_ADDITIONS'),
  };
  const endpoint = source.value('POOLC_API_ENDPOINT');
  const publicServer = source.value('CLUSTER_PUBLIC_SERVER');
  const mintConcurrency = source.count('MINT_CONCURRENCY', 1, 256);
  return {
    endpoint: endpoint === undefined ? undefined : parsePoolcEndpoint(endpoint, source.origin('POOLC_API_ENDPOINT')),
    apiKeyFile: source.required('POOLC_API_KEY_FILE'),
    targetNamespace: source.namespace('TARGET_NAMESPACE', source.required('TARGET_NAMESPACE')),
    tokenLifetimeSeconds: source.duration('TOKEN_LIFETIME', 600, 2 ** 32),
    tokenAudiences: (source.value('TOKEN_AUDIENCES') ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
    schedule: readSchedule(source),
    guard,
    maxUndelivered: source.count('MAX_UNDELIVERED', 0),
    clusterPublicServer:
      publicServer === undefined ? undefined : parseServer(publicServer, source.origin('CLUSTER_PUBLIC_SERVER')),
    podNamespace: source.namespace(
      'POD_NAMESPACE',
      source.value('POD_NAMESPACE') ?? podNamespace(env) ?? 'poolc-system',
    ),
    cronJobName: env['CRONJOB_NAME'] || 'credentials-updater',
    mintConcurrency,
    accountConcurrency: 2 * mintConcurrency,
    channels: channelsFrom(source),
    logLevel: readLogLevel(source),
    runDeadlineSeconds: source.duration('RUN_DEADLINE', 10, 7 * 86_400),
    lockDurationSeconds: source.duration('LOCK_DURATION', 2, 3_600),
    lockWaitSeconds: source.duration('LOCK_WAIT', 0, 86_400),
    inPod: inPod(env),
    terminationMessagePath:
      source.value('TERMINATION_MESSAGE_PATH') ?? (inPod(env) ? '/dev/termination-log' : undefined),
  };
}

/** Where operators are told, also when another setting can't be used. Never throws. */
export function readChannelSettings(env: NodeJS.ProcessEnv): Channels {
  return channelsFrom(new SettingSource(env, {}));
}

function channelsFrom(source: SettingSource): Channels {
  return readChannels((name) => source.value(name));
}

/** The endpoint, for the commands that can't do without. @throws Failure (usage) */
export function requireEndpoint({ endpoint }: Settings): URL {
  if (endpoint !== undefined) return endpoint;
  throw new Failure('usage', 'POOLC_API_ENDPOINT is not set: the address of the PoolC API is needed', {
    hint: `set it in the environment or give ${flagOf('POOLC_API_ENDPOINT')} https://…`,
  });
}

/** The API key: read and trimmed at every run. @throws Failure (usage) without a word of its content */
export function readApiKey({ apiKeyFile }: Settings): Secret {
  const hint = 'it is mounted from the Secret credentials-updater-secret; name another file with POOLC_API_KEY_FILE';
  // What looks like no path may be the key itself, in the wrong place.
  const file = /[\\/.]/.test(apiKeyFile)
    ? `the API key file ${apiKeyFile}`
    : 'the API key file that POOLC_API_KEY_FILE names';
  let key: string;
  try {
    accessSync(apiKeyFile, constants.R_OK);
    key = readFileSync(apiKeyFile, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why =
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a directory' : `can't be read (${String(code)})`;
    throw new Failure('usage', `${file} ${why}`, { cause: error, hint });
  }
  return parseApiKey(key, file, hint);
}

/** @param from where it comes from, for the message. @throws Failure (usage) without a word of its content */
export function parseApiKey(text: string, from: string, hint?: string): Secret {
  const key = text.trim();
  if (key === '') throw new Failure('usage', `${from} is empty`, { hint: hint ?? 'it must hold the key' });
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new Failure(
      'usage',
      `${from} holds characters that no HTTP header can carry (a space, a line break or non-ASCII)`,
      { hint: 'it must hold the key and nothing else' },
    );
  }
  return new Secret(key);
}

/** Whether the directory is on this very machine: a test set-up, which can't replace production's tokens. */
export function isLocalEndpoint(settings: Settings): boolean {
  return settings.endpoint !== undefined && isLoopback(settings.endpoint.hostname);
}

/** What a plan is made between, for a plan that is applied later. */
export function planPlace(settings: Settings): PlanPlace {
  return { targetNamespace: settings.targetNamespace, endpoint: settings.endpoint?.href ?? '' };
}

class SettingSource {
  readonly #env: NodeJS.ProcessEnv;
  readonly #flags: FlagValues;

  constructor(env: NodeJS.ProcessEnv, flags: FlagValues) {
    this.#env = env;
    this.#flags = flags;
  }

  /** An empty value counts as none: that is how a manifest unsets a variable. */
  value(name: string): string | undefined {
    const fallback = settingDefinitions.find((definition) => definition.name === name)?.default;
    return this.#flags[name]?.trim() || this.#env[name]?.trim() || fallback;
  }

  /** How the user gave it, for messages. */
  origin(name: string): string {
    return this.#flags[name]?.trim() ? flagOf(name) : name;
  }

  required(name: string): string {
    const value = this.value(name);
    if (value === undefined) throw new Failure('usage', `${name} is not set`);
    return value;
  }

  count(name: string, least: number, most = 1_000_000): number {
    const value = this.required(name);
    const number = /^\d{1,7}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw this.#unusable(name, value, `a whole number from ${least} to ${most} is needed`);
  }

  optionalCount(name: string): number | undefined {
    return this.value(name) === undefined ? undefined : this.count(name, 0);
  }

  duration(name: string, least: number, most: number): number {
    const value = this.required(name);
    const seconds = parseDuration(value);
    if (seconds !== undefined && seconds >= least && seconds <= most) return seconds;
    const range = `a duration from ${formatDuration(least)} to ${formatDuration(most)}, such as 7d, 12h or 90m, is needed`;
    throw this.#unusable(name, value, range);
  }

  namespace(name: string, value: string): string {
    if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) return value;
    throw this.#unusable(
      name,
      value,
      'the name of a namespace (a-z, 0-9 and hyphens, at most 63 characters) is needed',
    );
  }

  #unusable(name: string, value: string, why: string): Failure {
    return new Failure('usage', `${this.origin(name)}=${printable(value)} can't be used: ${why}`);
  }
}

function readSchedule(source: SettingSource): Schedule | undefined {
  const expression = source.value('SCHEDULE');
  if (expression === undefined) return undefined;
  const schedule = { expression, timeZone: source.required('SCHEDULE_TIMEZONE') };
  const problem = scheduleProblem(schedule);
  if (problem !== undefined) throw new Failure('usage', `${source.origin('SCHEDULE')} can't be used: ${problem}`);
  return schedule;
}

function readLogLevel(source: SettingSource): LogLevel {
  const value = source.required('LOG_LEVEL').toLowerCase();
  const level = logLevels.find((known) => known === value);
  if (level !== undefined) return level;
  throw new Failure(
    'usage',
    `${source.origin('LOG_LEVEL')}=${printable(value)} can't be used: one of ${logLevels.join(', ')} is needed`,
  );
}

function parseServer(text: string, origin: string): URL {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text);
  throw new Failure(
    'usage',
    `${origin}=${printable(text)} can't be used: an address such as https://pks.example.org:6443 is needed`,
  );
}
