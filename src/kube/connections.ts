/**
 * A pool of HTTP/1.1 connections to the API server: every call of this program goes through it. Connections are kept
 * open, one request at a time on each; the pool's size is the concurrency. Deadlines are kept by one timer for all, and
 * an AbortSignal ends a request by ending its connection.
 */
import type net from 'node:net';
import { type ProxyVariables, proxyFor } from '../http/proxy.ts';
import { Failure } from '../lib/failure.ts';
import { type ConnectOptions, connect, connectionFailure } from './connect.ts';
import { type HttpResponse, MalformedResponse, ResponseParser } from './http1.ts';

/** The path of `server` (as some proxies have) is put before each request's. */
export interface ConnectionOptions extends ConnectOptions {
  /** How many connections at most. */
  readonly size: number;
  /** HTTPS_PROXY and NO_PROXY are read from it. */
  readonly proxyEnv: ProxyVariables;
  /** From sending a request to its last byte, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Told when a connection could not be opened, was lost, or got no answer in time: the API server seems to be away. */
  readonly onLoss?: () => void;
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** Header lines, each with its CRLF. Computed when the connection is there: credentials rotate while one waits. */
  readonly headers: () => string;
  /** ASCII only. */
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  /** Called right before the bytes leave, after any wait for a connection; what it throws stops the request. */
  readonly beforeSend?: (() => void) | undefined;
}

const longestBody = 64 * 1024 * 1024;
/** Servers and load balancers close connections that were idle for longer than this to save them; that is no loss. */
const idleForLongMs = 4_000;

interface Exchange {
  readonly connection: Connection;
  readonly signal: AbortSignal;
  readonly startedAt: number;
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: unknown) => void;
}

interface Connection {
  readonly socket: net.Socket;
  readonly parser: ResponseParser;
  exchange: Exchange | undefined;
  idleSince: number;
}

interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
}

