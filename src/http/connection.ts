/**
 * One connection to a server, on undici's client: opened when it is needed, and again after it was lost. One request at
 * a time. undici parses with llhttp, sends nothing before it has read what a kept connection still holds, and closes a
 * connection on bytes that nobody asked for.
 */
import type net from 'node:net';
import Client, { type Controller, type Handler } from 'undici/lib/dispatcher/client.js';
import { type Destination, openSocket } from './open-socket.ts';

export interface WireRequest {
  readonly method: string;
  /** From the root, with the query; a whole URL for a proxy of plain http. */
  readonly path: string;
  /** Names and values in turn. A value with a control character is refused before anything is sent. */
  readonly headers: readonly string[];
  /** Pieces are asked for one by one, each when the one before has left this process. They need a content-length. */
  readonly body?: string | Iterable<Buffer> | undefined;
}

/** What becomes of a request. `onEnd` or `onError` is called last, and once. */
export interface Receiver {
  /** The connection is there, and the bytes leave next; what it throws stops the request. */
  onStart(): void;
  onHead(head: Head): void;
  /** `false` asks for no more until `resume` of the head is called. */
  onData(chunk: Buffer): boolean;
  onEnd(): void;
  /** Of the network, of TLS, of the parser, what `onStart` threw, or what `end` was given. */
  onError(error: Error): void;
}

/** Status and headers of an answer. */
export class Head {
  readonly status: number;
  readonly #fields: Fields;
  readonly #controller: Controller;

  constructor(status: number, fields: Fields, controller: Controller) {
    this.status = status;
    this.#fields = fields;
    this.#controller = controller;
  }

  /** The value of a header, by lower-case name; the first one where it is repeated. */
  header(name: string): string | undefined {
    const value = this.#fields[name];
    return (typeof value === 'string' ? value : value?.[0])?.trim();
  }

  /** Every value of a header that may be repeated. */
  headers(name: string): readonly string[] {
    const value = this.#fields[name] ?? [];
    return (typeof value === 'string' ? [value] : value).map((each) => each.trim());
  }

  /** Asks for more, where `onData` asked for none. */
  resume(): void {
    this.#controller.resume();
  }
}

type Fields = Readonly<Record<string, string | string[] | undefined>>;

export interface ConnectionOptions extends Destination {
  /** How long it is kept open without a request, in milliseconds, unless the server asks for less. */
  readonly keepAliveMs: number;
  /** Called when the other side, or the network, ended the connection, with or without a request on it. */
  readonly onLoss?: ((error: Error) => void) | undefined;
}

const longestHead = 64 * 1024;

export class Connection implements Handler {
  readonly #options: ConnectionOptions;
  readonly #client: Client;
  #socket: net.Socket | undefined;
  #opening: AbortController | undefined;
  #receiver: Receiver | undefined;
  #controller: Controller | undefined;
  /** Why the request that is under way has no future. */
  #ended: Error | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#client = new Client(options.server.origin, {
      connect: (_, callback) => void this.#connect(callback),
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: options.keepAliveMs,
      keepAliveMaxTimeout: options.keepAliveMs,
      maxHeaderSize: longestHead,
      // Deadlines are kept by the caller, for the request as a whole.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#client.on('disconnect', (_origin, _targets, error) => {
      this.#socket = undefined;
      if (this.#ended === undefined && !isOwnChoice(error)) options.onLoss?.(error);
    });
    this.#client.on('connectionError', (_origin, _targets, error) => {
      if (this.#ended === undefined) options.onLoss?.(error);
    });
  }

  /** @throws Error for a request that HTTP/1.1 can't express, such as a header with a line break */
  send({ method, path, headers, body }: WireRequest, receiver: Receiver): void {
    this.#ended = undefined;
    this.#controller = undefined;
    this.#receiver = receiver;
    const sent = typeof body === 'string' || body === undefined ? body : this.#paced(body);
    this.#client.dispatch({ method, path, headers, body: sent ?? null }, this);
  }

  /** Ends the request that is under way, and the connection with it. */
  end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#opening?.abort(reason);
    this.#controller?.abort(reason);
  }

  /** Ends everything; nothing is sent any more. */
  close(reason: Error): void {
    this.end(reason);
    void this.#client.destroy(reason);
  }

  onRequestStart(controller: Controller): void {
    if (this.#ended !== undefined) throw this.#ended;
    this.#controller = controller;
    this.#receiver?.onStart();
  }

  onResponseStart(controller: Controller, status: number, fields: Fields): void {
    if (status >= 200) this.#receiver?.onHead(new Head(status, fields, controller));
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#receiver?.onData(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.#receiver?.onEnd();
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    this.#receiver?.onError(this.#ended ?? error);
  }

  async #connect(callback: (...result: [error: null, socket: net.Socket] | [error: Error, socket: null]) => void) {
    const opening = new AbortController();
    this.#opening = opening;
    try {
      if (this.#ended !== undefined) throw this.#ended;
      const socket = await openSocket(this.#options, opening.signal);
      this.#socket = socket;
      callback(null, socket);
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null);
    } finally {
      this.#opening = undefined;
    }
  }

  /** Nothing waits in a buffer for the network, or for a process that was stopped to go on. */
  async *#paced(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
    for (const chunk of chunks) {
      yield chunk;
      await flushed(this.#socket);
    }
  }
}

/** Resolves when everything that was written has left this process, or when the socket is closed. */
function flushed(socket: net.Socket | undefined): Promise<void> {
  // Writes are done in turn: nothing, written last, is done when everything before it is.
  return new Promise((resolve) => (socket === undefined ? resolve() : void socket.write('', () => resolve())));
}

/** The connection ended as the answer said, or because it was idle. */
function isOwnChoice(error: Error): boolean {
  return 'code' in error && error.code === 'UND_ERR_INFO';
}
