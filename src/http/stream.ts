/** An answer that comes over time, as a watch's does: read piece by piece, ended by either side. */
import { Failure } from '../lib/failure.ts';
import type { Connection, Head, Receiver, WireRequest } from './connection.ts';
import type { RequestFailures } from './trouble.ts';

/** So much is kept for a reader that is slow; then the other side has to wait. */
const mostKept = 1024 * 1024;

export interface StreamOptions {
  /** The stream's own: it is closed with the stream. */
  readonly connection: Connection;
  readonly signal: AbortSignal;
  readonly beforeSend: (() => void) | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly failures: Pick<RequestFailures, 'of' | 'silent'>;
  /** Called once, when the connection is done with. */
  readonly onOver: () => void;
}

export class RequestStream implements Receiver, AsyncIterable<Buffer> {
  readonly #options: StreamOptions;
  readonly #head = Promise.withResolvers<Head>();
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  #resume: (() => void) | undefined;
  #end: { readonly reason: unknown } | 'whole' | undefined;
  #wake: (() => void) | undefined;
  readonly #onAbort = () => this.end(this.#options.signal.reason);

  constructor(options: StreamOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    // Who ends it before the head is there has the reason already.
    this.#head.promise.catch(() => undefined);
  }

  /** Called once. */
  send(request: WireRequest): void {
    this.#options.connection.send(request, this);
  }

  /** Settles when status and headers are there. */
  get head(): Promise<Pick<Head, 'status' | 'header' | 'headers'>> {
    return this.#head.promise;
  }

  /** Closes the connection; for the reader what came so far is the whole of it. */
  finish(): void {
    this.#finish('whole');
  }

  /** Closes the connection; the reader is thrown `reason`. */
  end(reason: unknown): void {
    this.#finish({ reason });
  }

  onStart(): void {
    try {
      this.#options.beforeSend?.();
    } catch (error) {
      this.end(error);
      throw error;
    }
  }

  onHead(head: Head): void {
    this.#resume = () => head.resume();
    this.#head.resolve(head);
  }

  onData(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
    this.#wake?.();
    return this.#kept < mostKept;
  }

  onEnd(): void {
    this.#finish('whole');
  }

  onError(error: Error): void {
    if (this.#end === undefined) this.end(error instanceof Failure ? error : this.#options.failures.of(error));
  }

  /** @throws what ended it before its last byte */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          this.#kept -= chunk.length;
          if (this.#kept < mostKept) this.#resume?.();
          yield chunk;
        } else if (this.#end === 'whole') return;
        else if (this.#end !== undefined) throw this.#end.reason;
        else await this.#more();
      }
    } finally {
      this.end(new Error('nobody reads it any more'));
    }
  }

  /** Resolves when something has come, or the stream has ended. */
  async #more(): Promise<void> {
    const { idleTimeoutMs, failures } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer =
      idleTimeoutMs === undefined
        ? undefined
        : setTimeout(() => this.end(failures.silent(idleTimeoutMs)), idleTimeoutMs);
    await promise;
    clearTimeout(timer);
  }

  #finish(end: { readonly reason: unknown } | 'whole'): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    const reason = end === 'whole' ? new Error('the answer is whole') : end.reason;
    this.#head.reject(reason);
    this.#options.connection.close(asError(reason));
    this.#options.onOver();
    this.#wake?.();
  }
}

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
