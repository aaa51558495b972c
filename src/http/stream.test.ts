/** Answers that come over time: a pool's streams. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { ConnectionPool } from './pool.ts';
import { failuresInTests } from './testing.ts';

async function usePool(listener: RequestListener, requestTimeoutMs = 5_000): Promise<ConnectionPool> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  const { port } = server.address() as AddressInfo;
  const pool = new ConnectionPool({
    server: new URL(`http://127.0.0.1:${port}`),
    tls: {},
    proxy: undefined,
    size: 1,
    connectTimeoutMs: 5_000,
    requestTimeoutMs,
    longestAnswer: 1_024,
    failures: failuresInTests,
  });
  onTestFinished(() => {
    pool.close();
    server.close();
    server.closeAllConnections();
  });
  return pool;
}

const get = (path: string, signal = new AbortController().signal) => ({
  method: 'GET',
  path,
  headers: () => [],
  body: undefined,
  signal,
});

it('are read as they come, beside the requests of the pool and beyond its longest answer', async () => {
  let open: ServerResponse | undefined;
  const pool = await usePool((request, response) => {
    if (request.url !== '/watch') response.end('ok');
    else {
      open = response;
      response.writeHead(200, { 'x-kind': 'watch' }).flushHeaders();
    }
  });
  const stream = await pool.stream(get('/watch'));
  const head = await stream.head;
  expect([head.status, head.header('x-kind')]).toEqual([200, 'watch']);
  const pieces = stream[Symbol.asyncIterator]();
  for (const piece of ['first', 'x'.repeat(5_000)]) {
    open?.write(piece);
    let heard = '';
    while (heard.length < piece.length) heard += String((await pieces.next()).value);
    expect(heard).toBe(piece);
    expect((await pool.send(get('/'))).body.toString()).toBe('ok');
  }
  open?.end();
  expect(await pieces.next()).toEqual({ done: true, value: undefined });
});

it('make the server wait for a reader that is slow', async () => {
  const total = 64 * 1024 * 1024;
  let written = 0;
  const pool = await usePool((_, response) => {
    const write = () => {
      while (written < total) {
        written += 65_536;
        if (!response.write(Buffer.alloc(65_536))) {
          response.once('drain', write);
          return;
        }
      }
      response.end();
    };
    write();
  });
  const stream = await pool.stream(get('/'));
  await expect.poll(() => written).toBeGreaterThan(1024 * 1024);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(written).toBeLessThan(total);
  let read = 0;
  for await (const chunk of stream) read += chunk.length;
  expect(read).toBe(total);
});

it.each(['signal', 'pool', 'server', 'reader'])('are ended by the %s, and leave no connection', async (who) => {
  let response: ServerResponse | undefined;
  const closed = Promise.withResolvers<void>();
  const pool = await usePool((_, answer) => {
    response = answer;
    answer.on('close', closed.resolve);
    answer.write('first');
  });
  const stop = new AbortController();
  const stream = await pool.stream(get('/', stop.signal));
  const read = async () => {
    for await (const chunk of stream) {
      expect(String(chunk)).toBe('first');
      if (who === 'signal') stop.abort(new Error('stopped'));
      if (who === 'pool') pool.close();
      if (who === 'server') response?.destroy();
      if (who === 'reader') return 'left';
    }
    return 'whole';
  };
  const outcome = await read().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  expect(outcome).toMatch(
    { signal: /^stopped$/, pool: /were closed$/, server: /closed/, reader: /^left$/ }[who] ?? /^$/,
  );
  await closed.promise;
});

it('whose head does not come in time fail as worth another try; what comes after it may take its time', async () => {
  const pool = await usePool((request, response) => {
    if (request.url !== '/slow') return;
    response.write('first');
    setTimeout(() => response.end('last'), 600);
  }, 200);
  await expect(pool.stream(get('/never'))).rejects.toMatchObject({ message: 'no answer in time', transient: true });
  const chunks: string[] = [];
  for await (const chunk of await pool.stream(get('/slow'))) chunks.push(String(chunk));
  expect(chunks.join('')).toBe('firstlast');
});

it('fail where the server is silent for longer than it may be, but not for a reader that takes its time', async () => {
  const pool = await usePool((_, response) => {
    response.write('first');
    setTimeout(() => response.write('second'), 100);
  });
  const stream = await pool.stream({ ...get('/'), idleTimeoutMs: 300 });
  const chunks: string[] = [];
  const read = async () => {
    for await (const chunk of stream) {
      chunks.push(String(chunk));
      if (chunks.length === 1) await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
  await expect(read()).rejects.toMatchObject({ message: 'silent for 300 ms', transient: true });
  expect(chunks).toEqual(['first', 'second']);
});

it('are not sent when the check right before sending throws', async () => {
  const seen: string[] = [];
  const pool = await usePool((request, response) => {
    seen.push(request.url ?? '');
    response.end();
  });
  const beforeSend = () => {
    throw new Error('fenced');
  };
  await expect(pool.stream({ ...get('/'), beforeSend })).rejects.toThrow('fenced');
  expect(seen).toEqual([]);
});
