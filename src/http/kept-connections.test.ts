import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { exchange } from './exchange.ts';
import { KeptConnections } from './kept-connections.ts';

/** Answers with the number of the connection that the request came by. */
async function useServer(): Promise<{ url: URL; sockets: readonly Socket[]; closed: () => Promise<void> }> {
  const sockets: Socket[] = [];
  const server = createServer((request, response) => response.end(String(sockets.indexOf(request.socket) + 1)));
  const gone: Promise<void>[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('close', () => resolve());
    gone.push(promise);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  return {
    url: new URL(`http://127.0.0.1:${address.port}/`),
    sockets,
    closed: async () => void (await Promise.all(gone)),
  };
}

const ask = async (url: URL, kept?: KeptConnections) => {
  const { body } = await exchange({
    method: 'GET',
    url,
    headers: {},
    timeoutMs: 20_000,
    longestAnswer: 1_000,
    signal: AbortSignal.timeout(20_000),
    proxyEnv: {},
    kind: 'directory',
    peer: 'the server',
    addressHint: 'is the address right?',
    ...(kept === undefined ? {} : { kept }),
  });
  return body.toString();
};

it('one exchange after the other is by the same connection, and by one of its own without them', async () => {
  const { url } = await useServer();
  using kept = new KeptConnections();
  expect([await ask(url, kept), await ask(url, kept), await ask(url, kept)]).toEqual(['1', '1', '1']);
  expect([await ask(url), await ask(url)]).toEqual(['2', '3']);
});

it('exchanges at once have one each', async () => {
  const { url } = await useServer();
  using kept = new KeptConnections();
  expect((await Promise.all([ask(url, kept), ask(url, kept)])).toSorted()).toEqual(['1', '2']);
});

it('another server has another one', async () => {
  const [one, other] = [await useServer(), await useServer()];
  using kept = new KeptConnections();
  await ask(one.url, kept);
  expect(await ask(other.url, kept)).toBe('1');
  expect(other.sockets).toHaveLength(1);
});

it('one that the server closed meanwhile is opened again', async () => {
  const { url, sockets, closed } = await useServer();
  using kept = new KeptConnections();
  await ask(url, kept);
  sockets[0]?.end();
  await closed();
  expect(await ask(url, kept)).toBe('2');
});

it('at the end all of them are closed, also one that is still in use', async () => {
  const { url, closed } = await useServer();
  const kept = new KeptConnections();
  await ask(url, kept);
  const late = ask(url, kept);
  kept[Symbol.dispose]();
  expect(await late).toBe('1');
  await closed();
});
