/**
 * Which objects are to be looked at, and when.
 *
 * - A key is worked on by one at a time; what is added meanwhile comes once more afterwards.
 * - So many keys are worked on at once, and no more.
 * - Work that fails comes again with back-off and jitter; work that succeeds, when it says so.
 */
import type { Clock } from '../lib/clock.ts';

export interface QueueOptions {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly concurrency: number;
  /** @returns in how many milliseconds it is wanted again; undefined for never. @throws to be tried again with back-off */
  readonly work: (key: string) => Promise<number | undefined>;
  readonly onFailure: (key: string, error: unknown, againMs: number) => void;
  readonly firstRetryMs?: number;
  readonly longestRetryMs?: number;
}

interface Entry {
  /** On the monotonic clock; undefined for not at all. */
  dueAt: number | undefined;
  isActive: boolean;
  failures: number;
}

export class WorkQueue {
  readonly #options: QueueOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #active = new Set<Promise<void>>();
  #wake = Promise.withResolvers<void>();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** How many keys are due or worked on. */
  get depth(): number {
    const now = this.#options.clock.monotonic();
    return [...this.#entries.values()].filter(({ dueAt, isActive }) => isActive || (dueAt ?? Infinity) <= now).length;
  }

  /** For how many milliseconds the first of those that could be worked on has waited. */
  get overdueMs(): number {
    if (this.#active.size >= this.#options.concurrency) return 0;
    const idle = [...this.#entries.values()].filter(({ isActive }) => !isActive);
    const first = Math.min(...idle.map(({ dueAt }) => dueAt ?? Infinity));
    return Math.max(0, this.#options.clock.monotonic() - first);
  }

  /** At once, or as soon as it may be; an earlier time that was set before stays. */
  add(key: string, afterMs = 0): void {
    const entry = this.#entries.get(key) ?? { dueAt: undefined, isActive: false, failures: 0 };
    this.#entries.set(key, entry);
    entry.dueAt = Math.min(entry.dueAt ?? Infinity, this.#options.clock.monotonic() + afterMs);
    this.#wake.resolve();
  }

  /** Whatever was planned for it. Work that is under way ends by itself. */
  remove(key: string): void {
    this.#entries.delete(key);
  }

  /** Works until the signal; resolves when what was under way has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, concurrency } = this.#options;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers();
      const now = clock.monotonic();
      const idle = [...this.#entries].filter(([, { isActive }]) => !isActive);
      for (const [key, entry] of idle.toSorted(([, a], [, b]) => (a.dueAt ?? Infinity) - (b.dueAt ?? Infinity))) {
        if (this.#active.size >= concurrency || entry.dueAt === undefined || entry.dueAt > now) break;
        this.#start(key, entry);
      }
      const waiting = [...this.#entries.values()].filter(({ isActive }) => !isActive);
      const next = Math.min(...waiting.map(({ dueAt }) => dueAt ?? Infinity));
      const isFull = this.#active.size >= concurrency;
      const waitMs = isFull || next === Infinity ? longestWaitMs : Math.min(longestWaitMs, Math.max(0, next - now));
      const sleeping = new AbortController();
      const slept = clock.sleep(waitMs, AbortSignal.any([signal, sleeping.signal])).catch(() => undefined);
      await Promise.race([slept, this.#wake.promise]);
      sleeping.abort();
    }
    await Promise.all(this.#active);
  }

  #start(key: string, entry: Entry): void {
    entry.isActive = true;
    entry.dueAt = undefined;
    const working = this.#work(key, entry).finally(() => {
      entry.isActive = false;
      this.#active.delete(working);
      this.#wake.resolve();
    });
    this.#active.add(working);
  }

  async #work(key: string, entry: Entry): Promise<void> {
    const { work, onFailure, random, firstRetryMs = 1_000, longestRetryMs = 300_000 } = this.#options;
    let againMs: number | undefined;
    try {
      againMs = await work(key);
      entry.failures = 0;
    } catch (error) {
      againMs = Math.min(longestRetryMs, firstRetryMs * 2 ** entry.failures++) * (0.5 + random() / 2);
      onFailure(key, error, againMs);
    }
    if (againMs !== undefined && this.#entries.get(key) === entry) this.add(key, againMs);
  }
}

/** A timer of more than 24 days would go off at once. */
const longestWaitMs = 3_600_000;
