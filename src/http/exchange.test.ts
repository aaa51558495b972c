/** The exchange with a server of the club, where the way there is not as usual. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startConnectProxy } from '../../dev/connect-proxy.ts';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { type ErrorKind, Failure } from '../lib/failure.ts';
import { exchange, redirectOf } from './exchange.ts';

async function listen(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return new URL(`http://127.0.0.1:${address.port}/`);
}

const askedOf = (url: URL) => ({
  method: 'GET' as const,
  url,
  headers: { 'x-api-key': 'the-key' },
  timeoutMs: 10_000,
  longestAnswer: 1_000,
  signal: AbortSignal.timeout(20_000),
  proxyEnv: {},
  kind: 'directory' as ErrorKind,
  peer: 'the server',
  addressHint: 'is the address right?',
});

const ask = (
  url: URL,
  proxyEnv: NodeJS.ProcessEnv = {},
  body?: string,
  kind: ErrorKind = 'directory',
  more: { timeoutMs?: number; signal?: AbortSignal } = {},
) =>
  exchange({
    ...askedOf(url),
    ...(body === undefined ? {} : { method: 'POST', body: { length: body.length, chunks: () => [Buffer.from(body)] } }),
    proxyEnv,
    kind,
    ...more,
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

it('a proxy that never answers: the deadline and the signal end the exchange, and no socket stays', async () => {
  await using proxy = await startConnectProxy(() => 'none');
  const url = new URL('https://api.example.org');
  await expect(ask(url, { HTTPS_PROXY: proxy.url }, undefined, 'directory', { timeoutMs: 300 })).rejects.toThrow(
    'the server did not answer within 0.3 s',
  );
  await expect.poll(() => proxy.open).toBe(0);
  const stop = new AbortController();
  const stopped = ask(url, { HTTPS_PROXY: proxy.url }, undefined, 'directory', { signal: stop.signal });
  await expect.poll(() => proxy.asked).toHaveLength(2);
  stop.abort(new Error('stopped'));
  await expect(stopped).rejects.toThrow('stopped');
  await expect.poll(() => proxy.open).toBe(0);
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

it('a body in pieces arrives whole over TLS, and each piece is asked for when the one before has left', async () => {
  const authority = await createCertificateAuthority('exchange test');
  const pair = await authority.issue({ commonName: 'server', hosts: ['127.0.0.1'] });
  const server = createTlsServer({ key: pair.key, cert: pair.certificate }, (request, response) => {
    void text(request).then((body) => response.end(`${body.length} ${body.at(-1)}`));
  });
  const { port } = await listen(server);
  const pieces = ['{', 'x'.repeat(3_000_000), 'y'.repeat(3_000_000), '}'];
  let asked = 0;
  function* chunks() {
    for (const piece of pieces) {
      asked++;
      yield Buffer.from(piece);
    }
  }
  const body = { length: pieces.join('').length, chunks };
  const url = new URL(`https://127.0.0.1:${port}/`);
  const answer = await exchange({ ...askedOf(url), method: 'POST', body, extraAuthorities: [authority.certificate] });
  expect(answer.body.toString()).toBe('6000002 }');
  expect(asked).toBe(4);
});

it('a body whose next piece must not be sent any more ends the exchange with the reason, and is never whole', async () => {
  const got: string[] = [];
  const url = await listen(
    createServer((request) => {
      request.setEncoding('utf8').on('data', (piece: string) => got.push(piece));
      request.on('error', () => undefined);
    }),
  );
  function* chunks() {
    yield Buffer.from('{');
    throw new Failure('lock', 'the lock was lost');
  }
  await expect(exchange({ ...askedOf(url), method: 'POST', body: { length: 2, chunks } })).rejects.toMatchObject({
    kind: 'lock',
    message: 'the lock was lost',
  });
  expect(got.join('')).not.toContain('}');
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
    await expect(ask(url, {}, body)).rejects.toThrow(
      'what answers for the server does not speak HTTP/1.1: bad upgrade',
    );
  });
});
