/** CONNECT through proxies that open a way, that refuse, and that say nothing. */
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { type ConnectAnswer, startConnectProxy } from '../../dev/connect-proxy.ts';
import { openTunnel } from './tunnel.ts';

/** A server that greets, and counts who came. */
async function useServer(): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('hello'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return { port: address.port, connections: () => connections };
}

async function useProxy(answer: ConnectAnswer) {
  const proxy = await startConnectProxy(() => answer);
  onTestFinished(() => proxy.close());
  return proxy;
}

const open = (proxy: string, signal = new AbortController().signal) =>
  openTunnel({ proxy: new URL(proxy), host: 'api.example.org', port: 6443, signal });

it('leads to the server, with the name and password of the proxy and without them further on', async () => {
  const { port } = await useServer();
  const proxy = await useProxy({ port });
  const socket = await open(proxy.url.replace('//', '//kim:a%20word@'));
  onTestFinished(() => void socket.destroy());
  socket.write('hi');
  const heard: string[] = [];
  for await (const chunk of socket) heard.push(String(chunk));
  expect(heard.join('')).toBe('hello');
  expect(proxy.asked).toEqual(['api.example.org:6443']);
  expect(proxy.authorization).toBe(`Basic ${Buffer.from('kim:a word').toString('base64')}`);
});

it('says what a proxy answers that does not let us through, and leaves no connection', async () => {
  const proxy = await useProxy({ status: 403 });
  await expect(open(proxy.url)).rejects.toMatchObject({
    code: 'ERR_PROXY_TUNNEL',
    message: 'the proxy answered CONNECT with 403',
  });
  await expect.poll(() => proxy.open).toBe(0);
});

it('ends with its signal where the proxy says nothing, and a late answer opens no way', async () => {
  const server = await useServer();
  const proxy = await useProxy('none');
  const stop = new AbortController();
  const opening = open(proxy.url, stop.signal);
  await expect.poll(() => proxy.asked).toHaveLength(1);
  stop.abort(new Error('stopped'));
  await expect(opening).rejects.toThrow(/aborted/);
  proxy.answerLate(server.port);
  await expect.poll(() => proxy.open).toBe(0);
});
