/**
 * The record of who was given which name (P9) and who is held out: ConfigMaps in the updater's own namespace. Without
 * secrets. One ConfigMap holds about 10,000 names, so names are spread over eight by their hash.
 */
import { createHash } from 'node:crypto';
import { isUuid, type MemberId, nobodysId, parseMemberId } from '../core/member-id.ts';
import type { NamesGiven } from '../core/model.ts';
import type { NameRecord } from '../core/plan.ts';
import type { ClusterClient } from '../kube/client.ts';
import { readConfigMap } from '../kube/config-maps.ts';
import { holdsName, namesGivenName, type RegistryPlace } from './place.ts';
import { updateRecord } from './records.ts';

export const shardCount = 8;

/** The ConfigMap that a name's record is in: part of the format, since shards are read and written by name. */
export function shardOf(name: string): number {
  return (createHash('sha256').update(name).digest()[0] ?? 0) % shardCount;
}

export async function readNamesGiven(
  client: ClusterClient,
  place: RegistryPlace,
  signal: AbortSignal,
): Promise<NamesGiven> {
  const shards = await Promise.all(
    Array.from({ length: shardCount }, (_, shard) =>
      readConfigMap(client, place.namespace, namesGivenName(place, shard), signal),
    ),
  );
  const namesGiven = new Map<string, MemberId>();
  for (const { data } of shards) {
    for (const [name, value] of Object.entries(data)) namesGiven.set(name, ownerOf(value));
  }
  return namesGiven;
}

/** What somebody wrote by hand, and is no id, still says that the name was somebody's. */
function ownerOf(value: string): MemberId {
  return parseMemberId(value) ?? nobodysId;
}

/** Writes the records that are missing or other than said; reads and writes only the shards concerned. */
export async function recordNames(
  client: ClusterClient,
  place: RegistryPlace,
  records: readonly NameRecord[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(startRecording(client, place, records, signal).values());
}

/**
 * The same, without waiting for the end: who creates thousands of accounts can begin with those whose names are written.
 * @returns for each shard concerned, when it is written
 */
export function startRecording(
  client: ClusterClient,
  place: RegistryPlace,
  records: readonly NameRecord[],
  signal: AbortSignal,
): ReadonlyMap<number, Promise<void>> {
  const byShard = Map.groupBy(records, ({ name }) => shardOf(name));
  return new Map(
    [...byShard].map(([shard, entries]) => [shard, recordShard(client, place, { shard, entries }, signal)]),
  );
}

function recordShard(
  client: ClusterClient,
  place: RegistryPlace,
  { shard, entries }: { shard: number; entries: readonly NameRecord[] },
  signal: AbortSignal,
): Promise<void> {
  return updateRecord(
    client,
    { namespace: place.namespace, name: namesGivenName(place, shard) },
    (data) => {
      const missing = entries.filter(({ name, memberId }) => data[name] !== memberId);
      if (missing.length === 0) return undefined;
      return { ...data, ...Object.fromEntries(missing.map(({ name, memberId }) => [name, memberId])) };
    },
    signal,
  );
}

/** Takes a name out of the record, where it is still that member's. @returns whether it was */
export async function forgetName(
  client: ClusterClient,
  place: RegistryPlace,
  { name, memberId }: NameRecord,
  signal: AbortSignal,
): Promise<boolean> {
  let wasTheirs = false;
  await updateRecord(
    client,
    { namespace: place.namespace, name: namesGivenName(place, shardOf(name)) },
    (data) => {
      const value = data[name];
      wasTheirs = value !== undefined && ownerOf(value) === memberId;
      return wasTheirs ? Object.fromEntries(Object.entries(data).filter(([key]) => key !== name)) : undefined;
    },
    signal,
  );
  return wasTheirs;
}

/** Members whom an operator keeps out; written by `revoke --hold` only. */
export async function readHolds(
  client: ClusterClient,
  place: RegistryPlace,
  signal: AbortSignal,
): Promise<Set<MemberId>> {
  const { data } = await readConfigMap(client, place.namespace, holdsName(place), signal);
  return new Set(Object.entries(data).flatMap(([key, value]) => heldBy(key, value) ?? []));
}

/** The key of a hold: a UUID as it is, as people write it by hand; of any other id its hash, since keys have no colons. */
function holdKey(id: MemberId): string {
  return isUuid(id) ? id : `id-${createHash('sha256').update(id).digest('hex')}`;
}

/** Whom an entry keeps out: its key is a UUID, or its value is a time and an id. */
function heldBy(key: string, value: string): MemberId | undefined {
  return isUuid(key) ? parseMemberId(key) : parseMemberId(value.split(' ').slice(1).join(' '));
}

/** Keeps a member out until `releaseMember`; a second hold keeps the first one's time. */
export async function holdMember(
  client: ClusterClient,
  place: RegistryPlace,
  { memberId, since }: { memberId: MemberId; since: string },
  signal: AbortSignal,
): Promise<void> {
  await updateRecord(
    client,
    { namespace: place.namespace, name: holdsName(place) },
    (data) => {
      if (Object.entries(data).some(([key, value]) => heldBy(key, value) === memberId)) return undefined;
      return { ...data, [holdKey(memberId)]: isUuid(memberId) ? since : `${since} ${memberId}` };
    },
    signal,
  );
}

export async function releaseMember(
  client: ClusterClient,
  place: RegistryPlace,
  memberId: MemberId,
  signal: AbortSignal,
): Promise<void> {
  const release = (data: Readonly<Record<string, string>>) => {
    const holds = Object.entries(data);
    const others = holds.filter(([key, value]) => heldBy(key, value) !== memberId);
    return others.length === holds.length ? undefined : Object.fromEntries(others);
  };
  await updateRecord(client, { namespace: place.namespace, name: holdsName(place) }, release, signal);
}
