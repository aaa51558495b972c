/** The client with credentials that change under it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { systemClock } from '../lib/clock.ts';
import { jsonLog } from '../lib/log.ts';
import { Redactor } from '../lib/redact.ts';
import { ClusterClient } from './client.ts';

/** A server that takes one bearer token at a time, and a client that reads its own from a file. */
async function useServer(token: string) {
  let accepted = token;
  const authority = await createCertificateAuthority('client test');
  const pair = await authority.issue({ commonName: 'server', hosts: ['127.0.0.1'] });
  const server = createServer({ key: pair.key, cert: pair.certificate }, (request, response) => {
    const known = request.headers.authorization === `Bearer ${accepted}`;
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  const { port } = server.address() as AddressInfo;

  const directory = await mkdtemp(join(tmpdir(), 'pks-client-'));
  const file = join(directory, 'token');
  await writeFile(file, token);
  const redactor = new Redactor();
  const client = new ClusterClient({
    access: {
      server: new URL(`https://127.0.0.1:${port}`),
      tls: { ca: authority.certificate },
      credential: { kind: 'token-file', file },
      certificateAuthority: authority.certificate,
      source: 'a test',
      clusterName: undefined,
    },
    connections: 4,
    userAgent: 'test',
    proxyEnv: {},
    clock: systemClock,
    random: Math.random,
    log: jsonLog({ level: 'error', redactor, write: () => undefined }),
    redactor,
  });
  onTestFinished(async () => {
    client.close();
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    get: () => client.call({ method: 'GET', path: '/api', signal: AbortSignal.timeout(20_000) }),
    acceptOnly: (other: string) => {
      accepted = other;
    },
    rotateTo: (other: string) => writeFile(file, other),
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
