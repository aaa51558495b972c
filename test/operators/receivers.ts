/** Real HTTP servers in the place of a chat's webhook, a heartbeat monitor and a Pushgateway. */
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface Receiver {
  /** Without a path or a slash at its end. */
  readonly origin: string;
  /** In the order of their arrival. */
  readonly received: readonly Received[];
}

export interface ReceiverOptions {
  readonly status?: number;
  readonly location?: string;
  /** Takes the request, and says nothing. */
  readonly hangs?: boolean;
  /** With a certificate that nobody knows. */
  readonly tls?: boolean;
}

/** Call it in a test. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const { status = 200, location, hangs = false, tls = false } = options;
  const received: Received[] = [];
  const listener: RequestListener = (request, response) => {
    void text(request).then((body) => {
      received.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
      if (hangs) return;
      response.writeHead(status, location === undefined ? {} : { location }).end('ok');
    });
  };
  const server = tls ? await secureServer(listener) : createHttpServer(listener);
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { origin: `${tls ? 'https' : 'http'}://127.0.0.1:${portOf(server)}`, received };
}

async function secureServer(listener: RequestListener): Promise<Server> {
  const authority = await createCertificateAuthority('unknown to everybody');
  const { certificate, key } = await authority.issue({ commonName: 'receiver', hosts: ['127.0.0.1'] });
  return createHttpsServer({ cert: certificate, key }, listener);
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('The receiver listens on no port');
  return address.port;
}
