/**
 * Whether this process can still do its work. Only what a restart mends counts: the API server that is away, a Lease that
 * another replica has and a MemberSync that fails are no reason.
 *
 * - Work that was to end by a certain time, and has not: a request that hangs, a signal that nobody heard.
 * - A term of leadership whose Lease has run out, and which has not ended.
 * - A MemberSync that is due, for which there is room, and which nobody begins to work on.
 */
import type { Clock } from '../lib/clock.ts';
import { formatDuration } from '../lib/duration.ts';

export interface Term {
  /** Milliseconds for which the leadership is certainly ours. */
  readonly remainingMs: () => number;
  /** For how many milliseconds something has been waiting though there is room for it. */
  readonly overdueMs: () => number;
}

/** Longer than a request and all its repetitions take to notice that they are to end. */
const defaultGraceMs = 180_000;

export class Liveness {
  readonly #clock: Clock;
  readonly #graceMs: number;
  /** What is to end, by when it must have. */
  readonly #awaited = new Map<symbol, { readonly what: string; readonly by: number }>();
  #term: Term | undefined;
  #lostSince: number | undefined;

  constructor(clock: Clock, graceMs = defaultGraceMs) {
    this.#clock = clock;
    this.#graceMs = graceMs;
  }

  /** Call what it returns once that work has ended. */
  await(what: string, withinMs: number): () => void {
    const id = Symbol(what);
    this.#awaited.set(id, { what, by: this.#clock.monotonic() + withinMs + this.#graceMs });
    return () => void this.#awaited.delete(id);
  }

  /** A term begins. Call what it returns once it has ended. */
  leads(term: Term): () => void {
    this.#term = term;
    this.#lostSince = undefined;
    return () => {
      if (this.#term === term) this.#term = undefined;
    };
  }

  /** What hangs, and since when; undefined where nothing does. */
  stuck(): string | undefined {
    const now = this.#clock.monotonic();
    const since = (time: number) => formatDuration((now - time) / 1_000);
    for (const { what, by } of this.#awaited.values())
      if (now > by) return `${what} should have ended ${since(by - this.#graceMs)} ago`;
    if (this.#term === undefined) return undefined;
    if (this.#term.remainingMs() > 0) this.#lostSince = undefined;
    // A process that was frozen past its Lease gets its time from when it woke up.
    else this.#lostSince ??= now;
    if (this.#lostSince !== undefined && now - this.#lostSince > this.#graceMs)
      return `the leadership ran out, and has not ended for ${since(this.#lostSince)}`;
    const overdueMs = this.#term.overdueMs();
    if (overdueMs > this.#graceMs)
      return `nothing was begun for ${formatDuration(overdueMs / 1_000)}, and something is due`;
    return undefined;
  }
}
