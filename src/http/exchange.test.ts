/** The exchange with a server of the club, where the way there is not as usual. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ErrorKind } from '../lib/failure.ts';
import { exchange, type ProxyVariables, proxyFor, redirectOf } from './exchange.ts';

async function listen(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return new URL(`http://127.0.0.1:${address.port}/`);
}

const ask = (url: URL, proxyEnv: ProxyVariables = {}, body?: string, kind: ErrorKind = 'directory') =>
  exchange({
    method: body === undefined ? 'GET' : 'POST',
    url,
    headers: { 'x-api-key': 'the-key' },
    ...(body === undefined ? {} : { body: { length: body.length, chunks: () => [Buffer.from(body)] } }),
    timeoutMs: 10_000,
    longestAnswer: 1_000,
    signal: AbortSignal.timeout(20_000),
    proxyEnv,
    kind,
    peer: 'the server',
  });

describe('a proxy', () => {
  it('never gets what is sent to this very host unencrypted', async () => {
    const heard: string[] = [];
    const record =
      (name: string): RequestListener =>
      (request, response) => {
        heard.push(`${name} ${request.url}`);
        response.end('yes');
      };
    const server = await listen(createServer(record('server')));
    const proxy = await listen(createServer(record('proxy')));
    expect((await ask(server, { HTTP_PROXY: proxy.href, http_proxy: proxy.href })).body.toString()).toBe('yes');
    expect(heard).toEqual(['server /']);
  });

  it('is used for what is sent elsewhere, by the variable of its kind', () => {
    const env = { HTTPS_PROXY: 'http://kim:a%20word@proxy.example.org:3128' };
    expect(proxyFor(new URL('https://api.example.org'), env)).toEqual({ proxyEnv: env });
    expect(proxyFor(new URL('http://push.example.org'), env)).toEqual({});
    expect(proxyFor(new URL('https://api.example.org'), { HTTPS_PROXY: '' })).toEqual({});
  });

  it.each([
    'http://kim:ProxyPassw0rd@proxy:99999',
    'http://kim:Proxy Passw0rd@proxy:x',
    'http://kim:50%Passw0rd@proxy:1',
    'socks5://kim:Passw0rd@proxy:1',
    'Passw0rd',
  ])('whose address is unusable is said without a word of it', async (address) => {
    const asked = ask(new URL('https://api.example.org'), { https_proxy: address });
    await expect(asked).rejects.toThrow(/^https_proxy is not the address of a proxy/);
    await expect(asked).rejects.not.toThrow(/Passw0rd/);
    await expect(asked).rejects.toMatchObject({ kind: 'usage' });
  });
});

it("a webhook's host is not named where the proxy does not let us through", async () => {
  const server = createServer();
  server.on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  const proxy = await listen(server);
  const asked = ask(new URL('https://secret-host.example'), { HTTPS_PROXY: proxy.href }, '{}', 'notification');
  await expect(asked).rejects.toThrow(
    /^the server can't be reached: the proxy of HTTPS_PROXY does not let us through$/,
  );
});

it('where a redirect points to is said cut short, without what a terminal obeys', () => {
  const answer = (status: number, to: string | undefined) => ({ status, header: () => to, body: Buffer.alloc(0) });
  expect(redirectOf(answer(301, 'https://x/\u009b31m\u202e'))).toBe('https://x/\\u{9b}31m\\u{202e}');
  expect(redirectOf(answer(302, 'x'.repeat(15_000)))).toHaveLength(200);
  expect(redirectOf(answer(304, undefined))).toBeUndefined();
  expect(redirectOf(answer(201, '/made'))).toBeUndefined();
});

describe('an answer that is none', () => {
  it.each([undefined, 'a body'])('such as 101 ends the exchange (body: %s)', async (body) => {
    const url = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () =>
          socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'),
        );
      }),
    );
    await expect(ask(url, {}, body)).rejects.toThrow("the server can't be reached: the connection was reset");
  });
});
