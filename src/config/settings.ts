/**
 * The one place where variables and flags become typed settings: those of a MemberSync, and those of this process. What a
 * variable or a flag says is written into a MemberSync first, which is then read as one from a file would be.
 */

import type * as z from 'zod';
import type { GuardLimits } from '../core/guard.ts';
import type { PlanPlace } from '../core/plan-file.ts';
import { isLoopback } from '../http/endpoint.ts';
import { podNamespace } from '../kube/kubeconfig.ts';
import { Failure } from '../lib/failure.ts';
import { isRecord } from '../lib/json.ts';
import { settingMessages as messages } from '../lib/messages/settings.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import type { Variables } from '../lib/variables.ts';
import { type Channels, channelNames } from '../notify/channels.ts';
import { channelsOf } from './channels.ts';
import { flagOf, type SettingDefinition, settingDefinitions } from './definitions.ts';
import { apiVersion, defaultName, kind, type MemberSync, memberSyncSchema, toMemberSync } from './member-sync.ts';
import { readMemberSyncFile } from './member-sync-file.ts';
import type { NamedKey } from './member-sync-object.ts';
import { processSchema } from './process-settings.ts';
import type { HeldKeys } from './read-reference.ts';
import { readSurroundings } from './surroundings.ts';
import { hintOf, wordsOf } from './words.ts';

/** Values by setting name, as the flags gave them. */
export type FlagValues = Readonly<Record<string, string | undefined>>;

export type Settings = Readonly<ReturnType<typeof readSettings>>;

const defaultNamespace = 'poolc-system';
/** Says where a document is that doesn't say it itself, as kubectl does. */
const namespaceSetting = 'POD_NAMESPACE';

export interface SettingSources {
  /** They win over the variables. */
  readonly flags?: FlagValues | undefined;
  /** By setting name, where a command has others than the table. */
  readonly defaults?: FlagValues | undefined;
  /** A MemberSync in a file, which is read in place of the settings that it can say. */
  readonly file?: string | undefined;
  /** A MemberSync of the cluster, in place of them. */
  readonly object?: MemberSyncObject | undefined;
}

/** A MemberSync of the cluster, with what the Secrets and ConfigMaps hold that it names. */
export interface MemberSyncObject {
  readonly memberSync: MemberSync;
  readonly held: HeldKeys;
  /** Reads a list of members that is a key of the cluster. */
  readonly readList: (key: NamedKey, signal: AbortSignal) => Promise<Buffer>;
}

/** @throws Failure (usage) that names the setting or the field, its value and what is wrong with it */
export function readSettings(variables: Variables, { flags = {}, defaults = {}, file, object }: SettingSources = {}) {
  const given = givenSettings(variables, flags, defaults);
  const memberSync =
    object?.memberSync ??
    (file === undefined ? memberSyncOf(given, variables) : memberSyncFrom(file, given, variables));
  const held = object?.held;
  const { allowRemovals, allowAdditions, pushgatewayUrl, ...process } = readGiven(
    processSchema,
    { document: {}, belongsTo: 'process' },
    given,
  );
  const { inPod, cronJobName } = readSurroundings(variables);
  const guard: GuardLimits = { ...memberSync.guard, allowRemovals, allowAdditions };
  return {
    ...memberSync,
    ...process,
    guard,
    /** Accounts that are created or removed at once: account writes wait for etcd, so twice as many. */
    accountConcurrency: 2 * process.mintConcurrency,
    /** Where operators are notified of a run. */
    channels: channelsOf(
      {
        NOTIFY_URL: memberSync.notifications.webhook,
        HEARTBEAT_URL: memberSync.notifications.heartbeat,
        PUSHGATEWAY_URL: pushgatewayUrl,
      },
      { variables, held },
    ),
    /** What the Secrets and ConfigMaps hold that a MemberSync of the cluster names; undefined for any other. */
    held,
    readList: object?.readList,
    inPod,
    /** The CronJob that runs this, for commands that an operator is given to copy. */
    cronJobName: cronJobName ?? defaultName,
    terminationMessagePath: process.terminationMessagePath ?? (inPod ? '/dev/termination-log' : undefined),
    /** The MemberSync that was read; undefined where variables and flags said it. */
    file,
  };
}

/** @throws Failure (usage) for what the document says already, or could say */
function memberSyncFrom(file: string, given: Given, variables: Variables): MemberSync {
  const namespace = given.get(namespaceSetting)?.text ?? podNamespace(readSurroundings(variables)) ?? defaultNamespace;
  const memberSync = readMemberSyncFile(file, namespace);
  const named = namedVariables(memberSync);
  for (const { name, belongsTo, paths } of settingDefinitions) {
    const found = given.get(name);
    if (found === undefined || belongsTo === 'process' || name === namespaceSetting || named.has(name)) continue;
    const [path = []] = paths;
    throw new Failure('usage', messages.notWithFile({ origin: found.origin }), {
      hint: messages.writeInFile({
        field: path.join('.'),
        file: withoutInvisible(file),
        variable: found.origin === name ? name : undefined,
      }),
    });
  }
  return memberSync;
}

/** Variables that the document itself says its secrets are in. */
function namedVariables(value: unknown): ReadonlySet<string> {
  if (!isRecord(value)) return new Set();
  const inside = Object.values(value).flatMap((each) => [...namedVariables(each)]);
  return new Set(typeof value['env'] === 'string' ? [value['env'], ...inside] : inside);
}

