/** A PoolC API that answers what it is told, byte for byte, and keeps what is sent to it. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { DirectoryAnswer } from './directory-oracle.ts';

export interface DirectoryServer {
  /** For the answer of that key. */
  endpoint(key: string | number): string;
  answer(key: string | number, answer: DirectoryAnswer): void;
  forget(key: string | number): void;
  /** The maps that were delivered under a key: tokens by member UUID. */
  deliveries(key: string | number): readonly ReadonlyMap<string, string>[];
}

const mapSchema = z.record(z.string(), z.string());

/** Call it in a test. */
export async function startDirectoryServer(): Promise<DirectoryServer> {
  const answers = new Map<string, DirectoryAnswer>();
  const delivered = new Map<string, ReadonlyMap<string, string>[]>();
  const exchange = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, key = ''] = /^\/([^/]+)\/kubernetes\/$/.exec(request.url ?? '') ?? [];
    if (request.method === 'POST') {
      const map = new Map(Object.entries(mapSchema.parse(JSON.parse(await text(request)))));
      delivered.set(key, [...(delivered.get(key) ?? []), map]);
      response.end();
      return;
    }
    const { status, headers, body, cut } = answers.get(key) ?? notThere;
    response.writeHead(status, { ...headers, 'content-length': body.length + (cut ? 1 : 0) });
    if (cut) response.write(body, () => setImmediate(() => response.destroy()));
    else response.end(body);
  };
  const { origin } = await listenOnLoopback((request, response) => {
    exchange(request, response).catch(() => response.destroy());
  });
  return {
    endpoint: (key) => `${origin}/${key}`,
    answer: (key, answer) => void answers.set(String(key), answer),
    forget: (key) => void answers.delete(String(key)),
    deliveries: (key) => delivered.get(String(key)) ?? [],
  };
}

/** Call it in a test. @returns where it listens, over plain HTTP */
export async function listenOnLoopback(answer: RequestListener): Promise<URL> {
  const server = createServer(answer);
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return new URL(`http://127.0.0.1:${address.port}`);
}

const notThere: DirectoryAnswer = { status: 404, headers: {}, body: Buffer.alloc(0), cut: false };
