/**
 * The controller: one replica leads, and passes over each MemberSync whenever something changed or is due. The others
 * wait for its Lease. Everything that matters is on the cluster, so that a new leader goes on where the last one ended.
 */
import type { ClusterClient, FencedClient } from '../kube/client.ts';
import { type Watched, watchCollection } from '../kube/watch.ts';
import type { Clock } from '../lib/clock.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import { readHolds, readNamesGiven } from '../registry/names-given.ts';
import { leaderLeaseName } from '../run/leader-lease.ts';
import { acquireLeaseLock, type RunLock } from '../run/run-lock.ts';
import { type Observed, observe } from '../sync/make-plan.ts';
import { sentence } from './conditions.ts';
import { hasFinalizer, isBeingDeleted, keepFinalizer, removeAll } from './deletion.ts';
import type { MapTiming } from './due.ts';
import type { Liveness } from './liveness.ts';
import { timeOf } from './membership.ts';
import type { ControllerMetrics } from './metrics.ts';
import { isAskedAnew, keyOf, type MemberSyncObject, memberSyncCollection, memberSyncObjectSchema } from './object.ts';
import { Publisher } from './publisher.ts';
import { WorkQueue } from './queue.ts';
import { type PassResult, reconcile } from './reconcile.ts';
import type { PassEnd } from './status.ts';
import { type Memory, newMemory, type OpenedSync, type Surroundings } from './surroundings.ts';
import { Watches } from './watches.ts';

export interface ControllerOptions {
  readonly client: ClusterClient;
  /** Where the leader's Lease is. */
  readonly namespace: string;
  /** Whose MemberSyncs it looks after. */
  readonly watchedNamespaces: readonly string[];
  readonly host: string;
  readonly leaseSeconds: number;
  readonly passSeconds: number;
  readonly timing: MapTiming;
  /** MemberSyncs that are worked on at once. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: ControllerMetrics;
  readonly liveness: Liveness;
  readonly open: Surroundings['open'];
  readonly signal: AbortSignal;
}

const leaderWords = { lock: 'the leadership', holder: 'controller' };

/** Runs until the signal: leads, or waits to lead. */
export async function runController(options: ControllerOptions): Promise<void> {
  const { signal, log, clock, random, metrics } = options;
  const objects = watchObjects(options);
  while (!signal.aborted) {
    try {
      const leader = await becomeLeader(options);
      metrics.isLeader = true;
      log.info('this controller leads now');
      try {
        await lead(options, leader, objects);
      } finally {
        metrics.isLeader = false;
        await leader.release();
      }
      if (!signal.aborted) log.warn('this controller leads no more, and waits to lead again');
    } catch (error) {
      if (signal.aborted) break;
      log.warn(`leading: ${toFailure(error).message}`);
      await clock.sleep(1_000 + random() * 4_000, signal).catch(() => undefined);
    }
  }
  await Promise.all(objects.map(({ watched }) => watched.ended));
}

function becomeLeader({ client, namespace, host, leaseSeconds, clock, random, log, signal }: ControllerOptions) {
  const durationMs = leaseSeconds * 1_000;
  return acquireLeaseLock({
    client,
    address: { namespace, name: leaderLeaseName },
    holder: `${host}-${Math.floor(random() * 2 ** 32).toString(16)}`,
    clock,
    log,
    signal,
    durationMs,
    renewEveryMs: durationMs / 3,
    pollMs: durationMs / 6,
    waitMs: Number.POSITIVE_INFINITY,
    words: leaderWords,
  });
}

interface WatchedObjects {
  readonly watched: Watched<MemberSyncObject>;
  readonly listeners: Set<
    (key: string, before: MemberSyncObject | undefined, after: MemberSyncObject | undefined) => void
  >;
}

/** The MemberSyncs themselves are watched by every replica, so that a new leader knows them already. */
function watchObjects({ client, watchedNamespaces, clock, random, log, signal, metrics }: ControllerOptions) {
  return watchedNamespaces.map((namespace): WatchedObjects => {
    const listeners: WatchedObjects['listeners'] = new Set();
    const watched = watchCollection(
      {
        client,
        path: memberSyncCollection(namespace),
        item: memberSyncObjectSchema,
        what: `MemberSyncs in ${namespace}`,
        clock,
        random,
        log,
        signal,
      },
      (key, before, after) => {
        for (const listener of listeners) listener(key, before, after);
      },
    );
    metrics.watched.push(watched);
    return { watched, listeners };
  });
}

/** Until leadership is lost, or the signal. */
async function lead(options: ControllerOptions, leader: RunLock, objects: readonly WatchedObjects[]): Promise<void> {
  const signal = AbortSignal.any([options.signal, leader.lost]);
  const leading = new Leading(options, leader, signal);
  const stops = objects.map(({ watched, listeners }) => {
    const listener = leading.onObject.bind(leading);
    listeners.add(listener);
    for (const [key, object] of watched.objects) listener(key, undefined, object);
    return () => listeners.delete(listener);
  });
  const { queue } = leading;
  const ended = options.liveness.leads({
    // Once it is to end, it is to end soon, whatever the Lease says.
    remainingMs: () => (signal.aborted ? 0 : leader.remainingMs()),
    overdueMs: () => queue.overdueMs,
  });
  try {
    await queue.run(signal);
  } finally {
    ended();
    for (const stop of stops) stop();
  }
}

/** One term of leadership. */
class Leading {
  readonly queue: WorkQueue;
  readonly #options: ControllerOptions;
  readonly #leader: RunLock;
  readonly #client: FencedClient;
  readonly #signal: AbortSignal;
  readonly #watches: Watches;
  readonly #objects = new Map<string, MemberSyncObject>();
  readonly #memories = new Map<string, Memory>();
  readonly #publisher: Publisher;

