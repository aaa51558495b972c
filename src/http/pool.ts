/**
 * A pool of connections to one server, one request at a time on each; the pool's size is the concurrency. Deadlines are
 * kept by one timer for all, and an AbortSignal ends a request by ending its connection.
 */
import { Failure } from '../lib/failure.ts';
import { AnswerReader, type HttpAnswer } from './answer.ts';
import { Connection, type Head, type Receiver } from './connection.ts';
import type { Destination } from './open-socket.ts';
import { asError, RequestStream } from './stream.ts';
import type { RequestFailures } from './trouble.ts';

/** The path of `server` (as some proxies have) is put before each request's. */
export interface PoolOptions extends Destination {
  /** How many connections at most; streams have their own. */
  readonly size: number;
  /** From the moment there is room for it to a request's last byte, in milliseconds; for a stream to its head. */
  readonly requestTimeoutMs: number;
  /** In bytes; a longer answer fails its request. */
  readonly longestAnswer: number;
  readonly failures: RequestFailures;
  /** Called when a connection could not be opened, was lost, or got no answer in time: the server seems to be away. */
  readonly onLoss?: () => void;
}

export interface PoolRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. Asked for when there is room for the request: credentials rotate while one waits. */
  readonly headers: () => readonly string[];
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  /** Called right before the bytes leave, after any wait for a connection; what it throws stops the request. */
  readonly beforeSend?: (() => void) | undefined;
}

export interface StreamRequest extends PoolRequest {
  /** How long the other side may stay silent while someone waits for it, in milliseconds; for ever unless given. */
  readonly idleTimeoutMs?: number | undefined;
}

/** How long a connection is kept without a request. Load balancers drop idle ones after a minute or more. */
const keepAliveMs = 55_000;
/** Servers and load balancers close connections that were idle for longer than this to save them; that is no loss. */
const idleForLongMs = 4_000;

/** A connection of the pool. */
interface Slot {
  readonly connection: Connection;
  exchange: Exchange | undefined;
  idleSince: number;
  /** Whether it has carried a request. */
  used: boolean;
}

interface Waiter {
  readonly resolve: (slot: Slot) => void;
  readonly reject: (error: unknown) => void;
}

