/**
 * One run at a time: a Lease in the updater's namespace. The holder renews it while it works; anyone who waits takes it
 * over only after having watched renewTime stand still for the whole duration on their own clock, so two clocks are
 * never compared. A holder that cannot renew stops changing anything when its own count, begun before the request that
 * last succeeded, has run out: that is always earlier than anybody else may take over.
 */

import { defaultRetryPolicy, type RetryPolicy } from '../http/retry.ts';
import type { ClusterClient } from '../kube/client.ts';
import { microTime } from '../kube/events.ts';
import { type LeaseAddress, type LeaseState, readLease, writeLease } from '../kube/lease.ts';
import type { Clock } from '../lib/clock.ts';
import { durationText } from '../lib/duration.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import { clusterMessages } from '../lib/messages/cluster.ts';
import { runLockName } from '../registry/place.ts';
import type { LockedContext } from './context.ts';

export interface LeaseLockOptions {
  readonly client: ClusterClient;
  readonly address: LeaseAddress;
  /** Pod or host name + a random suffix. */
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly durationMs: number;
  readonly renewEveryMs: number;
  /** How long another holder is waited for. */
  readonly waitMs: number;
  /** How often another holder is looked at. */
  readonly pollMs?: number;
  /** Whose it is, for messages. */
  readonly words?: LockWords;
}

export interface LockWords {
  /** `the run lock` */
  readonly lock: string;
  /** `run`: another one holds it. */
  readonly holder: string;
}

const runWords: LockWords = { lock: 'the run lock', holder: 'run' };

export interface RunLock {
  /** When it was taken, as the Lease says: tells this hold of it from every other. */
  readonly acquireTime: string | undefined;
  /** Milliseconds for which the lock is certainly ours. */
  readonly remainingMs: () => number;
  /** @throws Failure (lock) when it isn't certainly ours any more: nothing may be changed from then on */
  readonly assertHeld: () => void;
  /** Renews now. @throws Failure (lock) when it is ours no more; a transient one when it may be tried again until then */
  readonly renew: () => Promise<void>;
  /** Aborted once the lock is lost. */
  readonly lost: AbortSignal;
  /** Stops renewing and gives the lock back, if it is still ours. Never throws. */
  readonly release: () => Promise<void>;
}

const defaultPollMs = 1_000;
const renewalRounds = 3;
/** An API server that restarts is waited for, so that the next run needn't wait for the lock to end by itself. */
const giveBackMs = 45_000;
/** After a signal: 10 s are promised for everything. */
const giveBackInHasteMs = 2_000;

/** The one lock of everything that changes accounts. @throws Failure (lock) */
export async function acquireLock(
  { target: { client }, registry, lock, host, random, clock, log }: Omit<LockedContext, 'signal' | 'commandLine'>,
  signal: AbortSignal,
): Promise<RunLock> {
  const durationMs = lock.durationSeconds * 1_000;
  return acquireLeaseLock({
    client,
    address: { namespace: registry.namespace, name: runLockName(registry) },
    holder: `${host}-${Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')}`,
    clock,
    log,
    signal,
    durationMs,
    // By default every 20 s of 90.
    renewEveryMs: durationMs / 4.5,
    waitMs: lock.waitSeconds * 1_000,
  });
}

/** Any Lease that one holder has at a time. @throws Failure (lock) when another holds it for longer than is waited */
export async function acquireLeaseLock(options: LeaseLockOptions): Promise<RunLock> {
  return hold(options, await takeOver(options));
}

/** The run's first request: a wrong address should say so soon. */
const firstLook: RetryPolicy = { ...defaultRetryPolicy, budgetMs: 20_000, longestWaitMs: 2_000 };
/** For anyone who waits for the lock, an API server that restarts is no reason to give up. */
const patience: RetryPolicy = { ...defaultRetryPolicy, longestWaitMs: 2_000 };

interface Held {
  readonly state: LeaseState;
  /** Monotonic time before the request that got or renewed it was sent. */
  readonly since: number;
}

async function takeOver(options: LeaseLockOptions): Promise<Held> {
  const { client, address, holder, clock, log, signal, durationMs, waitMs } = options;
  const { pollMs = defaultPollMs, words = runWords } = options;
  const startedAt = clock.monotonic();
  let watched: { renewTime: string | undefined; holder: string | undefined; since: number } | undefined;
  let told = false;
  let writtenAt = startedAt;
  for (;;) {
    const state = await readLease(client, address, signal, watched === undefined ? firstLook : patience);
    const now = clock.monotonic();
    if (watched === undefined || watched.renewTime !== state.renewTime || watched.holder !== state.holder) {
      watched = { renewTime: state.renewTime, holder: state.holder ?? '', since: now };
    }
    const stoodStillMs = now - watched.since;
    if (!state.holder || stoodStillMs >= state.durationSeconds * 1_000) {
      const time = microTime(clock.now());
      writtenAt = clock.monotonic();
      const written = await writeLease(
        client,
        address,
        {
          resourceVersion: state.resourceVersion,
          uid: state.uid,
          holder,
          durationSeconds: Math.ceil(durationMs / 1_000),
          acquireTime: time,
          renewTime: time,
          transitions: state.transitions + (state.resourceVersion === undefined ? 0 : 1),
        },
        signal,
        patience,
      );
      if (written !== undefined) {
        if (state.holder)
          log.warn(
            `the ${words.holder} of ${state.holder} stopped renewing its lock without giving it back; it is ours now`,
          );
        return { state: written, since: writtenAt };
      }
      // Our own write may have been committed though its answer was lost: then the next read shows us as the holder.
      continue;
    }
    // Counted from before our write: when it was committed in between, only others could have seen.
    if (state.holder === holder) return { state, since: writtenAt };
    if (now - startedAt >= waitMs) throw heldByAnother(state, waitMs, words);
    if (!told) {
      log.info(
        `another ${words.holder} is at work (${state.holder}, since ${state.acquireTime ?? 'an unknown time'}); waiting for it`,
      );
      told = true;
    }
    await clock.sleep(pollMs, signal);
  }
}

