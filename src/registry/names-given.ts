/**
 * The record of who was given which name (P9) and who is held out: ConfigMaps in the updater's own namespace. Without
 * secrets. One ConfigMap holds about 10,000 names, so names are spread over eight by their hash.
 */
import { createHash } from 'node:crypto';
import { isUuid, nobodysUuid, type Reservations } from '../core/model.ts';
import type { NameRecord } from '../core/plan.ts';
import type { ClusterClient } from '../kube/client.ts';
import { readConfigMap } from '../kube/config-maps.ts';
import { updateRecord } from './records.ts';

export const shardCount = 8;
export const holdsName = 'credentials-updater-holds';

export const shardName = (shard: number): string => `credentials-updater-names-${shard}`;

/** The ConfigMap that a name's record is in: part of the format, since shards are read and written by name. */
export function shardOf(name: string): number {
  return (createHash('sha256').update(name).digest()[0] ?? 0) % shardCount;
}

export async function readReservations(
  client: ClusterClient,
  namespace: string,
  signal: AbortSignal,
): Promise<Reservations> {
  const shards = await Promise.all(
    Array.from({ length: shardCount }, (_, shard) => readConfigMap(client, namespace, shardName(shard), signal)),
  );
  const reservations = new Map<string, string>();
  for (const { data } of shards) {
    for (const [name, value] of Object.entries(data)) {
      const uuid = value.trim().toLowerCase();
      // What somebody wrote by hand, and is no UUID, still says that the name was somebody's.
      reservations.set(name, isUuid(uuid) ? uuid : nobodysUuid);
    }
  }
  return reservations;
}

/** Writes the records that are missing or other than said; reads and writes only the shards concerned. */
export async function recordNames(
  client: ClusterClient,
  namespace: string,
  records: readonly NameRecord[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(startRecording(client, namespace, records, signal).values());
}

/**
 * The same, without waiting for the end: who creates thousands of accounts can begin with those whose names are written.
 * @returns for each shard concerned, when it is written
 */
export function startRecording(
  client: ClusterClient,
  namespace: string,
  records: readonly NameRecord[],
  signal: AbortSignal,
): ReadonlyMap<number, Promise<void>> {
  const byShard = Map.groupBy(records, ({ name }) => shardOf(name));
  return new Map(
    [...byShard].map(([shard, entries]) => [shard, recordShard(client, namespace, { shard, entries }, signal)]),
  );
}

function recordShard(
  client: ClusterClient,
  namespace: string,
  { shard, entries }: { shard: number; entries: readonly NameRecord[] },
  signal: AbortSignal,
): Promise<void> {
  return updateRecord(
    client,
    { namespace, name: shardName(shard) },
    (data) => {
      const missing = entries.filter(({ name, uuid }) => data[name] !== uuid);
      if (missing.length === 0) return undefined;
      return { ...data, ...Object.fromEntries(missing.map(({ name, uuid }) => [name, uuid])) };
    },
    signal,
  );
}

/** UUIDs that an operator keeps out; written by `revoke --hold` only. */
export async function readHolds(client: ClusterClient, namespace: string, signal: AbortSignal): Promise<Set<string>> {
  const { data } = await readConfigMap(client, namespace, holdsName, signal);
  return new Set(
    Object.keys(data)
      .filter(isUuid)
      .map((uuid) => uuid.toLowerCase()),
  );
}

/** Keeps a member out until `releaseMember`; a second hold keeps the first one's time. */
export async function holdMember(
  client: ClusterClient,
  namespace: string,
  { uuid, since }: { uuid: string; since: string },
  signal: AbortSignal,
): Promise<void> {
  await updateRecord(
    client,
    { namespace, name: holdsName },
    (data) => (uuid in data ? undefined : { ...data, [uuid]: since }),
    signal,
  );
}

export async function releaseMember(
  client: ClusterClient,
  namespace: string,
  uuid: string,
  signal: AbortSignal,
): Promise<void> {
  const release = (data: Readonly<Record<string, string>>) => {
    const holds = Object.entries(data);
    const others = holds.filter(([held]) => held.toLowerCase() !== uuid);
    return others.length === holds.length ? undefined : Object.fromEntries(others);
  };
  await updateRecord(client, { namespace, name: holdsName }, release, signal);
}