export class ConnectionPool {
  readonly #options: ConnectionOptions;
  readonly #pathPrefix: string;
  readonly #proxy: URL | undefined;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #waiting: Waiter[] = [];
  readonly #signals = new Map<AbortSignal, { readonly exchanges: Set<Exchange>; readonly onAbort: () => void }>();
  readonly #watch: NodeJS.Timeout;
  #opening = 0;
  /** Ends what is still being opened. */
  readonly #closing = new AbortController();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#pathPrefix = options.server.pathname.replace(/\/+$/, '');
    this.#proxy = options.server.protocol === 'https:' ? proxyFor(options.server, options.proxyEnv) : undefined;
    this.#watch = setInterval(() => this.#endOverdue(), 500).unref();
  }

  /**
   * Sends one request and gives its answer, whatever its status.
   * @throws Failure (kind cluster; transient unless the TLS peer can't be trusted); the signal's reason; what beforeSend throws
   */
  async send(request: RawRequest): Promise<HttpResponse> {
    request.signal.throwIfAborted();
    this.closing.throwIfAborted();
    const connection = this.#idle.pop() ?? (await this.#connection(request.signal));
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    let headers: string;
    try {
      request.signal.throwIfAborted();
      headers = request.headers();
      request.beforeSend?.();
    } catch (error) {
      this.#release(connection);
      throw error;
    }
    const exchange = { connection, signal: request.signal, startedAt: performance.now(), resolve, reject };
    connection.exchange = exchange;
    this.#watchSignal(exchange);
    const length =
      request.body === undefined
        ? ''
        : `content-type: ${request.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'}\r\ncontent-length: ${request.body.length}\r\n`;
    connection.socket.write(
      `${request.method} ${this.#pathPrefix}${request.path} HTTP/1.1\r\nhost: ${this.#options.server.host}\r\n${headers}${length}\r\n${request.body ?? ''}`,
      'latin1',
    );
    return promise;
  }

  /** Every request that is under way or waits fails at once, and not as worth another try. */
  close(): void {
    const closed = closedFailure(this.#options.server);
    this.#closing.abort(closed);
    clearInterval(this.#watch);
    for (const { reject } of this.#waiting.splice(0)) reject(closed);
    for (const connection of this.#all) {
      const { exchange } = connection;
      this.#finish(connection, false);
      exchange?.reject(closed);
    }
  }

  /** Aborted when the pool is closed; its reason is what requests fail with from then on. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get #closed(): boolean {
    return this.closing.aborted;
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
      for (const { connection, reject } of exchanges) {
        this.#finish(connection, false);
        reject(signal.reason);
      }
    };
    this.#signals.set(signal, { exchanges, onAbort });
    signal.addEventListener('abort', onAbort);
  }

  async #connection(signal: AbortSignal): Promise<Connection> {
    if (this.#all.size + this.#opening < this.#options.size) return this.#open(signal);
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
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

  async #open(signal: AbortSignal): Promise<Connection> {
    this.#opening++;
    let connection: Connection | undefined;
    try {
      const onBytes = (bytes: Buffer) => {
        if (connection !== undefined) this.#onData(connection, bytes);
      };
      const either = AbortSignal.any([signal, this.closing]);
      const socket = await connect(this.#options, { proxy: this.#proxy, signal: either, onBytes });
      if (either.aborted) {
        // An open socket would keep the process alive.
        socket.destroy();
        throw either.reason;
      }
      const opened: Connection = { socket, parser: new ResponseParser(longestBody), exchange: undefined, idleSince: 0 };
      connection = opened;
      this.#all.add(opened);
      socket.on('error', (error) => this.#onEnd(opened, error));
      socket.on('end', () => this.#onEnd(opened, undefined));
      socket.on('close', () => this.#onEnd(opened, undefined));
      socket.resume();
      return opened;
    } catch (error) {
      if (!signal.aborted && !this.#closed) this.#options.onLoss?.();
      // Anyone who waits for a connection tries on their own: the next one may succeed, or fail with its own error.
      queueMicrotask(() => this.#serveWaiting());
      throw error;
    } finally {
      this.#opening--;
    }
  }

  #onData(connection: Connection, bytes: Buffer): void {
    const { exchange } = connection;
    if (exchange === undefined) {
      connection.socket.destroy(); // bytes that nobody asked for
      return;
    }
    try {
      const response = connection.parser.push(bytes);
      if (response === undefined) return;
      this.#finish(connection, response.reusable);
      exchange.resolve(response);
    } catch (error) {
      this.#finish(connection, false);
      const why = error instanceof MalformedResponse ? error.message : 'its answer could not be read';
      exchange.reject(
        new Failure('cluster', `${this.#options.server.origin} did not answer as a Kubernetes API server: ${why}`, {
          transient: true,
          hint: 'check the server address in the kubeconfig',
        }),
      );
    }
  }

  #onEnd(connection: Connection, error: Error | undefined): void {
    if (!this.#all.has(connection)) return;
    const { exchange } = connection;
    const response = error === undefined ? connection.parser.end() : undefined;
    this.#finish(connection, false);
    if (response !== undefined) {
      exchange?.resolve(response);
      return;
    }
    const spared = exchange === undefined && performance.now() - connection.idleSince > idleForLongMs;
    if (!this.#closed && !spared) this.#options.onLoss?.();
    exchange?.reject(
      connectionFailure(this.#options.server, error ?? Object.assign(new Error('closed'), { code: 'ECONNRESET' })),
    );
  }

  /** Ends the exchange of a connection; the connection goes on or is closed. */
  #finish(connection: Connection, reusable: boolean): void {
    const { exchange } = connection;
    connection.exchange = undefined;
    if (exchange !== undefined) this.#signals.get(exchange.signal)?.exchanges.delete(exchange);
    if (reusable && !this.#closed) {
      this.#release(connection);
      return;
    }
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    connection.socket.destroy();
    this.#serveWaiting();
  }

  #release(connection: Connection): void {
    connection.idleSince = performance.now();
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#idle.push(connection);
    else waiter.resolve(connection);
  }

  /** A place has become free without a connection: the first who waits opens one. */
  #serveWaiting(): void {
    if (this.#closed || this.#all.size + this.#opening >= this.#options.size) return;
    if (this.#waiting.length === 0) return;
    this.#open(new AbortController().signal).then(
      (connection) => this.#release(connection),
      (error: unknown) => this.#waiting.shift()?.reject(error),
    );
  }

  #endOverdue(): void {
    const now = performance.now();
    for (const connection of this.#all) {
      const { exchange } = connection;
      if (exchange === undefined || now - exchange.startedAt < this.#options.requestTimeoutMs) continue;
      this.#finish(connection, false);
      this.#options.onLoss?.();
      exchange.reject(
        new Failure(
          'cluster',
          `${this.#options.server.origin} did not answer within ${this.#options.requestTimeoutMs / 1_000} s`,
          {
            transient: true,
          },
        ),
      );
    }
  }
}

function closedFailure({ origin }: URL): Failure {
  return new Failure('cluster', `the connections to ${origin} were closed before the answer came`);
}