/** What was given, by setting name: text, and how the user gave it, for messages. */
type Given = ReadonlyMap<string, { readonly text: string; readonly origin: string }>;

/** An empty value counts as none: that is how a manifest unsets a variable. */
export function givenSettings(
  variables: Variables,
  flags: FlagValues,
  defaults: FlagValues,
  definitions = settingDefinitions,
): Given {
  return new Map(
    definitions.flatMap(({ name }) => {
      const flag = flags[name]?.trim();
      const text = flag || variables[name]?.trim() || defaults[name];
      return text ? [[name, { text, origin: flag ? flagOf(name) : name }]] : [];
    }),
  );
}

function memberSyncOf(given: Given, variables: Variables): MemberSync {
  const document = {
    apiVersion,
    kind,
    metadata: { name: defaultName, namespace: podNamespace(readSurroundings(variables)) ?? defaultNamespace },
    spec: { directory: { poolc: {} }, delivery: { poolc: {} } },
  };
  return toMemberSync(readGiven(memberSyncSchema, { document, belongsTo: 'member-sync' }, given));
}

/** The document with what was given written into it, as the schema reads it. @throws Failure (usage) */
export function readGiven<T>(
  schema: z.ZodType<T>,
  { document, belongsTo }: { document: Record<string, unknown> } & Pick<SettingDefinition, 'belongsTo'>,
  given: Given,
  all = settingDefinitions,
): T {
  const definitions = all.filter((definition) => definition.belongsTo === belongsTo);
  for (const { name, paths, notation, onlyWith } of definitions) {
    const { text } = given.get(name) ?? {};
    if (text === undefined || (onlyWith !== undefined && !given.has(onlyWith))) continue;
    for (const path of paths) put(document, path, notation.fromText(text, name));
  }
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  throw refusalOf(result.error, definitions, given);
}

function put(target: Record<string, unknown>, [name, ...inner]: readonly string[], value: unknown): void {
  if (name === undefined) return;
  const there = target[name];
  const within = isRecord(there) ? { ...there } : {};
  put(within, inner, value);
  target[name] = inner.length === 0 ? value : within;
}

function refusalOf({ issues: [issue] }: z.ZodError, definitions: readonly SettingDefinition[], given: Given): Failure {
  const at = issue?.path.join('.') ?? '';
  const isAt = (path: readonly string[]) => at === path.join('.');
  const isNear = (path: readonly string[]) =>
    at.startsWith(`${path.join('.')}.`) || path.join('.').startsWith(`${at}.`);
  const guilty =
    definitions.find(({ paths }) => paths.some(isAt)) ??
    definitions.find(({ name, paths }) => given.has(name) && paths.some(isNear));
  const { text = '', origin = at } = given.get(guilty?.name ?? '') ?? {};
  const shown = guilty?.paths.some(isAt) ? (guilty.notation.shown?.(text) ?? '') : '';
  const hint = hintOf(issue);
  return new Failure(
    'usage',
    messages.unusable({ given: `${origin}${shown}`, why: wordsOf(issue) }),
    hint === undefined ? {} : { hint },
  );
}

/** Where operators are notified, also when another setting can't be used. Never throws. */
export function readChannelSettings(variables: Variables): Channels {
  const given = givenSettings(variables, {}, {});
  return channelsOf(Object.fromEntries(channelNames.flatMap((env) => (given.has(env) ? [[env, { env }]] : []))), {
    variables,
    held: undefined,
  });
}

/** Of a run that never began: where its lock and the accounts would have been, as far as can be told. Never throws. */
export function readPlaceOfRun(variables: Variables): { namespace: string; membersNamespace: string } {
  const given = givenSettings(variables, {}, {});
  const say = (setting: string) =>
    given.get(setting)?.text ?? settingDefinitions.find(({ name }) => name === setting)?.default;
  return {
    namespace: say('POD_NAMESPACE') ?? defaultNamespace,
    membersNamespace: say('TARGET_NAMESPACE') ?? '',
  };
}

/** Whether somebody said it, whatever the default. A document says all that it can say. */
export function isGiven(setting: string, variables: Variables, { flags = {}, file, object }: SettingSources): boolean {
  return file !== undefined || object !== undefined || givenSettings(variables, flags, {}).has(setting);
}

/** Where the directory is asked; undefined when it isn't set, or has no address. */
export function directoryAddress({ directory }: Pick<Settings, 'directory'>): URL | undefined {
  switch (directory.kind) {
    case 'poolc':
      return directory.endpoint;
    case 'http':
      return directory.url;
    case 'ldap':
      return new URL(directory.url);
    case 'github':
      return directory.apiURL;
    case 'file':
      return undefined;
  }
}

/** Whether the directory is on this very machine: a test set-up, which can't replace production's tokens. */
export function isLocalEndpoint(settings: Pick<Settings, 'directory'>): boolean {
  const address = directoryAddress(settings);
  return address !== undefined && isLoopback(address.hostname);
}

/** Where a sync is: the namespace of the run lock and the records, whose names begin with its own, and that of the accounts. */
export function namespacesOf({ metadata, accounts }: Pick<Settings, 'metadata' | 'accounts'>) {
  return { podNamespace: metadata.namespace, targetNamespace: accounts.namespace, syncName: metadata.name };
}

/** What a plan is made between, for a plan that is applied later. */
export function planPlace(settings: Settings): PlanPlace {
  return { targetNamespace: settings.accounts.namespace, endpoint: directoryAddress(settings)?.href ?? '' };
}
