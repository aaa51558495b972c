/**
 * The MemberSync: one document that says who is a member, where credentials go, and what holds in between. Its fields are
 * the settings table: a field that names a setting can be given by that variable too.
 */
import * as z from 'zod';
import { defaultGuardLimits } from '../core/guard.ts';
import { type Schedule, scheduleProblem } from '../core/renewal-margin.ts';
import type { Message } from '../lib/message.ts';
import { valueMessages as messages } from '../lib/messages/settings.ts';
import { deliveryFields } from './delivery-fields.ts';
import { directoryFields } from './directory-fields.ts';
import { field, object } from './fields.ts';
import { certificateReference, secretReference, variableNotation } from './secret-reference.ts';
import {
  anyText,
  apiServer,
  count,
  duration,
  exactly,
  list,
  namespaceName,
  nameTemplate,
  objectName,
  oneOf,
  quantity,
  yesOrNo,
} from './values.ts';
import { customIssue } from './words.ts';

export const apiVersion = 'credentials-updater.poolc.org/v1alpha1';
export const kind = 'MemberSync';
/** Of the MemberSync that settings from the environment are. */
export const defaultName = 'credentials-updater';

const schedule = object({
  cron: field(anyText('CRON'), {
    setting: 'SCHEDULE',
    group: 'Tokens and time',
    description: 'when runs happen, to compute the renewal margin; the CronJob passes its own',
    inDocument: 'when runs happen: five cron fields, or @daily and the like',
  }),
  timeZone: field(anyText('ZONE').prefault('Etc/UTC'), {
    setting: 'SCHEDULE_TIMEZONE',
    group: 'Tokens and time',
    description: 'time zone of SCHEDULE',
    inDocument: 'time zone of cron (IANA)',
    onlyWith: 'SCHEDULE',
  }),
}).transform(({ cron, timeZone }, { issues, value }): Schedule => {
  const read = { expression: cron, timeZone };
  const problem = scheduleProblem(read);
  if (problem === undefined) return read;
  issues.push(customIssue(problem, value));
  return z.NEVER;
});

