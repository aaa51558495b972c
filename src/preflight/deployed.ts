/** What the CronJob on the cluster will run with, whatever this process was told. */
import path from 'node:path';
import type { Gathered } from '../audit/gather.ts';
import type { CronJob } from '../audit/objects.ts';
import { settingDefinitions } from '../config/definitions.ts';
import { type FlagValues, readSettings } from '../config/settings.ts';
import { toFailure } from '../lib/failure.ts';
import type { Text } from '../lib/message.ts';

const defaultName = 'credentials-updater';
const nameLabel = 'app.kubernetes.io/name';

export interface Variable {
  readonly value: string;
  /** Where it is written. */
  readonly from: { readonly kind: 'CronJob' | 'ConfigMap'; readonly name: string };
}

/** A CronJob that runs the updater. */
export interface Deployed {
  readonly name: string;
  readonly suspended: boolean;
  readonly schedule: string;
  readonly timeZone: string | undefined;
  readonly serviceAccount: string;
  /** The variables that are our settings. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** ConfigMaps that it names and that aren't there. */
  readonly missingConfigMaps: readonly string[];
  /** The Secret that is mounted where the API key is read; undefined when none is. */
  readonly keySecretAt: (apiKeyFile: string) => string | undefined;
}

/**
 * The updater's CronJob: the one called `wanted`, else the one that is labelled as ours. undefined where there is none.
 * @throws Failure where it can't be read
 */
export async function readDeployed(gathered: Gathered, wanted: string | undefined): Promise<Deployed | undefined> {
  const cronJobs = await gathered.cronJobs();
  const cronJob =
    cronJobs.find(({ metadata }) => metadata.name === (wanted ?? defaultName)) ??
    (wanted === undefined ? cronJobs.find(({ metadata }) => metadata.labels[nameLabel] === defaultName) : undefined);
  if (cronJob === undefined) return undefined;
  const { metadata, spec } = cronJob;
  const podSpec = spec.jobTemplate.spec.template.spec;
  const { variables, missingConfigMaps } = await readVariables(cronJob, gathered);
  return {
    name: metadata.name,
    suspended: spec.suspend === true,
    schedule: spec.schedule,
    timeZone: spec.timeZone ?? undefined,
    serviceAccount: podSpec.serviceAccountName ?? 'default',
    variables,
    missingConfigMaps,
    keySecretAt: (apiKeyFile) => mountedSecret(cronJob, path.posix.dirname(apiKeyFile)),
  };
}

async function readVariables(
  cronJob: CronJob,
  gathered: Gathered,
): Promise<Pick<Deployed, 'variables' | 'missingConfigMaps'>> {
  const known = new Set(settingDefinitions.map(({ name }) => name));
  const variables = new Map<string, Variable>();
  const missing = new Set<string>();
  const set = (name: string, value: string | undefined, from: Variable['from']) => {
    if (known.has(name) && value !== undefined && value.trim() !== '') variables.set(name, { value, from });
  };
  const dataOf = async (name: string) => {
    const { data, resourceVersion } = await gathered.configMap(name);
    if (resourceVersion === undefined) missing.add(name);
    return data;
  };
  // As the kubelet does it: what is named one by one wins over what comes from a whole ConfigMap.
  for (const { env, envFrom } of cronJob.spec.jobTemplate.spec.template.spec.containers) {
    for (const { configMapRef, prefix } of envFrom ?? []) {
      if (!configMapRef) continue;
      const from = { kind: 'ConfigMap', name: configMapRef.name } as const;
      for (const [key, value] of Object.entries(await dataOf(configMapRef.name)))
        set(`${prefix ?? ''}${key}`, value, from);
    }
    for (const { name, value, valueFrom } of env ?? []) {
      const reference = valueFrom?.configMapKeyRef;
      if (reference === undefined) set(name, value ?? undefined, { kind: 'CronJob', name: cronJob.metadata.name });
      else set(name, (await dataOf(reference.name))[reference.key], { kind: 'ConfigMap', name: reference.name });
    }
  }
  return { variables, missingConfigMaps: [...missing] };
}

function mountedSecret(cronJob: CronJob, directory: string): string | undefined {
  const { containers, volumes } = cronJob.spec.jobTemplate.spec.template.spec;
  const mount = containers
    .flatMap(({ volumeMounts }) => volumeMounts ?? [])
    .find((each) => each.mountPath === directory);
  const volume = (volumes ?? []).find(({ name }) => name === mount?.name);
  return volume?.secret?.secretName ?? undefined;
}

export interface UnusableVariable extends Variable {
  readonly name: string;
  readonly why: Text;
}

/** What the CronJob says, by setting name, and what of it can't be used. */
export function variablesOf(deployed: Deployed | undefined): {
  readonly usable: FlagValues;
  readonly unusable: readonly UnusableVariable[];
} {
  const usable: Record<string, string> = {};
  const unusable: UnusableVariable[] = [];
  for (const [name, variable] of deployed?.variables ?? []) {
    try {
      readSettings({ ...usable, [name]: variable.value });
      usable[name] = variable.value;
    } catch (error) {
      unusable.push({ ...variable, name, why: toFailure(error).said });
    }
  }
  return { usable, unusable };
}
