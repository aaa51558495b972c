/**
 * A collection of the API, kept up to date: listed once, then watched.
 *
 * - A watch begins where the list ended, and goes on from the last version seen, bookmarks included.
 * - The API server ends each watch after some minutes: it is opened again where it ended.
 * - A version that is gone (410), and whatever else the API server refuses, begins with a new list; what vanished meanwhile
 *   is reported as deleted.
 * - A watch that ends at once is a failure too, even after a line: something in between doesn't let it through.
 * - An object that can't be read counts as not there, and keeps no other out.
 * - A connection that says nothing for longer than bookmarks are apart is half closed: it is given up and opened again.
 * - Everything else that fails is tried again for ever, with back-off and jitter.
 */
import * as z from 'zod';
import type { Clock } from '../lib/clock.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import { type ClusterClient, parseJson } from './client.ts';
import { listVersioned } from './pages.ts';

export interface WatchRequest<T> {
  readonly client: ClusterClient;
  /** Of the collection, such as `/api/v1/namespaces/default/serviceaccounts`. */
  readonly path: string;
  /** Selectors, where not everything is wanted. */
  readonly query?: Readonly<Record<string, string>>;
  /** For partial metadata: of the list, and of one object. */
  readonly accept?: { readonly list: string; readonly one: string };
  readonly item: z.ZodType<T>;
  /** How the objects are called in a message. */
  readonly what: string;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** How long a watch may say nothing; the API server sends a bookmark about once a minute. */
  readonly idleMs?: number;
  /** After this long an untroubled watch is ended, and opened where it ended. */
  readonly watchMs?: number;
}

/** What is there now. */
export interface Watched<T> {
  /** By `<namespace>/<name>`. */
  readonly objects: ReadonlyMap<string, T>;
  /** Settles with the first complete list. */
  readonly listed: Promise<void>;
  /** Whether the objects are known at all, and a watch keeps them up to date. */
  readonly isCurrent: boolean;
  /** Ends with the signal, and never throws. */
  readonly ended: Promise<void>;
}

/** `before` and `after` are undefined where there was or is none. */
export type OnChange<T> = (key: string, before: T | undefined, after: T | undefined) => void;

const defaultIdleMs = 150_000;
const defaultWatchMs = 290_000;
const firstWaitMs = 500;
const longestWaitMs = 15_000;
const shortestWatchMs = 1_000;

/** Begins to list and watch, until the signal. @param onChange must not throw */
export function watchCollection<T>(request: WatchRequest<T>, onChange: OnChange<T>): Watched<T> {
  const collection = new Collection(request, onChange);
  const ended = collection.run();
  return {
    objects: collection.objects,
    listed: collection.listed.promise,
    get isCurrent() {
      return collection.isCurrent;
    },
    ended,
  };
}

const eventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
});
/** What every object has, whether we can read the rest of it or not; a bookmark has the version alone. */
const objectSchema = z.looseObject({ metadata: z.looseObject({ name: z.string(), namespace: z.string() }) });
type AnyObject = z.infer<typeof objectSchema>;
const versionSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
const statusSchema = z.object({ code: z.number().optional(), message: z.string().optional() });

class Collection<T> {
  readonly objects = new Map<string, T>();
  readonly listed = Promise.withResolvers<void>();
  isCurrent = false;
  readonly #request: WatchRequest<T>;
  readonly #onChange: OnChange<T>;
  /** Where the next watch begins; undefined where a list is needed first. */
  #version: string | undefined;
  #failures = 0;

  constructor(request: WatchRequest<T>, onChange: OnChange<T>) {
    this.#request = request;
    this.#onChange = onChange;
    // Nobody need wait for it.
    this.listed.promise.catch(() => undefined);
  }

