/** The pool against real TLS servers that behave, and that don't. */
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import net, { type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startConnectProxy } from '../../dev/connect-proxy.ts';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type KeyPair,
} from '../../dev/control-plane/certificates.ts';
import { Failure } from '../lib/failure.ts';
import { ConnectionPool, type PoolRequest } from './pool.ts';
import { proxyFor } from './proxy.ts';
import { failuresInTests } from './testing.ts';

let authority: CertificateAuthority;
let pair: KeyPair;
const closing: (() => void)[] = [];

beforeAll(async () => {
  authority = await createCertificateAuthority('pool test');
  pair = await authority.issue({ commonName: 'server', hosts: ['127.0.0.1', 'localhost'] });
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  return (server.address() as AddressInfo).port;
}

async function serve(listener: RequestListener): Promise<{ port: number; connections: () => number }> {
  const server = createServer({ key: pair.key, cert: pair.certificate }, listener);
  let connections = 0;
  server.on('secureConnection', () => connections++);
  closing.push(() => server.closeAllConnections());
  return { port: await listen(server), connections: () => connections };
}

function poolOf(
  port: number,
  options: {
    size?: number;
    timeoutMs?: number;
    ca?: string;
    host?: string;
    servername?: string;
    env?: NodeJS.ProcessEnv;
    onLoss?: () => void;
  } = {},
): ConnectionPool {
  const server = new URL(`https://${options.host ?? '127.0.0.1'}:${port}`);
  const pool = new ConnectionPool({
    server,
    tls: {
      ca: options.ca ?? authority.certificate,
      ...(options.servername === undefined ? {} : { servername: options.servername }),
    },
    proxy: proxyFor(server, options.env ?? {}),
    size: options.size ?? 2,
    connectTimeoutMs: options.timeoutMs ?? 10_000,
    requestTimeoutMs: options.timeoutMs ?? 10_000,
    longestAnswer: 1024 * 1024,
    failures: failuresInTests,
    ...(options.onLoss === undefined ? {} : { onLoss: options.onLoss }),
  });
  closing.push(() => pool.close());
  return pool;
}

function get(path: string, more: Partial<PoolRequest> = {}): PoolRequest {
  return { method: 'GET', path, headers: () => [], body: undefined, signal: new AbortController().signal, ...more };
}

const echo: RequestListener = (request, response) => {
  response.end(`${request.method} ${request.url}`);
};

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('requests', () => {
  it('share at most as many connections as the pool has, and each gets its own answer', async () => {
    const { port, connections } = await serve(echo);
    const pool = poolOf(port, { size: 3 });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => pool.send(get(`/${index}`))));
    expect(answers.map(({ body }) => body.toString())).toEqual(
      Array.from({ length: 50 }, (_, index) => `GET /${index}`),
    );
    expect(connections()).toBe(3);
  });

  it('go on over a new connection after the server closed the old one', async () => {
    const { port, connections } = await serve((request, response) => {
      response.setHeader('connection', 'close');
      echo(request, response);
    });
    const pool = poolOf(port, { size: 1 });
    for (const path of ['/a', '/b', '/c']) expect((await pool.send(get(path))).body.toString()).toBe(`GET ${path}`);
    expect(connections()).toBe(3);
  });

  it('carry a body and headers', async () => {
    const { port } = await serve((request: IncomingMessage, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () =>
        response.end(
          [request.headers['x-a'], request.headers['content-type'], Buffer.concat(chunks).toString()].join(' '),
        ),
      );
    });
    const answer = await poolOf(port).send(
      get('/', { method: 'POST', headers: () => ['x-a', '1', 'content-type', 'application/json'], body: '{"a":2}' }),
    );
    expect(answer.body.toString()).toBe('1 application/json {"a":2}');
  });

  it('end with their signal, and the pool goes on', async () => {
    const { port } = await serve((request, response) => {
      if (request.url !== '/never') echo(request, response);
    });
    const pool = poolOf(port, { size: 1 });
    const stop = new AbortController();
    const hanging = failureOf(pool.send(get('/never', { signal: stop.signal })));
    const waiting = failureOf(pool.send(get('/also', { signal: stop.signal })));
    setTimeout(() => stop.abort(new Error('stopped')), 50);
    expect(await hanging).toMatchObject({ message: 'stopped' });
    expect(await waiting).toMatchObject({ message: 'stopped' });
    expect((await pool.send(get('/after'))).body.toString()).toBe('GET /after');
  });

  it('that are ended in the turn before they are sent fail for their caller, and for nobody else', async () => {
    const { port } = await serve(echo);
    const pool = poolOf(port, { size: 1 });
    // On a connection that was used before, a request waits for a turn.
    await pool.send(get('/first'));
    const controller = new AbortController();
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const failed = failureOf(pool.send(get('/second', { signal: controller.signal })));
      queueMicrotask(() => controller.abort(new Error('enough')));
      expect(await failed).toEqual(new Error('enough'));
      await sleep(10);
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(unhandled).toEqual([]);
    expect((await pool.send(get('/third'))).body.toString()).toBe('GET /third');
  });

  it('that are not answered in time fail as worth another try', async () => {
    const { port } = await serve(() => undefined);
    const failure = await failureOf(poolOf(port, { timeoutMs: 300 }).send(get('/')));
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ kind: 'cluster', transient: true });
  });

  it('are not sent when the check right before sending throws, and the connection stays', async () => {
    const seen: string[] = [];
    const { port, connections } = await serve((request, response) => {
      seen.push(request.url ?? '');
      echo(request, response);
    });
    const pool = poolOf(port, { size: 1 });
    await pool.send(get('/a'));
    const stopped = pool.send(
      get('/b', {
        beforeSend: () => {
          throw new Error('fenced');
        },
      }),
    );
    expect(await failureOf(stopped)).toMatchObject({ message: 'fenced' });
    await pool.send(get('/c'));
    expect(seen).toEqual(['/a', '/c']);
    expect(connections()).toBe(1);
  });

  it('whose connection is reset in mid-answer fail as worth another try', async () => {
    const { port } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    });
    expect(await failureOf(poolOf(port).send(get('/')))).toMatchObject({ kind: 'cluster', transient: true });
  });
});

