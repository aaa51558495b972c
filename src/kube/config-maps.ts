/** Small records on the cluster: ConfigMaps, written with their resourceVersion, never with apply. */
import * as z from 'zod';
import { Failure } from '../lib/failure.ts';
import { type ClusterClient, parseAnswer } from './client.ts';

/** As it came: what somebody else has put on it, a label or an annotation, is written back. */
const configMapSchema = z.looseObject({
  metadata: z.looseObject({
    resourceVersion: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    managedFields: z.unknown().optional(),
  }),
  data: z.record(z.string(), z.string()).optional(),
});
type ConfigMap = z.infer<typeof configMapSchema>;

export interface ConfigMapContent {
  readonly data: Readonly<Record<string, string>>;
  /** undefined when the ConfigMap doesn't exist. */
  readonly resourceVersion: string | undefined;
}

/** Where it is, and what it is labelled with whenever it is written. */
export interface NewConfigMap {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export async function readConfigMap(
  client: ClusterClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<ConfigMapContent> {
  const found = await findConfigMap(client, namespace, name, signal);
  return { data: found?.data ?? {}, resourceVersion: found?.metadata.resourceVersion };
}

async function findConfigMap(
  client: ClusterClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<ConfigMap | undefined> {
  const response = await client.call({
    method: 'GET',
    path: `${collection(namespace)}/${name}`,
    signal,
    expected: [404],
  });
  return response.status === 404 ? undefined : parseAnswer(configMapSchema, response, `the ConfigMap ${name}`);
}

/**
 * Reads, changes and writes a ConfigMap; done again from the start when someone else wrote meanwhile.
 * @param change gives the new data, or undefined when there is nothing to write
 */
export async function updateConfigMap(
  client: ClusterClient,
  { namespace, name, labels }: NewConfigMap,
  change: (data: Readonly<Record<string, string>>) => Record<string, string> | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const found = await findConfigMap(client, namespace, name, signal);
    const data = change(found?.data ?? {});
    if (data === undefined) return;
    const exists = found !== undefined;
    const { managedFields: _, ...metadata } = found?.metadata ?? {};
    const body = {
      ...found,
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, name, namespace, labels: { ...found?.metadata.labels, ...labels } },
      data,
    };
    const response = await client.call({
      method: exists ? 'PUT' : 'POST',
      path: exists ? `${collection(namespace)}/${name}` : collection(namespace),
      body,
      signal,
      expected: exists ? [404, 409] : [409],
    });
    if (response.status < 300) return;
  }
  throw new Failure('cluster', `the ConfigMap ${name} in ${namespace} is being changed by someone else all the time`, {
    transient: true,
  });
}

function collection(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`;
}
