/**
 * Whether a refusal (401, 403) of the API server may only mean that it has just started, and knows neither accounts nor
 * rights yet:
 * - for 20 s after it was seen to be away;
 * - while its /readyz is an error. Behind a load balancer that lets requests wait, it may start again without one lost
 *   connection;
 * - for 5 s, once, while /readyz is refused too: at first it doesn't know who may see that either. A cluster that shows it
 *   to nobody costs a process one short wait.
 */
import type { Clock } from '../lib/clock.ts';

const settlingMs = 20_000;
/** A refusal that it gave while it was ready stands for those that come right after it. */
const readyTrustedMs = 5_000;
const hiddenMs = 5_000;

export class Readiness {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** These are times of the monotonic clock. When it was last seen to be away: */
  #awayAt: number | undefined;
  /** When it last said that it is ready. */
  #readyAt: number | undefined;
  /** Since when it doesn't say. */
  #hiddenAt: number | undefined;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  wasAway(): void {
    this.#awayAt = this.#clock.monotonic();
  }

  /** @param readyz the status that GET /readyz is answered with, asked by nobody in particular */
  async isSettling(readyz: () => Promise<number>): Promise<boolean> {
    if (this.#isWithin(settlingMs, this.#awayAt)) return true;
    if (this.#isWithin(readyTrustedMs, this.#readyAt)) return false;
    const status = await readyz();
    if (status >= 300 && status < 500) {
      this.#hiddenAt ??= this.#clock.monotonic();
      return this.#isWithin(hiddenMs, this.#hiddenAt);
    }
    this.#hiddenAt = undefined;
    if (status < 300) this.#readyAt = this.#clock.monotonic();
    else this.wasAway();
    return status >= 500;
  }

  #isWithin(ms: number, since: number | undefined): boolean {
    return since !== undefined && this.#clock.monotonic() - since < ms;
  }
}
