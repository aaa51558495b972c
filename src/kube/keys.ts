/** One Secret or ConfigMap with its data, by name. */
import * as z from 'zod';
import { Failure } from '../lib/failure.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { type ClusterClient, parseAnswer } from './client.ts';

export interface KeyedObject {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
}

const schema = z.object({
  data: z.record(z.string(), z.string()).nullish(),
  binaryData: z.record(z.string(), z.string()).nullish(),
});

/** What a key holds. @throws Failure (usage) that says which object or which key is missing */
export async function readKey(
  client: ClusterClient,
  object: KeyedObject,
  key: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const { kind, namespace, name } = object;
  const what = `the ${kind} ${namespace}/${withoutInvisible(name)}`;
  const response = await client.call({
    method: 'GET',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/${collectionOf(kind)}/${encodeURIComponent(name)}`,
    signal,
    expected: [404],
  });
  if (response.status === 404)
    throw new Failure('usage', `there is no ${what.slice(4)}`, { hint: 'create it, or correct the reference to it' });
  const { data, binaryData } = parseAnswer(schema, response, what);
  const text = data?.[key];
  const binary = kind === 'Secret' ? text : binaryData?.[key];
  if (binary !== undefined) return Buffer.from(binary, 'base64');
  if (text !== undefined) return Buffer.from(text);
  const keys = Object.keys({ ...data, ...binaryData }).map(withoutInvisible);
  throw new Failure('usage', `${what} has no key ${withoutInvisible(key)}`, {
    hint: keys.length === 0 ? 'it has no key at all' : `it has ${keys.slice(0, 10).join(', ')}`,
  });
}

export function collectionOf(kind: KeyedObject['kind']): string {
  return kind === 'Secret' ? 'secrets' : 'configmaps';
}
