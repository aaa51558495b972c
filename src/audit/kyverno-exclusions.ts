/**
 * Whom Kyverno lets past every policy: its ConfigMap excludes users, groups and whoever is bound to certain roles. It
 * counts a RoleBinding in any namespace, so a role that is harmless there opens the whole cluster (pkg/userinfo/roleRef.go
 * and pkg/webhooks/handlers/filter.go of 1.15 and 1.19).
 */

import type { ClusterClient } from '../kube/client.ts';
import { readConfigMap } from '../kube/config-maps.ts';
import { allInOrder } from '../lib/all-in-order.ts';
import type { Gathered } from './gather.ts';
import { whoAmI } from './identity.ts';
import { type WebhookConfiguration, webhookConfigurationKinds } from './objects.ts';
import { type Binding, type Identity, isSubject, type Subject } from './rbac.ts';

const configMapName = 'kyverno';
const defaultNamespace = 'kyverno';
const managedByLabel = 'webhook.kyverno.io/managed-by';

const settings = ['excludeUsernames', 'excludeGroups', 'excludeRoles', 'excludeClusterRoles'] as const;
export type ExclusionSetting = (typeof settings)[number];

interface Patterns {
  readonly excluded: readonly string[];
  /** Written `!name`: not excluded after all. */
  readonly included: readonly string[];
}
export type Exclusions = Readonly<Record<ExclusionSetting, Patterns>>;

/** One subject that a binding exempts. */
export interface Exemption {
  readonly subject: Subject;
  readonly binding: Binding;
  readonly setting: ExclusionSetting;
}

/** undefined where Kyverno is not installed. @throws Failure where its ConfigMap can't be read */
export async function readExclusions(
  client: ClusterClient,
  gathered: Gathered,
  signal: AbortSignal,
): Promise<Exclusions | undefined> {
  if (!(await gathered.apiGroups()).has('kyverno.io')) return undefined;
  const namespace = kyvernoNamespace(await kyvernoWebhooks(gathered));
  return parseExclusions((await readConfigMap(client, namespace, configMapName, signal)).data);
}

/** The configurations that Kyverno has registered. */
export async function kyvernoWebhooks(gathered: Gathered): Promise<WebhookConfiguration[]> {
  const configurations = (await allInOrder(webhookConfigurationKinds.map((kind) => gathered.list(kind)))).flat();
  return configurations.filter(({ metadata }) => metadata.labels[managedByLabel] === 'kyverno');
}

export function kyvernoNamespace(configurations: readonly WebhookConfiguration[]): string {
  const services = configurations.flatMap(({ webhooks }) => webhooks.map(({ clientConfig }) => clientConfig.service));
  return services.find((service) => service)?.namespace ?? defaultNamespace;
}

export function parseExclusions(data: Readonly<Record<string, string>>): Exclusions {
  const patternsOf = (setting: ExclusionSetting): Patterns => {
    const words = (data[setting] ?? '').split(',').map((word) => word.trim());
    return {
      excluded: words.filter((word) => word !== '' && !word.startsWith('!')),
      included: words.filter((word) => word.startsWith('!')).map((word) => word.slice(1).trim()),
    };
  };
  return {
    excludeUsernames: patternsOf('excludeUsernames'),
    excludeGroups: patternsOf('excludeGroups'),
    excludeRoles: patternsOf('excludeRoles'),
    excludeClusterRoles: patternsOf('excludeClusterRoles'),
  };
}

/** By their bindings; those that are excluded by name are in the settings themselves. */
export function exemptionsOf(exclusions: Exclusions, bindings: readonly Binding[]): Exemption[] {
  return bindings.flatMap((binding) => {
    const setting = exemptingSetting(exclusions, binding);
    return setting === undefined ? [] : binding.subjects.map((subject) => ({ subject, binding, setting }));
  });
}

function exemptingSetting(exclusions: Exclusions, { roleRef, namespace }: Binding): ExclusionSetting | undefined {
  const [setting, name]: [ExclusionSetting, string] =
    roleRef.kind === 'ClusterRole'
      ? ['excludeClusterRoles', roleRef.name]
      : ['excludeRoles', `${namespace ?? ''}:${roleRef.name}`];
  return isExcluded(exclusions[setting], name) ? setting : undefined;
}

/** The setting that lets this identity past every policy; undefined where none does. */
export function exemptedBy(
  exclusions: Exclusions,
  bindings: readonly Binding[],
  identity: Identity,
): ExclusionSetting | undefined {
  if (isExcluded(exclusions.excludeUsernames, identity.user)) return 'excludeUsernames';
  if (identity.groups.some((group) => isExcluded(exclusions.excludeGroups, group))) return 'excludeGroups';
  return exemptionsOf(exclusions, bindings).find(({ subject }) => isSubject(subject, identity))?.setting;
}

/** Whether Kyverno lets us past its policies: then what we try shows nothing of what it refuses to members. */
export async function isExempt({
  client,
  gathered,
  signal,
}: {
  readonly client: ClusterClient;
  readonly gathered: Gathered;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const exclusions = await readExclusions(client, gathered, signal);
  if (exclusions === undefined) return false;
  const [{ bindings }, identity] = await allInOrder([gathered.rbac(), whoAmI(client, signal)]);
  return exemptedBy(exclusions, bindings, identity) !== undefined;
}

export function isExcluded({ excluded, included }: Patterns, name: string): boolean {
  return excluded.some((pattern) => matches(pattern, name)) && !included.some((pattern) => matches(pattern, name));
}

/** Kyverno's wildcards: `*` for any text, `?` for at most one character, `.` for one. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('').map((character) => {
    if (character === '*') return '.*';
    if (character === '?') return '.?';
    return character === '.' ? '.' : character.replace(/[\\^$+()[\]{}|/]/, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 's').test(name);
}
