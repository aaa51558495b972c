/** A MemberSync that is an object of a cluster: read as one from a file is, and its references looked up in its namespace. */
import type { KeyedObject } from '../kube/keys.ts';
import { Failure, withContext } from '../lib/failure.ts';
import { isRecord } from '../lib/json.ts';
import { settingMessages as messages, valueMessages } from '../lib/messages/settings.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { type MemberSync, memberSyncSchema, toMemberSync } from './member-sync.ts';
import { type HeldKeys, heldName } from './read-reference.ts';
import { wordsOf } from './words.ts';

/** What an object of the cluster says. @throws Failure (usage) that names the field and what is needed there */
export function parseMemberSyncObject(object: unknown): MemberSync {
  const result = memberSyncSchema.safeParse(object);
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = withoutInvisible((issue?.path ?? []).map(String).join('.')) || 'the object';
    throw new Failure('usage', messages.unusable({ given: path, why: wordsOf(issue) }), {
      hint: messages.explainWithKubectl({ path }),
    });
  }
  const memberSync = toMemberSync(result.data);
  const { directory, delivery } = memberSync;
  if (delivery.kind === 'poolc' && JSON.stringify(directory) !== JSON.stringify(delivery)) {
    throw new Failure('usage', valueMessages.samePoolc());
  }
  return memberSync;
}

/** A Secret or ConfigMap that a MemberSync names. */
export interface NamedKey extends KeyedObject {
  readonly key: string;
  /** Where it is named: `spec.directory.poolc.apiKey`. */
  readonly field: string;
}

/** Every Secret and ConfigMap that it names, in its own namespace. */
export function namedKeys({ metadata, ...spec }: MemberSync): NamedKey[] {
  return keysIn(spec, 'spec').map((key) => ({ ...key, namespace: metadata.namespace }));
}

function keysIn(value: unknown, field: string): Omit<NamedKey, 'namespace'>[] {
  if (!isRecord(value)) return [];
  // Of directory and delivery, the document names the kind.
  const here = typeof value['kind'] === 'string' ? `${field}.${value['kind']}` : field;
  return Object.entries(value).flatMap(([name, inner]) => {
    if ((name === 'secretKeyRef' || name === 'configMapKeyRef') && isKey(inner))
      return [{ kind: name === 'secretKeyRef' ? ('Secret' as const) : ('ConfigMap' as const), ...inner, field: here }];
    return keysIn(inner, `${here}.${name}`);
  });
}

function isKey(value: unknown): value is { name: string; key: string } {
  return isRecord(value) && typeof value['name'] === 'string' && typeof value['key'] === 'string';
}

/**
 * What those keys hold, for whoever opens the directory and the delivery. A list of members is left out: it is read when it
 * is needed.
 * @throws what `read` throws, with the field that names the key
 */
export async function holdKeys(memberSync: MemberSync, read: (key: NamedKey) => Promise<Buffer>): Promise<HeldKeys> {
  const held = new Map<string, string>();
  for (const key of namedKeys(memberSync)) {
    if (key.field === 'spec.directory.file') continue;
    try {
      held.set(heldName(key.kind, key), (await read(key)).toString('utf8'));
    } catch (error) {
      throw withContext(messages.cannotBeRead({ field: key.field }), error);
    }
  }
  return held;
}
