/** Makes the context of the checks: who we are, what is deployed, and how to get at everything else. */

import type { Commands } from '../audit/commands.ts';
import type { AuditOptions } from '../audit/context.ts';
import { gather, once } from '../audit/gather.ts';
import { whoAmI } from '../audit/identity.ts';
import {
  directoryAddress,
  isGiven,
  namespacesOf,
  readSettings,
  type SettingSources,
  type Settings,
} from '../config/settings.ts';
import { readSurroundings, type Variables } from '../config/surroundings.ts';
import { isUuid } from '../core/member-id.ts';
import type { Directory } from '../directories/directory.ts';
import { askMembers } from '../directories/poolc.ts';
import type { ClusterClient } from '../kube/client.ts';
import type { Clock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import { directoryCheckMessages } from '../lib/messages/preflight-deployment.ts';
import type { Redactor } from '../lib/redact.ts';
import { findApiKey, keyLocation } from './api-key.ts';
import { authoritiesName } from './checks/endpoint.ts';
import type { PreflightContext } from './context.ts';
import { readDeployed, variablesOf } from './deployed.ts';
import { askMaximumLifetime } from './lifetime.ts';
import { planNextSync } from './plan.ts';

const defaultAccount = 'credentials-updater';

export interface PreflightInput {
  readonly env: Variables;
  readonly sources: SettingSources;
  /** A directory that isn't the PoolC API, which is asked with what the CronJob has. @throws Failure (usage) */
  readonly openDirectory: (settings: Settings) => Directory;
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
  readonly userAgent: string;
  readonly commands: Commands;
  readonly options: AuditOptions;
}

/** @throws Failure where the cluster can't be asked at all, or a setting of this process can't be used */
export async function openContext(input: PreflightInput): Promise<PreflightContext> {
  const { env, sources, client, clock: time, random, signal, commands, options } = input;
  const identity = await whoAmI(client, signal);
  const own = readSettings(env, sources);
  const { cronJobName, proxies: proxyEnv } = readSurroundings(env);
  const deployed = once(() => readDeployed(gather(client, namespacesOf(own), signal), cronJobName));
  // Flag, environment, CronJob, default.
  const { usable, unusable } = variablesOf(await orUndefined(deployed));
  const settings = readSettings(env, {
    ...sources,
    defaults: sources.file === undefined && sources.object === undefined ? usable : {},
  });
  const gathered = gather(client, namespacesOf(settings), signal);
  const apiKey = once(async () => {
    const fileIsGiven = isGiven('POOLC_API_KEY_FILE', env, sources);
    const found = await findApiKey({
      settings,
      variables: env,
      gathered,
      deployed: await orUndefined(deployed),
      fileIsGiven,
    });
    if (found !== undefined) input.redactor.add(found.key.reveal());
    return found;
  });
  const extraAuthorities = once(async () => {
    const { data } = await gathered.configMap(authoritiesName);
    return Object.values(data).filter((text) => text.includes('BEGIN CERTIFICATE'));
  });
  const updaterAccount = async () => (await orUndefined(deployed))?.serviceAccount ?? defaultAccount;
  const other = once(async () => (settings.directory.kind === 'poolc' ? undefined : input.openDirectory(settings)));
  const members = once(async () => {
    const directory = await other();
    if (directory !== undefined) return directory.members({ signal });
    const key = await apiKey();
    const endpoint = directoryAddress(settings);
    if (endpoint === undefined || key === undefined) throw new Failure('usage', directoryCheckMessages.neither());
    return askMembers(
      {
        endpoint,
        key: key.key,
        userAgent: input.userAgent,
        proxyEnv,
        extraAuthorities: (await orUndefined(extraAuthorities)) ?? [],
        clock: time,
      },
      signal,
    );
  });
  return {
    settings,
    namespaces: namespacesOf(settings),
    deployed,
    unusable,
    gathered,
    client,
    identity,
    apiKey,
    updaterAccount,
    keySecret: async () => keyLocation(await orUndefined(deployed)).secret,
    expectsPolicies: settings.file === undefined,
    redact: (text) => input.redactor.add(text),
    commands,
    options,
    random,
    signal,
    clock: time,
    proxyEnv,
    extraAuthorities: async () => (await orUndefined(extraAuthorities)) ?? [],
    maximumLifetime: once(async () => {
      const accounts = (await orUndefined(gathered.accounts)) ?? [];
      const candidates = [
        ...ownAccount(identity.user),
        { namespace: settings.metadata.namespace, name: await updaterAccount() },
        ...accounts.slice(0, 1).map(({ name }) => ({ namespace: settings.accounts.namespace, name })),
      ];
      try {
        return await askMaximumLifetime(client, candidates, signal);
      } catch (error) {
        const lastRun = await orUndefined(gathered.summary);
        if (!(error instanceof Failure) || lastRun?.grantedSeconds === undefined) throw error;
        return { grantedSeconds: lastRun.grantedSeconds, warning: undefined, isOfLastRun: true };
      }
    }),
    members,
    nextSync: once(async () => {
      const directory = await other();
      const isOwnId: Directory['isOwnId'] = directory === undefined ? isUuid : (id) => directory.isOwnId(id);
      return planNextSync(settings, { members, isOwnId, gathered }, signal);
    }),
  };
}

/** For what another check reports. */
async function orUndefined<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function ownAccount(user: string): { namespace: string; name: string }[] {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  return namespace === undefined || name === undefined ? [] : [{ namespace, name }];
}