function hold(
  { client, address, holder, clock, log, signal, durationMs, renewEveryMs, words = runWords }: LeaseLockOptions,
  acquired: Held,
): RunLock {
  let held = acquired;
  let renewing: Promise<void> | undefined;
  let loss: Failure | undefined;
  const lost = new AbortController();
  const stop = new AbortController();

  const lose = (failure: Failure) => {
    loss ??= failure;
    lost.abort(loss);
  };
  const remainingMs = () => (loss === undefined ? Math.max(0, held.since + durationMs - clock.monotonic()) : 0);
  const assertHeld = () => {
    if (remainingMs() > 0) return;
    lose(
      new Failure(
        'lock',
        `${words.lock} could not be renewed for ${durationMs / 1_000} s and may be another ${words.holder}'s now; nothing more was changed`,
        { hint: 'look at the log for why the API server could not be reached; the next run finishes the work' },
      ),
    );
    if (loss !== undefined) throw loss;
  };

  // What was sent too late is never sent again.
  const fenced = client.withFence(assertHeld);
  const renewOnce = async (): Promise<void> => {
    const renewSignal = AbortSignal.any([signal, stop.signal]);
    const sentAt = clock.monotonic();
    const renewTime = microTime(clock.now());
    const policy = { budgetMs: Math.min(10_000, remainingMs()), firstWaitMs: 200, longestWaitMs: 1_000 };
    let state = held.state;
    for (let round = 0; round < renewalRounds; round++) {
      const written = await writeLease(fenced, address, { ...state, renewTime }, renewSignal, policy);
      if (written !== undefined) {
        held = { state: written, since: sentAt };
        return;
      }
      // Someone wrote: another run, or we ourselves in an attempt whose answer was lost, or anyone at all (a label).
      const current = await readLease(client, address, renewSignal, policy);
      if (current.holder !== holder) throw lostTo(current.holder);
      state = current;
      if (current.renewTime !== renewTime) continue;
      held = { state, since: sentAt };
      return;
    }
    throw new Failure('cluster', `the Lease of ${words.lock} is being changed by someone else all the time`, {
      transient: true,
    });
  };
  const lostTo = (other: string | undefined): Failure => {
    const failure = new Failure(
      'lock',
      `${words.lock} was lost to ${other || 'nobody: it was deleted or given back'}; nothing more was changed`,
      { hint: `that ${words.holder} does the work; look at its log` },
    );
    lose(failure);
    return loss ?? failure;
  };
  const renew = (): Promise<void> => {
    assertHeld();
    renewing ??= renewOnce().finally(() => {
      renewing = undefined;
    });
    return renewing;
  };

  const keepRenewing = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(Math.min(renewEveryMs, Math.max(50, remainingMs())), stop.signal);
      try {
        await renew();
      } catch (error) {
        if (stop.signal.aborted || lost.signal.aborted || signal.aborted) return;
        // Fatal only at expiry: until then the next round tries again.
        log.warn(`${words.lock} could not be renewed: ${toFailure(error).message}`);
      }
    }
  };
  keepRenewing().catch(() => undefined);

  return {
    acquireTime: acquired.state.acquireTime,
    remainingMs,
    assertHeld,
    renew,
    lost: lost.signal,
    release: async () => {
      stop.abort();
      if (remainingMs() === 0) return;
      await renewing?.catch(() => undefined);
      const budgetMs = signal.aborted ? giveBackInHasteMs : Math.min(giveBackMs, remainingMs());
      const tooLate = AbortSignal.timeout(Math.ceil(budgetMs) + 1_000);
      const ended = signal.aborted ? tooLate : AbortSignal.any([signal, tooLate]);
      try {
        await giveBack({ client, address, signal: ended }, held.state, { holder, budgetMs });
      } catch (error) {
        const why = tooLate.aborted ? 'the API server did not answer in time' : toFailure(error).message;
        log.warn(
          `${words.lock} could not be given back, it ends by itself in ${Math.ceil(remainingMs() / 1_000)} s: ${why}`,
        );
      }
    },
  };
}

async function giveBack(
  { client, address, signal }: Pick<LeaseLockOptions, 'client' | 'address' | 'signal'>,
  held: LeaseState,
  { holder, budgetMs }: { holder: string; budgetMs: number },
): Promise<void> {
  const policy = { budgetMs, firstWaitMs: 100, longestWaitMs: 500 };
  let state = held;
  // A renewal that was under way when the run ended may have been committed: then the second round knows its version.
  for (let round = 0; round < 2 && state.holder === holder; round++) {
    if ((await writeLease(client, address, { ...state, holder: '' }, signal, policy)) !== undefined) return;
    state = await readLease(client, address, signal, policy);
  }
}

function heldByAnother(state: LeaseState, waitedMs: number, { holder }: LockWords): Failure {
  const isRun = holder === runWords.holder;
  const { acquireTime: since, renewTime: renewed } = state;
  const waited = durationText(Math.round(waitedMs / 1_000));
  return new Failure('lock', clusterMessages.lockHeld({ isRun, holder: state.holder ?? '', since, renewed, waited }), {
    hint: clusterMessages.waitForIt({ isRun }),
  });
}