export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #pathPrefix: string;
  readonly #slots = new Set<Slot>();
  readonly #idle: Slot[] = [];
  readonly #waiting: Waiter[] = [];
  readonly #exchanges = new Set<Exchange>();
  readonly #signals = new Map<AbortSignal, { readonly exchanges: Set<Exchange>; readonly onAbort: () => void }>();
  readonly #watch: NodeJS.Timeout;
  readonly #closing = new AbortController();
  #retired: PromiseWithResolvers<void> | undefined;
  /** Requests that were sent, or wait, and streams. */
  #underWay = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#pathPrefix = options.server.pathname.replace(/\/+$/, '');
    this.#watch = setInterval(() => this.#endOverdue(), 500).unref();
  }

  /** Aborted when the pool is closed; its reason is what requests fail with from then on. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Sends one request and returns its answer, whatever its status.
   * @throws Failure, as the options say; the signal's reason; what beforeSend throws
   */
  async send(request: PoolRequest): Promise<HttpAnswer> {
    this.#underWay++;
    try {
      return await this.#send(request);
    } finally {
      this.#over();
    }
  }

  async #send(request: PoolRequest): Promise<HttpAnswer> {
    request.signal.throwIfAborted();
    this.closing.throwIfAborted();
    const slot = this.#idle.pop() ?? (await this.#slot(request.signal));
    const exchange = new Exchange(request, slot, this.#options, (ended) => this.#settled(ended));
    slot.exchange = exchange;
    this.#exchanges.add(exchange);
    this.#watchSignal(exchange);
    try {
      // undici waits for a turn of the event loop as well: together they hold a whole round of reading, in which bytes
      // that are there already, and that nobody asked for, close the connection before the request is sent.
      if (slot.used) await nextTurn();
      request.signal.throwIfAborted();
      this.closing.throwIfAborted();
      slot.used = true;
      slot.connection.send(this.#wireRequest(request), exchange);
    } catch (error) {
      exchange.fail(request.signal.aborted ? request.signal.reason : this.#reasonOf(error));
    }
    return exchange.answer;
  }

  /**
   * Sends one request over a connection of its own, and returns its answer as it comes, for as long as it takes.
   * @throws as `send` does, until the head is there
   */
  async stream(request: StreamRequest): Promise<RequestStream> {
    request.signal.throwIfAborted();
    this.closing.throwIfAborted();
    const { requestTimeoutMs, failures } = this.#options;
    const stream = new RequestStream({
      connection: this.#connection(() => false),
      signal: AbortSignal.any([request.signal, this.closing]),
      beforeSend: request.beforeSend,
      idleTimeoutMs: request.idleTimeoutMs,
      failures,
      onOver: () => this.#over(),
    });
    this.#underWay++;
    const timer = setTimeout(() => this.#tooSlow((failure) => stream.end(failure)), requestTimeoutMs);
    try {
      stream.send(this.#wireRequest(request));
      await stream.head;
    } catch (error) {
      stream.end(error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return stream;
  }

  /** Every request that is under way or waits fails at once, and not as worth another try. */
  close(): void {
    const closed = this.#options.failures.closed();
    this.#closing.abort(closed);
    clearInterval(this.#watch);
    for (const { reject } of this.#waiting.splice(0)) reject(closed);
    for (const exchange of this.#exchanges) exchange.end(closed);
    for (const { connection } of this.#slots) connection.close(closed);
  }

  /** Takes no further request; resolves when those that are under way are over, and everything is closed. */
  async retire(): Promise<void> {
    this.#retired = Promise.withResolvers<void>();
    if (this.#underWay === 0) this.#retired.resolve();
    await this.#retired.promise;
    this.close();
  }

  #over(): void {
    this.#underWay--;
    if (this.#underWay === 0) this.#retired?.resolve();
  }

  #wireRequest({ method, path, headers, body }: PoolRequest) {
    return { method, path: `${this.#pathPrefix}${path}`, headers: headers(), body };
  }

  /** The connection is free again, or lost; in both cases the slot takes another request. */
  #settled(exchange: Exchange): void {
    if (!this.#exchanges.delete(exchange)) return;
    const { slot, signal } = exchange;
    this.#signals.get(signal)?.exchanges.delete(exchange);
    slot.exchange = undefined;
    slot.idleSince = performance.now();
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#idle.push(slot);
    else waiter.resolve(slot);
  }

  #reasonOf(error: unknown): unknown {
    if (this.closing.aborted) return this.closing.reason;
    return error instanceof Failure || !(error instanceof Error) ? error : this.#options.failures.of(error);
  }

  async #slot(signal: AbortSignal): Promise<Slot> {
    if (this.#slots.size < this.#options.size) return this.#newSlot();
    const { promise, resolve, reject } = Promise.withResolvers<Slot>();
    const waiter = { resolve, reject };
    this.#waiting.push(waiter);
    const onAbort = () => {
      const index = this.#waiting.indexOf(waiter);
      if (index >= 0) this.#waiting.splice(index, 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #newSlot(): Slot {
    const slot: Slot = {
      connection: this.#connection(
        () => slot.exchange === undefined && performance.now() - slot.idleSince > idleForLongMs,
      ),
      exchange: undefined,
      idleSince: 0,
      used: false,
    };
    this.#slots.add(slot);
    return slot;
  }

  /** @param spared whether a loss now would be the end of a connection that nobody used for long */
  #connection(spared: () => boolean): Connection {
    const onLoss = () => {
      if (!this.closing.aborted && !spared()) this.#options.onLoss?.();
    };
    return new Connection({ ...this.#options, keepAliveMs, onLoss });
  }

  /** Thousands of requests share one signal, so they share one listener on it. */
  #watchSignal(exchange: Exchange): void {
    const { signal } = exchange;
    const known = this.#signals.get(signal);
    if (known !== undefined) {
      known.exchanges.add(exchange);
      return;
    }
    for (const [other, { exchanges, onAbort }] of this.#signals) {
      if (exchanges.size > 0) continue;
      other.removeEventListener('abort', onAbort);
      this.#signals.delete(other);
    }
    const exchanges = new Set([exchange]);
    const onAbort = () => {
      for (const each of exchanges) each.end(signal.reason);
    };
    this.#signals.set(signal, { exchanges, onAbort });
    signal.addEventListener('abort', onAbort);
  }

  #endOverdue(): void {
    const now = performance.now();
    for (const exchange of this.#exchanges) {
      if (now - exchange.startedAt >= this.#options.requestTimeoutMs) this.#tooSlow((failure) => exchange.end(failure));
    }
  }

  #tooSlow(end: (failure: Failure) => void): void {
    this.#options.onLoss?.();
    end(this.#options.failures.timedOut());
  }
}

/** One request on its connection, until its answer is whole. */
class Exchange implements Receiver {
  readonly signal: AbortSignal;
  readonly slot: Slot;
  readonly startedAt = performance.now();
  readonly #options: PoolOptions;
  readonly #settled: (exchange: Exchange) => void;
  readonly #beforeSend: (() => void) | undefined;
  readonly #reader: AnswerReader;
  readonly #outcome = Promise.withResolvers<HttpAnswer>();
  /** Whether its end came from our side. */
  #ended = false;

  constructor(request: PoolRequest, slot: Slot, options: PoolOptions, settled: (exchange: Exchange) => void) {
    this.signal = request.signal;
    this.slot = slot;
    this.#options = options;
    this.#settled = settled;
    this.#beforeSend = request.beforeSend;
    this.#reader = new AnswerReader(options.longestAnswer);
    // Its signal may end it before it is sent, when nobody waits for the answer yet.
    this.#outcome.promise.catch(() => undefined);
  }

  get answer(): Promise<HttpAnswer> {
    return this.#outcome.promise;
  }

  /** Ends it now, and its connection; it fails with `reason`, whatever that is. */
  end(reason: unknown): void {
    this.#ended = true;
    this.#outcome.reject(reason);
    this.slot.connection.end(asError(reason));
  }

  /** The connection is done with it. */
  fail(reason: unknown): void {
    this.#settled(this);
    this.#outcome.reject(reason);
  }

  onStart(): void {
    try {
      this.#beforeSend?.();
    } catch (error) {
      // What the check throws reaches the caller as it is.
      this.#ended = true;
      this.#outcome.reject(error);
      throw error;
    }
  }

  onHead(head: Head): void {
    this.#reader.begin(head);
  }

  onData(chunk: Buffer): boolean {
    if (!this.#reader.take(chunk)) this.end(this.#options.failures.of(tooLong(this.#options.longestAnswer)));
    return true;
  }

  onEnd(): void {
    this.#settled(this);
    const answer = this.#reader.answer();
    if (answer !== undefined) this.#outcome.resolve(answer);
  }

  onError(error: Error): void {
    this.fail(this.#ended || error instanceof Failure ? error : this.#options.failures.of(error));
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function tooLong(longest: number): Error {
  const said = `the answer is larger than ${Math.round(longest / 1024 / 1024)} MiB`;
  return Object.assign(new Error(said), { name: 'HTTPParserError' });
}
