import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCertificateAuthority } from '../control-plane/certificates.ts';
import { type Fault, type FaultProxy, startFaultProxy } from './index.ts';

interface Wire {
  readonly proxy: FaultProxy;
  /** What reached the real server. */
  readonly arrived: string[];
  /** Asks through the proxy. Rejects with the code of the connection's error. */
  readonly ask: (method: 'GET' | 'POST', path: string, body?: string) => Promise<{ status: number; text: string }>;
}

const longAnswer = 'the answer '.repeat(100);

async function useWire(): Promise<Wire> {
  const arrived: string[] = [];
  const server = createServer((incoming, response) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    incoming.on('end', () => {
      arrived.push(`${incoming.method} ${incoming.url} ${body}`.trim());
      response.writeHead(200, { 'content-type': 'text/plain' }).end(longAnswer);
    });
  });
  const listening = Promise.withResolvers<number>();
  server.listen(0, '127.0.0.1', () => listening.resolve(portOf(server.address())));
  const port = await listening.promise;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const authority = await createCertificateAuthority('a wire that breaks');
  const proxy = await startFaultProxy({
    upstream: { url: `http://127.0.0.1:${port}` },
    tls: await authority.issue({ commonName: 'fault-proxy', hosts: ['127.0.0.1'] }),
  });
  onTestFinished(() => proxy.close());
  const dispatcher = new Agent({ connect: { ca: authority.certificate }, connections: 1 });
  onTestFinished(() => dispatcher.destroy());
  const ask: Wire['ask'] = async (method, path, body) => {
    const answer = await request(`${proxy.url}${path}`, {
      method,
      dispatcher,
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  };
  return { proxy, arrived, ask };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return address.port;
}

describe('the fault proxy', () => {
  test('passes on what no rule speaks of, body and all', async () => {
    const { proxy, arrived, ask } = await useWire();
    expect(await ask('POST', '/a?b=c', 'hello')).toEqual({ status: 200, text: longAnswer });
    expect(arrived).toEqual(['POST /a?b=c hello']);
    expect(proxy.requests.map(({ number, method, path }) => [number, method, path])).toEqual([[1, 'POST', '/a?b=c']]);
  });

  test('hits the nth request that matches, and no other', async () => {
    const { proxy, ask } = await useWire();
    const rule = proxy.addFault({ method: 'GET', path: /^\/x/, nth: 2 }, { kind: 'status', status: 503 });
    const statuses: number[] = [];
    for (const [method, path] of [
      ['GET', '/x'],
      ['POST', '/x'],
      ['GET', '/y'],
      ['GET', '/x'],
      ['GET', '/x'],
    ] as const)
      statuses.push((await ask(method, path)).status);
    expect(statuses).toEqual([200, 200, 200, 503, 200]);
    expect(rule.hits).toBe(1);
    expect((await rule.hit).number).toBe(4);
  });

  test('forgets a rule that was removed', async () => {
    const { proxy, ask } = await useWire();
    const rule = proxy.addFault({}, { kind: 'status', status: 500 });
    expect((await ask('GET', '/')).status).toBe(500);
    rule.remove();
    expect((await ask('GET', '/')).status).toBe(200);
  });

  test.each<[string, Fault, { fails: boolean; arrives: boolean }]>([
    ['reset', { kind: 'reset' }, { fails: true, arrives: false }],
    ['truncate', { kind: 'truncate' }, { fails: true, arrives: true }],
    ['commit-then-drop', { kind: 'commit-then-drop' }, { fails: true, arrives: true }],
    ['delay', { kind: 'delay', ms: 5 }, { fails: false, arrives: true }],
    ['drip', { kind: 'drip', overMs: 20 }, { fails: false, arrives: true }],
    ['hold', { kind: 'hold', until: Promise.resolve(), answered: true }, { fails: false, arrives: true }],
  ])('%s: breaks the connection or not, and the request arrives or not', async (_, fault, { fails, arrives }) => {
    const { proxy, arrived, ask } = await useWire();
    proxy.addFault({ nth: 1 }, fault);
    const outcome = await ask('POST', '/x', 'body').then(
      ({ text }) => text,
      () => 'failed',
    );
    expect(outcome).toBe(fails ? 'failed' : longAnswer);
    expect(arrived).toEqual(arrives ? ['POST /x body'] : []);
    expect((await ask('GET', '/later')).text).toBe(longAnswer);
  });

  test('answers in place of the server: a status with Retry-After, or a page of HTML', async () => {
    const { proxy, arrived, ask } = await useWire();
    proxy.addFault({ path: /limited/ }, { kind: 'status', status: 429, retryAfter: '1' });
    proxy.addFault({ path: /portal/ }, { kind: 'wrong-content-type' });
    expect((await ask('GET', '/limited')).status).toBe(429);
    expect(await ask('GET', '/portal')).toMatchObject({ status: 200, text: expect.stringContaining('<h1>') });
    expect(arrived).toEqual([]);
  });

  test('changes an answer on its way', async () => {
    const { proxy, ask } = await useWire();
    proxy.addFault(
      {},
      { kind: 'rewrite', change: (answer) => ({ ...answer, status: 202, body: Buffer.from('other') }) },
    );
    expect(await ask('GET', '/')).toEqual({ status: 202, text: 'other' });
  });

  test('refuses connections for a while, and is there again at the same address', async () => {
    const { proxy, ask } = await useWire();
    proxy.addFault({ nth: 1 }, { kind: 'refuse', forMs: 1_500 });
    await expect(ask('GET', '/')).rejects.toBeInstanceOf(Error);
    await expect(ask('GET', '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect
      .poll(
        () =>
          ask('GET', '/').then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 10_000 },
      )
      .toBe(200);
  });

  test('holds connections before TLS begins, and lets them go on', async () => {
    const { proxy, ask } = await useWire();
    const go = Promise.withResolvers<void>();
    const waiting = proxy.holdConnections(go.promise);
    const answer = ask('GET', '/');
    await waiting;
    expect(proxy.requests).toEqual([]);
    go.resolve();
    expect((await answer).status).toBe(200);
  });
});
