/**
 * undici's client for one connection, as far as it is used here. undici has types for its index alone, and the index
 * brings fetch, caches and more with it (docs/adr/0007); those types also lack the body of an async iterable.
 */
declare module 'undici/lib/dispatcher/client.js' {
  import type net from 'node:net';

  interface Options {
    /** Opens the connection, each time that one is needed. */
    connect: (
      target: unknown,
      callback: (...result: [error: null, socket: net.Socket] | [error: Error, socket: null]) => void,
    ) => void;
    allowH2: boolean;
    pipelining: number;
    keepAliveTimeout: number;
    keepAliveMaxTimeout: number;
    maxHeaderSize: number;
    headersTimeout: number;
    bodyTimeout: number;
  }

  interface Controller {
    abort(reason: Error): void;
    pause(): void;
    resume(): void;
  }

  interface Handler {
    onRequestStart(controller: Controller): void;
    onResponseStart(
      controller: Controller,
      status: number,
      headers: Readonly<Record<string, string | string[] | undefined>>,
    ): void;
    onResponseData(controller: Controller, chunk: Buffer): void;
    onResponseEnd(): void;
    onResponseError(controller: Controller | null, error: Error): void;
  }

  class Client {
    constructor(origin: string, options: Options);
    dispatch(
      request: {
        method: string;
        path: string;
        headers: readonly string[];
        body: string | AsyncIterable<Buffer> | null;
      },
      handler: Handler,
    ): boolean;
    destroy(reason: Error): Promise<void>;
    on(event: 'disconnect' | 'connectionError', listener: (origin: URL, targets: unknown, error: Error) => void): this;
  }

  export default Client;
  export type { Controller, Handler };
}
