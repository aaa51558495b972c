/** Time as an argument: what is written for people (wall) and what decides (monotonic) are two different things. */
import { uptime } from 'node:os';

export interface Clock {
  /** Wall-clock time, in milliseconds since the epoch: for display and timestamps, never for a decision about a lock. */
  now(): number;
  /** Milliseconds on a clock that never goes back, and goes on while the process is stopped or the machine suspended. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when aborted before. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Where a clock gets its time from, in milliseconds. */
export interface TimeSources {
  readonly wall: () => number;
  /** Never jumps, but stands still while the machine is suspended (CLOCK_MONOTONIC). */
  readonly running: () => number;
  /** Since the machine was started, suspensions included; dearer to ask. */
  readonly sinceBoot: () => number;
}

/** What the three sources may differ by without anything having happened: one of them counts in hundredths of a second. */
const tolerableMs = 200;

/**
 * A monotonic clock that counts suspensions too: a lock's time goes on while the machine that holds it sleeps. When the
 * wall clock has gone on further than the running one, the time since boot says whether the machine slept, or the wall
 * clock was set.
 */
export function countingSuspensions({ wall, running, sinceBoot }: TimeSources): () => number {
  const atStart = sinceBoot() - running();
  let ahead = wall() - running();
  let suspendedMs = 0;
  return () => {
    const now = running();
    const aheadNow = wall() - now;
    if (Math.abs(aheadNow - ahead) > tolerableMs) {
      ahead = aheadNow;
      const slept = sinceBoot() - now - atStart;
      if (slept - suspendedMs > tolerableMs) suspendedMs = slept;
    }
    return now + suspendedMs;
  };
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: countingSuspensions({
    wall: () => Date.now(),
    running: () => performance.now(),
    sinceBoot: () => uptime() * 1_000,
  }),
  sleep: (ms, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
    return promise;
  },
};
