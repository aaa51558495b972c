/** Says soon that the API server is away, while requests are tried again quietly: once for each time that it is away. */
import type { Log } from '../lib/log.ts';

/** A server that restarts behind a load balancer is often back within a second; three seconds of silence are too many. */
const quietMs = 1_500;

export class Outage {
  readonly #log: Log;
  #words = '';
  #timer: NodeJS.Timeout | undefined;
  #said = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param words what happened, such as `the API server … can't be reached: nothing listens there` */
  began(words: string): void {
    this.#words = words;
    if (this.#said) return;
    this.#timer ??= setTimeout(() => this.#say(), quietMs).unref();
  }

  /** An answer came. */
  ended(): void {
    if (this.#said) this.#log.info('the API server answers again');
    this.#said = false;
    this.close();
  }

  /** Nobody waits for it any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #say(): void {
    this.#timer = undefined;
    this.#said = true;
    this.#log.warn(`${this.#words}; trying again`);
  }
}
