/**
 * The last acknowledged delivery, kept in a ConfigMap for people and for `status`: counts and exceptions, no entry for
 * each member. Beside it, what operators were notified of last, so that a Job that tries again and again notifies them once.
 */
import * as z from 'zod';
import type { ClusterClient } from '../kube/client.ts';
import { readConfigMap } from '../kube/config-maps.ts';
import { lastRunName, type RegistryPlace } from './place.ts';
import { updateRecord } from './records.ts';

const summaryKey = 'summary.json';
const notifiedKey = 'told';
const mostExceptions = 1_000;

const summarySchema = z.object({
  /** When the PoolC API acknowledged the map, by the API server's clock (ISO 8601). */
  acknowledgedAt: z.string(),
  /** The acquireTime of the run lock under which it happened: tells whether anybody has taken the lock since. */
  lockAcquireTime: z.string().optional(),
  /** Of the tokens that were delivered; where none was, of those that members have from before. */
  earliestExpiry: z.string().optional(),
  /** Of the tokens that members who got none this time have from before, where each delivery stands for itself. */
  olderExpiry: z.string().optional(),
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
  /** UIDs of accounts that were made in the seconds before it, and were delivered: their age alone would not tell. */
  recentUids: z.array(z.string()).optional(),
});

export type LastRun = z.infer<typeof summarySchema>;

/** @param make given the record before, where there is one */
export async function writeLastRun(
  client: ClusterClient,
  place: RegistryPlace,
  make: (previous: LastRun | undefined) => LastRun,
  signal: AbortSignal,
): Promise<LastRun | undefined> {
  let written: LastRun | undefined;
  await updateRecord(
    client,
    { namespace: place.namespace, name: lastRunName(place) },
    (data) => {
      const lastRun = make(parseLastRun(data));
      written = { ...lastRun, undeliveredUuids: lastRun.undeliveredUuids.slice(0, mostExceptions) };
      return { ...data, [summaryKey]: JSON.stringify(written, undefined, 2) };
    },
    signal,
  );
  return written;
}

/** When the first of all tokens that members have expires (ISO 8601). */
export function firstExpiry({ earliestExpiry, olderExpiry }: LastRun): string | undefined {
  return [earliestExpiry, olderExpiry].filter((time) => time !== undefined).toSorted()[0];
}

/** What operators were notified of last, as `writeNotified` left it; undefined when nothing was. */
export async function readNotified(
  client: ClusterClient,
  place: RegistryPlace,
  signal: AbortSignal,
): Promise<string | undefined> {
  return (await readConfigMap(client, place.namespace, lastRunName(place), signal)).data[notifiedKey];
}

export async function writeNotified(
  client: ClusterClient,
  place: RegistryPlace,
  fingerprint: string,
  signal: AbortSignal,
): Promise<void> {
  await updateRecord(
    client,
    { namespace: place.namespace, name: lastRunName(place) },
    (data) => ({ ...data, [notifiedKey]: fingerprint }),
    signal,
  );
}

/** undefined when no run was ever acknowledged, or the record is unreadable. */
export async function readLastRun(
  client: ClusterClient,
  place: RegistryPlace,
  signal: AbortSignal,
): Promise<LastRun | undefined> {
  return parseLastRun((await readConfigMap(client, place.namespace, lastRunName(place), signal)).data);
}

function parseLastRun(data: Readonly<Record<string, string>>): LastRun | undefined {
  try {
    const parsed = summarySchema.safeParse(JSON.parse(data[summaryKey] ?? 'null'));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