  constructor(options: ControllerOptions, leader: RunLock, signal: AbortSignal) {
    const { client, clock, random, log, concurrency, metrics } = options;
    this.#options = options;
    this.#leader = leader;
    this.#client = client.withFence(leader.assertHeld);
    this.#signal = signal;
    this.#watches = new Watches({
      client,
      clock,
      random,
      log,
      signal,
      onChange: (key, what) => this.#onChange(key, what),
    });
    this.queue = new WorkQueue({
      clock,
      random,
      concurrency,
      work: (key) => this.#work(key),
      onFailure: (key, error, againMs) => {
        if (signal.aborted) return;
        metrics.failed++;
        log.warn(`${key}: ${sentence(toFailure(error))}; again in ${Math.ceil(againMs / 1_000)} s`);
      },
    });
    this.#publisher = new Publisher({
      ...options,
      client: this.#client,
      signal,
      now: () => timeOf(this.#surroundings()),
    });
    metrics.queue = this.queue;
    metrics.objects = this.#objects;
  }

  onObject(key: string, before: MemberSyncObject | undefined, after: MemberSyncObject | undefined): void {
    if (after === undefined) {
      this.#objects.delete(key);
      this.#memories.delete(key);
      this.#watches.forget(key);
      this.queue.remove(key);
      if (before !== undefined && !hasFinalizer(before)) void this.#publisher.retained(before);
      return;
    }
    this.#objects.set(key, after);
    if (before === undefined || isAskedAnew(before, after)) this.queue.add(key);
  }

  #onChange(key: string, what: 'accounts' | 'references'): void {
    const memory = this.#memories.get(key);
    const object = this.#objects.get(key);
    if (memory === undefined || object === undefined) return;
    memory.isDirty = true;
    // Many changes at once are one pass; ours come by here too.
    this.queue.add(key, what === 'accounts' ? 1_000 : 50);
  }

  /** @returns in how many milliseconds the next pass is due */
  async #work(key: string): Promise<number | undefined> {
    const object = this.#objects.get(key);
    if (object === undefined) return undefined;
    const { liveness, passSeconds } = this.#options;
    const ended = liveness.await(`the pass over ${key}`, passSeconds * 1_000);
    try {
      return await this.#workOn(key, object);
    } finally {
      ended();
    }
  }

  async #workOn(key: string, object: MemberSyncObject): Promise<number | undefined> {
    const { clock, random, metrics, passSeconds } = this.#options;
    const memory = this.#memories.get(key) ?? newMemory();
    this.#memories.set(key, memory);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(tookTooLong(passSeconds)), passSeconds * 1_000);
    const signal = AbortSignal.any([this.#signal, deadline.signal]);
    const startedAt = clock.monotonic();
    const surroundings = this.#surroundings();
    let end: PassEnd | undefined;
    try {
      end = await this.#pass(surroundings, object, memory, signal);
    } catch (error) {
      // Somebody else leads now, or we are to end: not our word any more.
      if (this.#signal.aborted) return undefined;
      end = { kind: 'failed', failure: toFailure(error) };
    } finally {
      clearTimeout(timer);
      metrics.passed((clock.monotonic() - startedAt) / 1_000);
    }
    if (end === undefined) return undefined;
    const isWell = isWellEnded(end);
    memory.failures = isWell ? 0 : memory.failures + 1;
    if (!isWell) {
      metrics.failed++;
      // What somebody changed was not followed yet.
      memory.isDirty = true;
    }
    const latest = this.#objects.get(key);
    if (latest?.metadata.uid === object.metadata.uid)
      await this.#publisher.result({ ...object, status: latest.status }, end, memory.redact);
    const backOffMs = Math.min(300_000, 1_000 * 2 ** (memory.failures - 1)) * (0.5 + random() / 2);
    return againAfter(end, timeOf(surroundings), isWell ? undefined : backOffMs);
  }

  async #pass(
    surroundings: Surroundings,
    object: MemberSyncObject,
    memory: Memory,
    signal: AbortSignal,
  ): Promise<PassEnd | undefined> {
    if (isBeingDeleted(object) && !hasFinalizer(object)) return undefined;
    const opened = await surroundings.open(object, this.#client, signal);
    memory.redact = (text) => opened.context.redactor.redact(text);
    if (isBeingDeleted(object)) {
      const count = await removeAll(surroundings, object, opened, signal);
      const note = `${count} accounts were removed, as deletionPolicy says`;
      await this.#publisher.event(object, { type: 'Normal', reason: 'AccountsRemoved', note });
      return undefined;
    }
    await keepFinalizer(surroundings, object, opened.wanted.deletionPolicy, signal);
    this.#watches.want(keyOf(object), opened.wanted);
    if (opened.wanted.suspend) return { kind: 'suspended' };
    return { kind: 'passed', result: await reconcile(surroundings, { object, opened, memory }, signal) };
  }

  #surroundings(): Surroundings {
    const { host, leaseSeconds, passSeconds, timing, clock, random, log, open } = this.#options;
    return {
      client: this.#client,
      leader: this.#leader,
      host,
      lockSeconds: leaseSeconds,
      passSeconds,
      timing,
      clock,
      random,
      log,
      open,
      observed: (opened, memory, signal) => this.#observed(opened, memory, signal),
    };
  }

  async #observed(
    { context: { target, registry } }: OpenedSync,
    memory: Memory,
    signal: AbortSignal,
  ): Promise<Observed> {
    const accounts = await this.#watches.accounts(target.namespace, signal);
    // A namespace without any account of ours may be one that is not there: the list knows how to ask.
    if (accounts?.some(({ labelled }) => labelled) !== true) return observe(target, registry, signal);
    const { clock } = this.#options;
    const now = clock.monotonic();
    const isFresh = memory.names !== undefined && now - memory.names.at < namesTrustedMs;
    const [namesGiven, holds] = await Promise.all([
      isFresh && memory.names !== undefined ? memory.names.namesGiven : readNamesGiven(target.client, registry, signal),
      readHolds(target.client, registry, signal),
    ]);
    memory.names = { namesGiven, at: isFresh && memory.names !== undefined ? memory.names.at : now };
    return { accounts, namesGiven, holds };
  }
}