const guard = object({
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

const notifications = object({
  webhook: field(secretReference().optional(), {
    setting: 'NOTIFY_URL',
    group: 'Notifications',
    description:
      'incoming webhook (Slack, Discord, or any that takes JSON): notified of a refusal, a failure, a partial delivery, a missing renewal margin',
    notation: variableNotation,
  }),
  heartbeat: field(secretReference().optional(), {
    setting: 'HEARTBEAT_URL',
    group: 'Notifications',
    description: 'asked with GET after each success, as healthchecks.io expects it',
    notation: variableNotation,
  }),
});

const workspace = object({
  namespace: field(nameTemplate().prefault('{account}'), { description: "name of each member's namespace" }),
  clusterRole: field(anyText('NAME'), { description: 'what the member may do there' }),
  quota: field(z.record(z.string().min(1), field(quantity(), { description: 'at most this' })).prefault({}), {
    description: 'hard limits of a ResourceQuota, such as pods: 20',
  }),
});

const token = object({
  /** Seconds. */
  lifetime: field(duration(600, 2 ** 32).prefault('7d'), {
    setting: 'TOKEN_LIFETIME',
    group: 'Tokens and time',
    description: 'lifetime to ask for; the API server may grant less',
  }),
  /** Seconds. */
  renewBefore: field(duration(60, 2 ** 32).optional(), {
    description: 'the controller renews a token when this much of its life is left; a third unless given',
  }),
  audiences: field(list(messages.audiences()).prefault([]), {
    setting: 'TOKEN_AUDIENCES',
    group: 'Tokens and time',
    description: "audiences of the tokens, comma-separated (the API server's own)",
    inDocument: "audiences of the tokens; the API server's own unless given",
  }),
});

const spec = object({
  directory: field(directoryFields, { description: 'who is a member: exactly one kind' }),
  login: field(
    object({
      stripPrefix: field(anyText('TEXT').optional(), { description: 'taken off the beginning of each login id' }),
      stripSuffix: field(anyText('TEXT').optional(), { description: 'taken off the end of each login id' }),
    }).prefault({}),
    { description: 'how account names are made from login ids' },
  ),
  accounts: field(
    object({
      namespace: field(namespaceName().prefault('poolc-users'), {
        setting: 'TARGET_NAMESPACE',
        group: 'Cluster',
        description: "namespace of the members' ServiceAccounts",
      }),
    }).prefault({}),
    { description: "the members' ServiceAccounts" },
  ),
  workspace: field(workspace.optional(), { description: 'a namespace of their own for each member' }),
  token: field(token.prefault({}), { description: "the members' tokens" }),
  cluster: field(
    object({
      server: field(apiServer().optional(), {
        setting: 'CLUSTER_PUBLIC_SERVER',
        group: 'Cluster',
        description: "the API server's address as members see it (the kubeconfig's)",
      }),
      certificateAuthority: field(certificateReference().optional(), {
        description: "the CA that signed its certificate; the kubeconfig's unless given",
      }),
    }).prefault({}),
    { description: 'the API server as members reach it' },
  ),
  delivery: field(deliveryFields, { description: 'where credentials go: exactly one kind' }),
  maxUndelivered: field(count(0).prefault(0), {
    setting: 'MAX_UNDELIVERED',
    group: 'Guard',
    description: 'members that may be left out of a delivery through our own failure',
  }),
  /** Seconds. */
  interval: field(duration(10, 7 * 86_400).optional(), {
    description: 'how often the controller asks the directory; not together with schedule',
  }),
  schedule: field(schedule.optional(), { description: 'when runs happen; not together with interval' }),
  guard: field(guard.prefault({}), { description: 'what is refused, so that a wrong directory changes nothing' }),
  removalPolicy: field(oneOf(['Remove', 'Report'], 'POLICY').prefault('Remove'), {
    description: 'whether accounts of leavers are removed, or only reported',
  }),
  deletionPolicy: field(oneOf(['Retain', 'Delete'], 'POLICY').prefault('Retain'), {
    description: 'what happens to the accounts when the MemberSync is deleted in the cluster',
  }),
  notifications: field(notifications.prefault({}), { description: 'where operators are notified' }),
  suspend: field(yesOrNo().prefault(false), { description: 'change nothing for now' }),
}).superRefine(({ accounts, token: { lifetime, renewBefore }, delivery, interval, schedule: runs }, { issues }) => {
  const refuse = (path: string[], message: Message) => issues.push({ ...customIssue(message, undefined), path });
  if (interval !== undefined && runs !== undefined) refuse(['interval'], messages.bothTimes());
  if (renewBefore !== undefined && renewBefore >= lifetime) refuse(['token', 'renewBefore'], messages.renewBefore());
  if (delivery.kind === 'secrets' && delivery.namespace === accounts.namespace)
    refuse(['delivery', 'secrets', 'namespace'], messages.secretsApart({ namespace: accounts.namespace }));
});

/** What Kubernetes writes into an object of the cluster. It says nothing here. */
const written = () => z.unknown().optional();

export const memberSyncSchema = object({
  apiVersion: field(exactly(apiVersion), {
    description: 'the format of this document',
  }),
  kind: field(exactly(kind), { description: 'what this document is' }),
  metadata: field(
    object({
      name: field(objectName(), { description: 'its name, which its records on the cluster begin with' }),
      namespace: field(namespaceName(), {
        setting: 'POD_NAMESPACE',
        group: 'Cluster',
        description: "namespace of the run lock and the records (the pod's own, else poolc-system)",
        required: false,
      }),
      labels: written(),
      annotations: written(),
      creationTimestamp: written(),
      deletionGracePeriodSeconds: written(),
      deletionTimestamp: written(),
      finalizers: written(),
      generateName: written(),
      generation: written(),
      managedFields: written(),
      ownerReferences: written(),
      resourceVersion: written(),
      selfLink: written(),
      uid: written(),
    }),
    { description: 'its name and namespace' },
  ),
  spec: field(spec, { description: 'what is wanted' }),
  status: written(),
});

type Document = z.output<typeof memberSyncSchema>;

/** What a document says, defaults filled in: the one form that later code reads. Durations are seconds. */
export type MemberSync = Document['spec'] & { readonly metadata: Pick<Document['metadata'], 'name' | 'namespace'> };

/** The document in the one form that later code reads. */
export function toMemberSync({ metadata: { name, namespace }, spec: wanted }: Document): MemberSync {
  return { metadata: { name, namespace }, ...wanted };
}
