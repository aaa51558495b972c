/**
 * Whether a refusal (401, 403) of the API server may only mean that it has just started, and knows neither accounts nor
 * rights yet:
 * - for 20 s after it was seen to be away;
 * - while its /readyz is an error, for a minute at most: one that is never ready refuses as any other does. Behind a load
 *   balancer that lets requests wait, it may start again without one lost connection;
 * - for 5 s, once, while /readyz is refused too: at first it doesn't know who may see that either. A cluster that shows it
 *   to nobody costs a process one short wait.
 * What /readyz said stands for the refusals that come right after it, so that each of them doesn't cost a request.
 */
import type { Clock } from '../lib/clock.ts';

const settlingMs = 20_000;
const longestUnreadyMs = 60_000;
/** After this long, an error of /readyz is another start, and not the same one. */
const forgottenMs = 600_000;
const hiddenMs = 5_000;
/** How long a refusal is a verdict without another question. */
const saidTrustedMs = 5_000;
const hiddenTrustedMs = 30_000;

export class Readiness {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** These are times of the monotonic clock. */
  #settlingUntil = Number.NEGATIVE_INFINITY;
  #verdictUntil = Number.NEGATIVE_INFINITY;
  /** Since when /readyz is an error, and when it was one last. */
  #unready: { readonly since: number; readonly seen: number } | undefined;
  /** Since when /readyz is refused. */
  #hiddenSince: number | undefined;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  wasAway(): void {
    this.#settlingUntil = this.#clock.monotonic() + settlingMs;
    this.#unready = undefined;
  }

  /** @param readyz the status that GET /readyz is answered with, asked by nobody in particular */
  async isSettling(readyz: () => Promise<number>): Promise<boolean> {
    const askedAt = this.#clock.monotonic();
    if (askedAt < this.#settlingUntil) return true;
    if (askedAt < this.#verdictUntil) return false;
    const status = await readyz();
    const now = this.#clock.monotonic();
    if (status >= 500) return this.#isUnready(now);
    if (status >= 300) return this.#isHidden(now);
    this.#hiddenSince = undefined;
    this.#unready = undefined;
    this.#verdictUntil = now + saidTrustedMs;
    return false;
  }

  #isUnready(now: number): boolean {
    const before = this.#unready;
    const since = before !== undefined && now - before.seen < forgottenMs ? before.since : now;
    this.#unready = { since, seen: now };
    const leftMs = since + longestUnreadyMs - now;
    if (leftMs > 0) this.#settlingUntil = now + Math.min(settlingMs, leftMs);
    else this.#verdictUntil = now + saidTrustedMs;
    return leftMs > 0;
  }

  #isHidden(now: number): boolean {
    this.#hiddenSince ??= now;
    if (now - this.#hiddenSince < hiddenMs) return true;
    this.#verdictUntil = now + hiddenTrustedMs;
    return false;
  }
}