/** Another writer of names holds the run lock, and changes accounts too: what was read before is right until then. */
const namesTrustedMs = 1_800_000;

function isWellEnded(end: PassEnd): boolean {
  if (end.kind === 'suspended') return true;
  if (end.kind === 'failed') return false;
  const { trust, undelivered, outcomes } = end.result;
  const failed = outcomes.failedMembers.length + outcomes.accountsNotRemoved.length;
  return trust.kind !== 'failed' && trust.kind !== 'refused' && undelivered === undefined && failed === 0;
}

/** In milliseconds; undefined for no time at all. */
function againAfter(end: PassEnd, now: number, backOffMs: number | undefined): number | undefined {
  if (end.kind === 'suspended') return undefined;
  if (end.kind === 'failed') return backOffMs;
  const { nextSync, nextDelivery }: PassResult = end.result;
  const next = Math.min(...(backOffMs === undefined ? [nextSync, nextDelivery] : [nextDelivery])) - now;
  const bounded = backOffMs === undefined ? Math.max(next, 100) : Math.max(Math.min(next, backOffMs), 1_000);
  return Number.isFinite(bounded) ? bounded : undefined;
}

function tookTooLong(seconds: number): Failure {
  return new Failure('deadline', `the pass took longer than ${seconds} s (RUN_DEADLINE) and was stopped`, {
    hint: "the controller's log says what it was waiting for; the next pass finishes the work",
  });
}
