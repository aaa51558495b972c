/**
 * The MemberSync: one document that says who is a member, where credentials go, and what holds in between. Its fields are
 * the settings table: a field that names a setting can be given by that variable too.
 */
import * as z from 'zod';
import { defaultGuardLimits } from '../core/guard.ts';
import { type Schedule, scheduleProblem } from '../core/renewal-margin.ts';
import { field } from './fields.ts';
import { fileNotation, secretReference, variableNotation } from './secret-reference.ts';
import { anyText, apiServer, count, duration, endpoint, list, namespaceName } from './values.ts';

export const apiVersion = 'credentials-updater.poolc.org/v1alpha1';
export const kind = 'MemberSync';

/** Where deploy/base mounts it. */
export const defaultApiKeyFile = '/etc/credentials-updater-secret/API_KEY';

const poolc = z.strictObject({
  endpoint: field(endpoint().optional(), {
    setting: 'POOLC_API_ENDPOINT',
    group: 'PoolC API',
    description: 'address of the PoolC API, before /kubernetes/; https, except on loopback',
    required: true,
  }),
  apiKey: field(secretReference().prefault({ file: defaultApiKeyFile }), {
    setting: 'POOLC_API_KEY_FILE',
    group: 'PoolC API',
    description: 'file that holds the API key; read at every run',
    notation: fileNotation,
    required: true,
  }),
});

const directory = z
  .strictObject({ poolc: field(poolc.optional(), { description: 'the PoolC API' }) })
  .transform((given, { issues, value }) => {
    if (given.poolc !== undefined) return { kind: 'poolc' as const, ...given.poolc };
    issues.push({ code: 'custom', message: 'exactly one directory is needed', input: value });
    return z.NEVER;
  });

const delivery = z
  .strictObject({ poolc: field(poolc.optional(), { description: 'the PoolC API, in one request for everyone' }) })
  .transform((given, { issues, value }) => {
    if (given.poolc !== undefined) return { kind: 'poolc' as const, ...given.poolc };
    issues.push({ code: 'custom', message: 'exactly one delivery is needed', input: value });
    return z.NEVER;
  });

const schedule = z
  .strictObject({
    cron: field(anyText('CRON'), {
      setting: 'SCHEDULE',
      group: 'Tokens and time',
      description: 'when runs happen, to compute the slack; the CronJob passes its own',
    }),
    timeZone: field(anyText('ZONE').prefault('Etc/UTC'), {
      setting: 'SCHEDULE_TIMEZONE',
      group: 'Tokens and time',
      description: 'time zone of SCHEDULE',
      onlyWith: 'SCHEDULE',
    }),
  })
  .transform(({ cron, timeZone }, { issues, value }): Schedule => {
    const read = { expression: cron, timeZone };
    const problem = scheduleProblem(read);
    if (problem === undefined) return read;
    issues.push({ code: 'custom', message: problem, input: value });
    return z.NEVER;
  });

const guard = z.strictObject({
  minMembers: field(count(0).prefault(defaultGuardLimits.minMembers), {
    setting: 'MIN_MEMBERS',
    group: 'Guard',
    description: 'refuse a directory with fewer members',
  }),
  maxRemovals: field(count(0).prefault(defaultGuardLimits.maxRemovals), {
    setting: 'MAX_REMOVALS',
    group: 'Guard',
    description: 'refuse more removals than this, when also beyond the percentage',
  }),
  maxRemovalPercent: field(count(0, 100).prefault(defaultGuardLimits.maxRemovalPercent), {
    setting: 'MAX_REMOVAL_PERCENT',
    group: 'Guard',
    description: 'refuse more removals than this part of the accounts',
  }),
  maxAdditions: field(count(0).prefault(defaultGuardLimits.maxAdditions), {
    setting: 'MAX_ADDITIONS',
    group: 'Guard',
    description: 'refuse more additions than this, when also more than there are accounts',
  }),
});

const notifications = z.strictObject({
  webhook: field(secretReference().optional(), {
    setting: 'NOTIFY_URL',
    group: 'Being told',
    description:
      'incoming webhook (Slack, Discord, or any that takes JSON): told of a refusal, a failure, a partial delivery, missing slack',
    notation: variableNotation,
  }),
  heartbeat: field(secretReference().optional(), {
    setting: 'HEARTBEAT_URL',
    group: 'Being told',
    description: 'asked with GET after each success, as healthchecks.io expects it',
    notation: variableNotation,
  }),
});

const spec = z.strictObject({
  directory: field(directory, { description: 'who is a member: exactly one' }),
  delivery: field(delivery, { description: 'where credentials go: exactly one' }),
  accounts: field(
    z
      .strictObject({
        namespace: field(namespaceName().prefault('poolc-users'), {
          setting: 'TARGET_NAMESPACE',
          group: 'Cluster',
          description: "namespace of the members' ServiceAccounts",
        }),
      })
      .prefault({}),
    { description: "the members' ServiceAccounts" },
  ),
  token: field(
    z
      .strictObject({
        /** Seconds. */
        lifetime: field(duration(600, 2 ** 32).prefault('7d'), {
          setting: 'TOKEN_LIFETIME',
          group: 'Tokens and time',
          description: 'lifetime to ask for; the API server may grant less',
        }),
        audiences: field(list('audiences').prefault([]), {
          setting: 'TOKEN_AUDIENCES',
          group: 'Tokens and time',
          description: "audiences of the tokens, comma-separated (the API server's own)",
        }),
      })
      .prefault({}),
    { description: "the members' tokens" },
  ),
  cluster: field(
    z
      .strictObject({
        server: field(apiServer().optional(), {
          setting: 'CLUSTER_PUBLIC_SERVER',
          group: 'Cluster',
          description: "the API server's address as members see it (the kubeconfig's)",
        }),
      })
      .prefault({}),
    { description: 'the API server as members reach it' },
  ),
  schedule: field(schedule.optional(), { description: 'when runs happen' }),
  guard: field(guard.prefault({}), { description: 'what is refused, so that a wrong directory changes nothing' }),
  maxUndelivered: field(count(0).prefault(0), {
    setting: 'MAX_UNDELIVERED',
    group: 'Guard',
    description: 'members that may be left out of a delivery through our own failure',
  }),
  notifications: field(notifications.prefault({}), { description: 'where operators are told' }),
});

export const memberSyncSchema = z.strictObject({
  apiVersion: field(z.literal(apiVersion), { description: `always ${apiVersion}` }),
  kind: field(z.literal(kind), { description: `always ${kind}` }),
  metadata: field(
    z.strictObject({
      name: field(anyText('NAME'), { description: 'its name' }),
      namespace: field(namespaceName(), {
        setting: 'POD_NAMESPACE',
        group: 'Cluster',
        description: "namespace of the run lock and the records (the pod's own, else poolc-system)",
      }),
    }),
    { description: 'its name and namespace' },
  ),
  spec: field(spec, { description: 'what is wanted' }),
});

/** What a document says, defaults filled in: the one form that later code reads. Durations are seconds. */
export type MemberSync = Readonly<
  Pick<z.output<typeof memberSyncSchema>, 'metadata'> & z.output<typeof memberSyncSchema>['spec']
>;
