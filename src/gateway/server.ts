/**
 * The gateway's sockets: HTTPS for members, and two more for whoever runs it (health, metrics). Slow and endless clients
 * are cut off; a renewed certificate is taken up while it runs; at the end, what is under way is finished first.
 */
import http from 'node:http';
import https from 'node:https';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { toFailure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import { readServerCertificate } from './certificate.ts';

export interface Ports {
  readonly members: number;
  readonly health: number;
  readonly metrics: number;
}

export interface GatewayServer {
  /** The ports that were taken: others than asked for where 0 was. */
  readonly ports: Ports;
  /** Takes no further request, finishes those under way for at most this long, and closes. */
  drain(graceMs: number): Promise<void>;
}

export interface ServerOptions {
  readonly app: Hono;
  readonly host: string | undefined;
  readonly ports: Ports;
  readonly certificateFiles: { readonly cert: string; readonly key: string };
  /** Why members can't be served just now; undefined when they can. */
  readonly unready: () => string | undefined;
  readonly metrics: (gauges: Readonly<Record<string, { readonly help: string; readonly value: number }>>) => string;
  readonly log: Log;
}

const certificatePollMs = 10_000;

export async function startServer(options: ServerOptions): Promise<GatewayServer> {
  const { app, host, ports, certificateFiles, log } = options;
  let certificate = readServerCertificate(certificateFiles);
  let isDraining = false;
  const listener = getRequestListener(app.fetch);
  const members = https.createServer(
    {
      cert: certificate.cert,
      key: certificate.key,
      minVersion: 'TLSv1.2',
      maxHeaderSize: 16 * 1024,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => void listener(request, response),
  );
  members.maxConnections = 5_000;
  const polling = setInterval(() => {
    try {
      const found = readServerCertificate(certificateFiles);
      if (found.version === certificate.version) return;
      members.setSecureContext({ cert: found.cert, key: found.key, minVersion: 'TLSv1.2' });
      certificate = found;
      log.info('a renewed certificate is in use', { expires: new Date(found.expiresAt).toISOString() });
    } catch (error) {
      // Between two writes the files do not fit together; the next look finds them so.
      log.warn(`the certificate in use stays: ${toFailure(error).message}`);
    }
  }, certificatePollMs);
  polling.unref();

  const health = http.createServer((request, response) => {
    const why = isDraining ? 'it is stopping' : options.unready();
    if (request.url === '/healthz') answer(response, 200, 'ok');
    else if (request.url === '/readyz') answer(response, why === undefined ? 200 : 503, why ?? 'ok');
    else answer(response, 404, 'not found');
  });
  const metrics = http.createServer((request, response) => {
    if (request.url !== '/metrics') {
      answer(response, 404, 'not found');
      return;
    }
    const expiry = { help: 'When the certificate in use expires, in Unix time.', value: certificate.expiresAt / 1_000 };
    answer(response, 200, options.metrics({ certificate_expires_seconds: expiry }));
  });

  const taken = {
    members: await listen(members, ports.members, host),
    health: await listen(health, ports.health, host),
    metrics: await listen(metrics, ports.metrics, host),
  };
  return {
    ports: taken,
    drain: async (graceMs) => {
      isDraining = true;
      clearInterval(polling);
      const closed = close(members);
      members.closeIdleConnections();
      const timer = setTimeout(() => {
        members.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(timer);
      health.closeAllConnections();
      metrics.closeAllConnections();
      await Promise.all([close(health), close(metrics)]);
    },
  };
}

function answer(response: http.ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
    .end(text.endsWith('\n') ? text : `${text}\n`);
}

async function listen(server: http.Server | https.Server, port: number, host: string | undefined): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  server.listen(port, host, () => {
    resolve(undefined);
  });
  await promise;
  server.off('error', reject);
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function close(server: http.Server | https.Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => {
    resolve();
  });
  return promise;
}
