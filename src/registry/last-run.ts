/**
 * The last acknowledged delivery, kept in a ConfigMap for people and for `status`: counts and exceptions, no entry for
 * each member. Beside it, what operators were told last, so that a Job that tries again and again tells them once.
 */
import * as z from 'zod';
import type { ClusterClient } from '../kube/client.ts';
import { readConfigMap } from '../kube/config-maps.ts';
import { updateRecord } from './records.ts';

export const summaryName = 'credentials-updater-summary';
const summaryKey = 'summary.json';
const toldKey = 'told';
const mostExceptions = 1_000;

const summarySchema = z.object({
  /** When the PoolC API acknowledged the map, by the API server's clock (ISO 8601). */
  acknowledgedAt: z.string(),
  /** The acquireTime of the run lock under which it happened: tells whether anybody has taken the lock since. */
  lockAcquireTime: z.string().optional(),
  earliestExpiry: z.string().optional(),
  grantedSeconds: z.number().optional(),
  slackSeconds: z.number().optional(),
  runSeconds: z.number(),
  members: z.number(),
  created: z.number(),
  removed: z.number(),
  notRemoved: z.number(),
  delivered: z.number(),
  undelivered: z.number(),
  undeliveredUuids: z.array(z.string()),
});

export type RunSummary = z.infer<typeof summarySchema>;

export async function writeSummary(
  client: ClusterClient,
  namespace: string,
  summary: RunSummary,
  signal: AbortSignal,
): Promise<void> {
  const text = JSON.stringify(
    { ...summary, undeliveredUuids: summary.undeliveredUuids.slice(0, mostExceptions) },
    undefined,
    2,
  );
  await updateRecord(client, { namespace, name: summaryName }, (data) => ({ ...data, [summaryKey]: text }), signal);
}

/** What operators were told last, as `writeTold` left it; undefined when nothing was. */
export async function readTold(
  client: ClusterClient,
  namespace: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return (await readConfigMap(client, namespace, summaryName, signal)).data[toldKey];
}

export async function writeTold(
  client: ClusterClient,
  namespace: string,
  told: string,
  signal: AbortSignal,
): Promise<void> {
  await updateRecord(client, { namespace, name: summaryName }, (data) => ({ ...data, [toldKey]: told }), signal);
}

/** undefined when no run was ever acknowledged, or the record is unreadable. */
export async function readSummary(
  client: ClusterClient,
  namespace: string,
  signal: AbortSignal,
): Promise<RunSummary | undefined> {
  const { data } = await readConfigMap(client, namespace, summaryName, signal);
  try {
    const parsed = summarySchema.safeParse(JSON.parse(data[summaryKey] ?? 'null'));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
