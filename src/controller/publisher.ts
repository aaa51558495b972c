/** What a pass tells the world: the status of its MemberSync, Events for kubectl describe, and operators. */
import type { ClusterClient } from '../kube/client.ts';
import { writeEvent } from '../kube/events.ts';
import { toFailure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import type { MapTiming } from './due.ts';
import { type MemberSyncObject, memberSyncApi, memberSyncCollection, type Status, statusSchema } from './object.ts';
import type { PassResult } from './reconcile.ts';
import { type PassEnd, statusAfter } from './status.ts';
import type { Memory } from './surroundings.ts';
import { tellOperators } from './tell-operators.ts';

export interface PublisherOptions {
  /** Its changes stop when leadership is lost: then it is not our word any more. */
  readonly client: ClusterClient;
  readonly host: string;
  readonly timing: MapTiming;
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** By the API server's clock, in milliseconds since the epoch. */
  readonly now: () => number;
}

export interface ObjectEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
}

export class Publisher {
  readonly #options: PublisherOptions;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** @param object with its latest status. @throws Failure (cluster) when the status can't be written */
  async result(object: MemberSyncObject, end: PassEnd, redact: Memory['redact']): Promise<void> {
    const { client, timing, signal, now } = this.#options;
    const { status: before } = object;
    const found = statusAfter(object, end, { now: now(), timing });
    const status = statusSchema.parse(JSON.parse(redact(JSON.stringify(found))));
    await this.#transition(object, status, end);
    if (end.kind === 'passed') await this.#operators(before, status, end.result);
    const { namespace, name } = object.metadata;
    if (JSON.stringify(status) === JSON.stringify(before)) return;
    await client.call({
      method: 'PATCH',
      path: `${memberSyncCollection(namespace)}/${name}/status`,
      body: { status: withNulls(status, before) },
      signal,
      expected: [404],
    });
  }

  async retained(object: MemberSyncObject): Promise<void> {
    const note =
      'the MemberSync was deleted, and its accounts stay with their tokens (deletionPolicy: Retain); they are not renewed any more';
    await this.event(object, { type: 'Normal', reason: 'AccountsRetained', note });
  }

  /** An Event that can't be written changes nothing. */
  async event(
    { metadata: { namespace, name, uid } }: MemberSyncObject,
    { type, reason, note }: ObjectEvent,
  ): Promise<void> {
    const { client, host, random, log, signal, now } = this.#options;
    const { group, version, kind } = memberSyncApi;
    try {
      await writeEvent(
        client,
        {
          namespace,
          regarding: { apiVersion: `${group}/${version}`, kind, name, uid },
          type,
          reason,
          action: 'Sync',
          note,
          controller: 'credentials-updater',
          instance: host,
          nowMs: now(),
          suffix: Math.floor(random() * 2 ** 48).toString(16),
        },
        AbortSignal.any([signal, AbortSignal.timeout(5_000)]),
      );
    } catch (error) {
      log.debug(`no Event about ${namespace}/${name}: ${toFailure(error).message}`);
    }
  }

  /** What kubectl describe shows: what changed, and each new reason for not being ready. */
  async #transition(object: MemberSyncObject, after: Status, end: PassEnd): Promise<void> {
    const [was, is] = [readyOf(object.status), readyOf(after)];
    if (is !== undefined && is.status === 'False' && was?.reason !== is.reason)
      await this.event(object, { type: 'Warning', reason: is.reason, note: is.message });
    else if (is?.status === 'True' && was?.status === 'False')
      await this.event(object, { type: 'Normal', reason: 'Ready', note: 'everything is in sync again' });
    if (end.kind !== 'passed') return;
    const { createdAccounts, removedAccounts, minted, notDelivered, delivered } = end.result.outcomes;
    if (createdAccounts.length + removedAccounts.length === 0) return;
    const note = `${createdAccounts.length} accounts made, ${removedAccounts.length} removed, ${delivered ? minted - notDelivered : 0} credentials delivered`;
    await this.event(object, { type: 'Normal', reason: 'Synced', note });
  }

  async #operators(before: Status | undefined, after: Status, result: PassResult): Promise<void> {
    const isNews = readyOf(before)?.reason !== readyOf(after)?.reason;
    const { signal, now } = this.#options;
    await tellOperators({ opened: result.opened, result, isNews, now: now() }, signal);
  }
}

function readyOf(status: Status | undefined) {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

/** In a merge patch, what is gone must be named. */
function withNulls(status: Status, before: Status | undefined): Record<string, unknown> {
  const gone = Object.keys(before ?? {}).filter((name) => !Object.hasOwn(status, name));
  return { ...status, ...Object.fromEntries(gone.map((name) => [name, null])) };
}