  async run(): Promise<void> {
    const { signal, clock, random, log, what } = this.#request;
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        await this.#watch();
      } catch (error) {
        if (signal.aborted) break;
        const failure = toFailure(error);
        this.isCurrent = false;
        if (failure.status === 410 || !failure.transient) this.#version = undefined;
        const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** this.#failures++) * (0.5 + random() / 2);
        log[failure.transient ? 'debug' : 'warn'](
          `watching ${what}: ${failure.message}; again in ${Math.round(waitMs)} ms`,
        );
        await clock.sleep(waitMs, signal).catch(() => undefined);
      }
    }
    this.listed.reject(signal.reason);
  }

  async #list(): Promise<void> {
    const { client, path, query = {}, what, signal, accept } = this.#request;
    const list = await listVersioned({
      client,
      path,
      query,
      item: objectSchema,
      what,
      signal,
      ...(accept === undefined ? {} : { accept: accept.list }),
    });
    const found = new Map(list.items.map((object) => [keyOf(object), this.#read(object)]));
    for (const key of this.objects.keys()) if (!found.has(key)) this.#set(key, undefined);
    for (const [key, object] of found) this.#set(key, object);
    this.#version = list.resourceVersion;
    this.isCurrent = true;
    this.listed.resolve();
  }

  async #watch(): Promise<void> {
    const {
      client,
      path,
      query = {},
      signal,
      accept,
      idleMs = defaultIdleMs,
      watchMs = defaultWatchMs,
    } = this.#request;
    const { random, clock, what } = this.#request;
    // Spread, so that the watches of one process don't all end in the same moment.
    const timeoutSeconds = Math.ceil((watchMs * (0.75 + random() / 4)) / 1_000);
    const begun = clock.monotonic();
    const lines = await client.stream({
      path,
      query: {
        ...query,
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: this.#version ?? '',
        timeoutSeconds: String(timeoutSeconds),
      },
      signal,
      idleTimeoutMs: idleMs,
      ...(accept === undefined ? {} : { accept: accept.one }),
    });
    this.isCurrent = true;
    const isShort = (): boolean => clock.monotonic() - begun < shortestWatchMs;
    try {
      for await (const line of lines) this.#take(line);
    } finally {
      if (!isShort()) this.#failures = 0;
    }
    if (isShort()) throw new Failure('cluster', `a watch of ${what} ended as soon as it began`, { transient: true });
  }

  #take(line: string): void {
    const { what } = this.#request;
    const event = eventSchema.safeParse(parseJson(line));
    if (!event.success) throw malformedEvent(what);
    const { type, object } = event.data;
    if (type === 'ERROR') {
      // What it could not send is in a list.
      this.#version = undefined;
      const { code, message } = statusSchema.parse(object);
      throw new Failure('cluster', `the API server ended it: ${message ?? 'without a reason'}`, {
        transient: true,
        ...(code === undefined ? {} : { status: code }),
      });
    }
    if (type !== 'BOOKMARK') {
      const named = objectSchema.safeParse(object);
      if (!named.success) throw malformedEvent(what);
      this.#set(keyOf(named.data), type === 'DELETED' ? undefined : this.#read(named.data));
    }
    const version = versionSchema.safeParse(object);
    if (version.success) this.#version = version.data.metadata.resourceVersion;
  }

  /** undefined for one that can't be read: it must not keep the others out. */
  #read(object: AnyObject): T | undefined {
    const { item, log, what } = this.#request;
    const read = item.safeParse(object);
    if (read.success) return read.data;
    log.warn(`an object of ${what} can't be read, and counts as not there: ${object.metadata.name}`);
    return undefined;
  }

  #set(key: string, after: T | undefined): void {
    const before = this.objects.get(key);
    if (after === undefined) this.objects.delete(key);
    else this.objects.set(key, after);
    if (before !== undefined || after !== undefined) this.#onChange(key, before, after);
  }
}

function keyOf({ metadata }: AnyObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function malformedEvent(what: string): Failure {
  return new Failure('cluster', `an event about ${what} is malformed`, { transient: true });
}
