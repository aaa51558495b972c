/** The client with credentials that change under it, and with a fence. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import { clientFor } from './testing.ts';

/** A server that takes one bearer token at a time, and a client that reads its own from a file. */
async function useServer(token: string, refusal: object = {}, clock: Clock = systemClock) {
  let accepted = token;
  let readyz = 200;
  const received: string[] = [];
  const authority = await createCertificateAuthority('client test');
  const pair = await authority.issue({ commonName: 'server', hosts: ['127.0.0.1'] });
  const server = createServer({ key: pair.key, cert: pair.certificate }, (request, response) => {
    received.push(`${request.method} ${request.url}`);
    if (request.url === '/readyz') return void response.writeHead(readyz).end();
    const known = request.headers.authorization === `Bearer ${accepted}`;
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(refusal));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  const { port } = server.address() as AddressInfo;

  const directory = await mkdtemp(join(tmpdir(), 'pks-client-'));
  const file = join(directory, 'token');
  await writeFile(file, token);
  const client = clientFor(
    {
      server: new URL(`https://127.0.0.1:${port}`),
      tls: { ca: authority.certificate },
      credential: { kind: 'token-file', file },
    },
    clock,
  );
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    client,
    received,
    get: () => client.call({ method: 'GET', path: '/api', signal: AbortSignal.timeout(20_000) }),
    acceptOnly: (other: string) => {
      accepted = other;
    },
    rotateTo: (other: string) => writeFile(file, other),
    answerReadyz: (status: number) => {
      readyz = status;
    },
  };
}

it('goes on with the token that its file holds now, however many requests were refused at once', async () => {
  const { get, acceptOnly, rotateTo } = await useServer('first');
  // So that as many connections are open, and the next requests leave at once.
  await Promise.all([get(), get(), get(), get()]);
  await rotateTo('second');
  acceptOnly('second');
  const answers = await Promise.all([get(), get(), get(), get()]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

it('says so where the file still holds the token that is refused', async () => {
  const { get, acceptOnly } = await useServer('first');
  acceptOnly('second');
  await expect(get()).rejects.toThrow(/does not accept our credentials \(401\)/);
});

it('tries again where the server says that it is starting, though no connection was lost', async () => {
  const { get, received, acceptOnly, answerReadyz } = await useServer('first');
  acceptOnly('nobody knows accounts yet');
  answerReadyz(500);
  const answer = get();
  await expect.poll(() => received).toContain('GET /readyz');
  answerReadyz(200);
  acceptOnly('first');
  expect((await answer).status).toBe(200);
});

it('takes a refusal by an API server that is ready for a verdict', async () => {
  const { get, received, acceptOnly } = await useServer('first');
  acceptOnly('second');
  await expect(get()).rejects.toMatchObject({ transient: false });
  await expect(get()).rejects.toMatchObject({ transient: false });
  // Of refusals in a row, the first asks.
  expect(received).toEqual(['GET /api', 'GET /readyz', 'GET /api']);
});

it.each([401, 403, 404])(
  'waits once, for 5 s, where /readyz answers %i: it may not know yet who may see it',
  async (status) => {
    let ms = 0;
    const sleep = (waited: number) => {
      ms += waited;
      return Promise.resolve();
    };
    const { get, received, acceptOnly, answerReadyz } = await useServer(
      'first',
      {},
      { ...systemClock, monotonic: () => ms, sleep },
    );
    acceptOnly('second');
    answerReadyz(status);
    await expect(get()).rejects.toMatchObject({ transient: false });
    expect(ms).toBeGreaterThanOrEqual(5_000);
    const asked = received.length;
    await expect(get()).rejects.toMatchObject({ transient: false });
    expect(received.slice(asked)).toEqual(['GET /api']);
  },
);

it('takes the time of the server anew, so that a process of months does not drift away from it', async () => {
  let ms = 0;
  const { client, get } = await useServer('token', {}, { ...systemClock, monotonic: () => ms });
  await get();
  const first = client.serverTime ?? 0;
  // An hour by our clock, while hardly any time has passed for the server.
  ms = 3_600_000;
  expect(client.serverTime).toBe(first + 3_600_000);
  await get();
  expect(Math.abs((client.serverTime ?? 0) - first)).toBeLessThan(60_000);
});

describe('a fence', () => {
  const change = { method: 'POST', path: '/api/changes', body: {}, signal: AbortSignal.timeout(20_000) } as const;
  const look = { method: 'GET', path: '/api/looks', signal: AbortSignal.timeout(20_000) } as const;
  const shut = () => {
    throw new Failure('lock', 'the lock is lost');
  };

  it('stops changes before they leave, and nothing else', async () => {
    const { client, received } = await useServer('token');
    const fenced = client.withFence(shut);
    await expect(fenced.call(change)).rejects.toThrow('the lock is lost');
    await expect(fenced.once(change)).rejects.toThrow('the lock is lost');
    await fenced.call(look);
    await fenced.call({ ...change, path: '/api/review-of-another', bearer: 'token' });
    expect(received).toEqual(['GET /api/looks', 'POST /api/review-of-another']);
  });

  it('is of the client that it was asked for alone; what they know of the server, they share', async () => {
    const { client, received } = await useServer('token');
    const fenced = client.withFence(shut);
    await client.call(change);
    expect(received).toEqual(['POST /api/changes']);
    expect(fenced.requests).toBe(1);
    expect(fenced.serverTime).toBeTypeOf('number');
  });

  it('is added to the one that is there already', async () => {
    const { client, received } = await useServer('token');
    const asked: string[] = [];
    const twice = client.withFence(() => void asked.push('first')).withFence(() => void asked.push('second'));
    await twice.call(change);
    expect(asked).toEqual(['first', 'second']);
    await expect(
      client
        .withFence(shut)
        .withFence(() => undefined)
        .call(change),
    ).rejects.toThrow('the lock is lost');
    expect(received).toEqual(['POST /api/changes']);
  });
});

it('prints what the API server says in one line, with nothing in it that a terminal obeys', async () => {
  const { get, acceptOnly } = await useServer('first', { message: 'no\n  RoleBinding x\u001b[2J\u009b2J\u202e' });
  acceptOnly('second');
  await expect(get()).rejects.toThrow(/\(401\): no RoleBinding x\\u\{1b\}\[2J\\u\{9b\}2J\\u\{202e\}$/);
});
