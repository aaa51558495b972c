/** Answers as servers send them: cut anywhere, with what goes before and after them, and those that are none. */
import { createServer, type RequestListener } from 'node:http';
import net, { type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConnectionPool, type PoolOptions } from './pool.ts';
import { failuresInTests, listening } from './testing.ts';

/** A server that is nothing but what it does with a socket once a request has come, and a pool to it. */
async function useServer(onRequest: (socket: Socket, request: string) => void, more: Partial<PoolOptions> = {}) {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.setNoDelay(true).on('error', () => undefined);
    socket.on('data', (bytes) => onRequest(socket, bytes.toString('latin1')));
  });
  const pool = new ConnectionPool({
    server: new URL(`http://127.0.0.1:${await listening(server)}`),
    tls: {},
    proxy: undefined,
    size: 1,
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
    longestAnswer: 1024 * 1024,
    failures: failuresInTests,
    ...more,
  });
  onTestFinished(() => {
    pool.close();
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const signal = new AbortController().signal;
  const get = (path = '/') => pool.send({ method: 'GET', path, headers: () => [], body: undefined, signal });
  const post = (body: string) => pool.send({ method: 'POST', path: '/', headers: () => [], body, signal });
  return { get, post, sockets, connections: () => connections };
}

/** The bytes that Node's own server answers with. */
async function bytesOf(listener: RequestListener): Promise<Buffer> {
  const server = createServer({}, listener);
  const port = await listening(server);
  const socket = net.connect(port, '127.0.0.1');
  socket.end('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(Buffer.from(chunk));
  server.close();
  return Buffer.concat(chunks);
}

describe('an answer is read whole, cut at any byte,', () => {
  const body = JSON.stringify({ kind: 'TokenRequest', login: '풀씨', filler: 'x'.repeat(50) });
  it.each<[string, RequestListener]>([
    [
      'with a content length',
      (_, response) => void response.writeHead(201, { 'content-length': Buffer.byteLength(body) }).end(body),
    ],
    [
      'in chunks',
      (_, response) => {
        response.writeHead(201);
        response.write(body.slice(0, 20));
        response.write(body.slice(20, 21));
        response.end(body.slice(21));
      },
    ],
    [
      'in chunks, with trailers and an interim answer',
      (_, response) => {
        response.writeEarlyHints({ link: '</a>; rel=preload' });
        response.writeHead(201, { trailer: 'x-sum' });
        response.write(body);
        response.addTrailers({ 'x-sum': '1' });
        response.end();
      },
    ],
  ])('%s', async (_, listener) => {
    const bytes = await bytesOf(listener);
    const cuts = Array.from({ length: bytes.length - 1 }, (__, index) => index + 1);
    const server = await useServer(
      (socket, request) => {
        const cut = Number(/^GET \/(\d+)/.exec(request)?.[1]);
        if (cut === 0) for (const byte of bytes) socket.write(Buffer.from([byte]));
        else {
          socket.write(bytes.subarray(0, cut));
          setTimeout(() => socket.write(bytes.subarray(cut)), 1);
        }
      },
      { size: 16 },
    );
    const answers = await Promise.all([0, ...cuts].map((cut) => server.get(`/${cut}`)));
    for (const answer of answers) expect([answer.status, answer.body.toString()]).toEqual([201, body]);
  });
});

/** Answers the first request with these bytes and ends the connection where it says so; then `ok`. */
async function afterAnswer(bytes: string, end: boolean) {
  let requests = 0;
  const server = await useServer((socket) => {
    const text = requests++ === 0 ? bytes : 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
    if (requests === 1 && end) socket.end(text);
    else socket.write(text);
  });
  const first = await server.get();
  expect((await server.get()).body.toString()).toBe('ok');
  return { first, connections: server.connections() };
}

describe('what an answer says', () => {
  it('headers are found by lower-case name, whatever their spelling, each of those that are repeated', async () => {
    const head = ['RETRY-AFTER:  7 ', 'Warning: one', 'warning: two', 'Content-Length: 0'].join('\r\n');
    const { first, connections } = await afterAnswer(`HTTP/1.1 429 Too Many Requests\r\n${head}\r\n\r\n`, false);
    expect(first.status).toBe(429);
    expect(first.header('retry-after')).toBe('7');
    expect(first.header('after')).toBeUndefined();
    expect([first.header('warning'), first.headers('warning')]).toEqual(['one', ['one', 'two']]);
    expect([first.headers('retry-after'), first.headers('after')]).toEqual([['7'], []]);
    expect(connections).toBe(1);
  });

  it.each([
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok', false],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', false],
    ['a body until the end', 'HTTP/1.1 200 OK\r\n\r\nok', true],
  ])('%s: the connection carries no further request', async (_, bytes, end) => {
    const { first, connections } = await afterAnswer(bytes, end);
    expect(first.body.toString()).toBe('ok');
    expect(connections).toBe(2);
  });

  it('a 204 has no body, and the connection goes on', async () => {
    const { first, connections } = await afterAnswer('HTTP/1.1 204 No Content\r\n\r\n', false);
    expect([first.status, first.body.length, connections]).toEqual([204, 0, 1]);
  });
});

describe('what is no answer fails as worth another try, and so does the next request for itself:', () => {
  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n'],
    [
      'a chunk that is longer than its size',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n',
    ],
    ['a chunk size that is no number', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(65 * 1024)}`],
    ['many headers', `HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(100)}\r\n`.repeat(1_000)}\r\n`],
    ['a body beyond the limit', `HTTP/1.1 200 OK\r\n\r\n${'y'.repeat(1024 * 1024 + 1)}`],
    ['an answer that is cut off', 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nonly this'],
    ['an answer in chunks that is cut off', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nonly '],
    ['a head that is cut off', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['nothing', ''],
  ])('%s', async (_, bytes) => {
    let requests = 0;
    const server = await useServer((socket) => {
      if (requests++ === 0) socket.end(bytes);
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
    await expect(server.get()).rejects.toMatchObject({ kind: 'cluster', transient: true });
    expect((await server.get()).body.toString()).toBe('ok');
  });

  it('a head that comes a byte at a time, for ever', async () => {
    const server = await useServer(
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const drip = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(drip));
      },
      { requestTimeoutMs: 300 },
    );
    await expect(server.get()).rejects.toMatchObject({ message: 'no answer in time', transient: true });
    await expect.poll(() => [...server.sockets].every(({ destroyed }) => destroyed)).toBe(true);
  });
});

describe('a connection that is kept', () => {
  it('and that the server closes meanwhile costs no request', async () => {
    const server = await useServer((socket) => void socket.write('HTTP/1.1 204 No Content\r\n\r\n'));
    for (let round = 0; round < 20; round++) {
      expect((await server.get()).status).toBe(204);
      for (const socket of server.sockets) socket.destroy();
      // Not waited for: the end of the connection and the next request are under way at once.
      if (round % 2 === 0) await nextTurn();
    }
    expect(server.connections()).toBe(20);
  });
});

it('an answer that comes before the body was sent is the answer, and the connection is not used again', async () => {
  let requests = 0;
  const server = await useServer((socket) => {
    requests++;
    if (requests === 1) socket.pause();
    socket.write(requests === 1 ? 'HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno' : 'HTTP/1.1 204 OK\r\n\r\n');
  });
  const answer = await server.post('x'.repeat(50_000_000));
  expect([answer.status, answer.body.toString()]).toEqual([413, 'no']);
});
