/**
 * What is watched for the MemberSyncs that there are: the accounts of each, and the Secrets and ConfigMaps that it names.
 * Of Secrets and ConfigMaps the metadata alone: a change is what matters here, and what they hold is read when it is used.
 */
import * as z from 'zod';
import type { MemberSync } from '../config/member-sync.ts';
import { namedKeys } from '../config/member-sync-object.ts';
import type { Account } from '../core/model.ts';
import { type ClusterClient, partialMetadata, partialMetadataOfOne } from '../kube/client.ts';
import { collectionOf } from '../kube/keys.ts';
import { type Watched, watchCollection } from '../kube/watch.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { accountSchema } from '../registry/accounts.ts';

export interface WatchSurroundings {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Somebody changed the accounts of this MemberSync, or what it names. */
  readonly onChange: (key: string, what: 'accounts' | 'references') => void;
}

const metadataSchema = z.object({ metadata: z.object({ name: z.string(), resourceVersion: z.string() }) });
const partial = { list: partialMetadata, one: partialMetadataOfOne };

interface Watch {
  readonly stop: AbortController;
  readonly wantedBy: Set<string>;
  readonly accounts?: Watched<Account>;
}

export class Watches {
  readonly #surroundings: WatchSurroundings;
  readonly #watches = new Map<string, Watch>();
  /** By MemberSync, the watches that it wants. */
  readonly #wanted = new Map<string, ReadonlySet<string>>();

  constructor(surroundings: WatchSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Begins what this MemberSync needs and nobody watches yet; ends what nobody needs any more. */
  want(key: string, memberSync: MemberSync): void {
    const wanted = new Set<string>();
    const want = (path: string, query: Record<string, string> | undefined, isAccounts: boolean) => {
      const name = query === undefined ? path : `${path}?${query['fieldSelector']}`;
      wanted.add(name);
      const watch = this.#watches.get(name) ?? this.#begin(path, query, isAccounts);
      this.#watches.set(name, watch);
      watch.wantedBy.add(key);
    };
    want(accountsPath(memberSync.accounts.namespace), undefined, true);
    for (const { kind, namespace, name } of namedKeys(memberSync)) {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/${collectionOf(kind)}`;
      want(path, { fieldSelector: `metadata.name=${name}` }, false);
    }
    this.#release(key, wanted);
    this.#wanted.set(key, wanted);
  }

  forget(key: string): void {
    this.#release(key, new Set());
    this.#wanted.delete(key);
  }

  /** The accounts of a namespace, once they are known and as long as their watch is in order. */
  async accounts(namespace: string, signal: AbortSignal): Promise<readonly Account[] | undefined> {
    const watched = this.#watches.get(accountsPath(namespace))?.accounts;
    if (watched === undefined) return undefined;
    await Promise.race([watched.listed.catch(() => undefined), aborted(signal)]);
    // In the order of a list, for people who read names.
    const byName = (a: Account, b: Account) => (a.name < b.name ? -1 : 1);
    return watched.isCurrent ? [...watched.objects.values()].toSorted(byName) : undefined;
  }

  #release(key: string, wanted: ReadonlySet<string>): void {
    for (const name of this.#wanted.get(key) ?? []) {
      const watch = this.#watches.get(name);
      if (wanted.has(name) || watch === undefined) continue;
      watch.wantedBy.delete(key);
      if (watch.wantedBy.size > 0) continue;
      watch.stop.abort(new Error('nobody needs it any more'));
      this.#watches.delete(name);
    }
  }

  #begin(path: string, query: Record<string, string> | undefined, isAccounts: boolean): Watch {
    const { client, clock, random, log, signal, onChange } = this.#surroundings;
    const stop = new AbortController();
    const wantedBy = new Set<string>();
    const common = { client, path, clock, random, log, signal: AbortSignal.any([signal, stop.signal]) };
    const tell = (what: 'accounts' | 'references') => {
      for (const key of wantedBy) onChange(key, what);
    };
    if (isAccounts) {
      const accounts = watchCollection(
        {
          ...common,
          // Names and marks of an account are all that is looked at.
          accept: partial,
          item: accountSchema,
          what: path.slice('/api/v1/namespaces/'.length),
        },
        (_, before, after) => {
          // A new one is our own, or nobody's; one that is gone or changed may be a member's.
          if (before !== undefined && !isSame(before, after)) tell('accounts');
        },
      );
      return { stop, wantedBy, accounts };
    }
    watchCollection(
      {
        ...common,
        ...(query === undefined ? {} : { query }),
        accept: partial,
        item: metadataSchema,
        what: `${path.slice('/api/v1/namespaces/'.length)} ${query?.['fieldSelector'] ?? ''}`.trim(),
      },
      (_, before, after) => {
        if (before?.metadata.resourceVersion !== after?.metadata.resourceVersion) tell('references');
      },
    );
    return { stop, wantedBy };
  }
}

function isSame(before: Account, after: Account | undefined): boolean {
  return (
    after !== undefined &&
    before.uid === after.uid &&
    before.labelled === after.labelled &&
    before.memberId === after.memberId &&
    before.terminating === after.terminating
  );
}

function accountsPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts`;
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