describe('a server that cannot be used', () => {
  it('is named with the reason when nothing listens', async () => {
    const server = net.createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const failure = await failureOf(poolOf(port).send(get('/')));
    expect(failure).toMatchObject({ transient: true, reason: 'ECONNREFUSED' });
    expect(failure).toMatchObject({ message: expect.stringContaining('nothing listens there') });
  });

  it('is not trusted with a certificate of another authority, and that is not tried again', async () => {
    const { port } = await serve(echo);
    const other = await createCertificateAuthority('another');
    expect(await failureOf(poolOf(port, { ca: other.certificate }).send(get('/')))).toMatchObject({
      transient: false,
      message: expect.stringMatching(/^untrusted: /),
    });
  });

  it('speaks no HTTP: says so', async () => {
    const server = createHttpServer();
    const tlsServer = createServer({ key: pair.key, cert: pair.certificate });
    tlsServer.on('secureConnection', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n'));
    server.close();
    const port = await listen(tlsServer);
    expect(await failureOf(poolOf(port).send(get('/')))).toMatchObject({
      message: expect.stringMatching(/^not-http: /),
    });
  });
});

describe('a server that seems to be away', () => {
  const lossesOf = async (port: number, ask: (pool: ConnectionPool) => Promise<unknown>) => {
    let losses = 0;
    const pool = poolOf(port, { timeoutMs: 300, onLoss: () => losses++ });
    await failureOf(ask(pool));
    return { pool, losses: () => losses };
  };

  it('is told of when it closes a connection that was used just now, with or without a request on it', async () => {
    const sockets: net.Socket[] = [];
    const { port } = await serve((request, response) => {
      sockets.push(request.socket);
      if (request.url === '/reset') request.socket.destroy();
      else response.end();
    });
    const reset = await lossesOf(port, (pool) => pool.send(get('/reset')));
    expect(reset.losses()).toBe(1);
    const idle = await lossesOf(port, (pool) => pool.send(get('/')));
    expect(idle.losses()).toBe(0);
    sockets.at(-1)?.destroy();
    await expect.poll(idle.losses).toBe(1);
  });

  it('is told of when nothing listens, and when no answer comes in time', async () => {
    const server = net.createServer();
    const closed = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    expect((await lossesOf(closed, (pool) => pool.send(get('/')))).losses()).toBe(1);
    const { port } = await serve(() => {});
    expect((await lossesOf(port, (pool) => pool.send(get('/')))).losses()).toBe(1);
  });

  it('is not told of when the answer says that the connection ends, or when we end it', async () => {
    const { port } = await serve((_, response) => {
      response.setHeader('connection', 'close').end();
    });
    const { pool, losses } = await lossesOf(port, (each) => each.send(get('/')));
    await pool.send(get('/'));
    const other = await serve(echo);
    const kept = await lossesOf(other.port, (each) => each.send(get('/')));
    kept.pool.close();
    await sleep(100);
    expect([losses(), kept.losses()]).toEqual([0, 0]);
  });
});

describe('a pool that is closed', () => {
  const closed = { kind: 'cluster', transient: false, message: expect.stringContaining('were closed') };

  it('settles at once what is under way, what waits for a connection, and what comes later', async () => {
    const arrived = Promise.withResolvers<void>();
    const { port } = await serve(() => arrived.resolve());
    const pool = poolOf(port, { size: 1 });
    const requests = ['/a', '/b', '/c'].map((path) => failureOf(pool.send(get(path))));
    await arrived.promise;
    pool.close();
    for (const request of requests) expect(await request).toMatchObject(closed);
    expect(await failureOf(pool.send(get('/later')))).toMatchObject(closed);
  });

  it('ends a connection that is still being opened, and leaves no socket', async () => {
    await using proxy = await startConnectProxy(() => 'none');
    const pool = poolOf(6443, { host: 'api.example.org', env: { HTTPS_PROXY: proxy.url } });
    const request = failureOf(pool.send(get('/')));
    await expect.poll(() => proxy.asked).toHaveLength(1);
    pool.close();
    expect(await request).toMatchObject(closed);
    await expect.poll(() => proxy.open).toBe(0);
  });
});

describe('HTTPS_PROXY', () => {
  const host = 'api.example.org';

  it('is used, except for hosts in NO_PROXY', async () => {
    const { port } = await serve(echo);
    await using proxy = await startConnectProxy(() => ({ port }));
    const env = { HTTPS_PROXY: proxy.url };
    const through = poolOf(port, { host, env, servername: 'localhost' });
    expect((await through.send(get('/through'))).body.toString()).toBe('GET /through');
    expect(proxy.asked).toEqual([`${host}:${port}`]);
    expect((await poolOf(port, { env }).send(get('/direct'))).body.toString()).toBe('GET /direct');
    expect(proxy.asked).toHaveLength(1);
  });

  it('that never answers: the deadline and the signal end it, and no socket stays', async () => {
    const { port, connections } = await serve(echo);
    await using proxy = await startConnectProxy(() => 'none');
    const pool = poolOf(port, { host, env: { HTTPS_PROXY: proxy.url }, timeoutMs: 300 });
    expect(await failureOf(pool.send(get('/')))).toMatchObject({ transient: true, reason: 'ETIMEDOUT' });
    const stop = new AbortController();
    const stopped = failureOf(pool.send(get('/', { signal: stop.signal })));
    await expect.poll(() => proxy.asked).toHaveLength(2);
    stop.abort(new Error('stopped'));
    expect(await stopped).toMatchObject({ message: 'stopped' });
    await expect.poll(() => proxy.open).toBe(0);
    proxy.answerLate(port);
    expect(connections()).toBe(0);
  });
});
