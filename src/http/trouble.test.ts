/** What is wrong with a connection, from what real servers do to it. */
import net, { type AddressInfo, type Server } from 'node:net';
import tls from 'node:tls';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { createCertificateAuthority, type KeyPair } from '../../dev/control-plane/certificates.ts';
import { Failure } from '../lib/failure.ts';
import { ConnectionPool } from './pool.ts';
import { failuresInTests } from './testing.ts';
import { type Trouble, troubleOf } from './trouble.ts';

let authority: string;
let pair: KeyPair;

beforeAll(async () => {
  const made = await createCertificateAuthority('trouble test');
  authority = made.certificate;
  pair = await made.issue({ commonName: 'server', hosts: ['127.0.0.1'] });
});

/** What a request to the server meets. */
async function troubleWith(server: Server, options: tls.ConnectionOptions = {}): Promise<Trouble> {
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  const { port } = server.address() as AddressInfo;
  const met = Promise.withResolvers<Trouble>();
  const pool = new ConnectionPool({
    server: new URL(`https://127.0.0.1:${port}`),
    tls: { ca: authority, ...options },
    proxy: undefined,
    size: 1,
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
    longestAnswer: 1_024,
    failures: {
      ...failuresInTests,
      of: (error) => {
        met.resolve(troubleOf(error));
        return failuresInTests.of(error);
      },
    },
  });
  onTestFinished(() => pool.close());
  const signal = new AbortController().signal;
  const asked = pool.send({ method: 'GET', path: '/', headers: () => [], body: undefined, signal });
  await expect(asked).rejects.toBeInstanceOf(Failure);
  return met.promise;
}

const secure = (options: tls.TlsOptions = {}) =>
  tls.createServer({ key: pair.key, cert: pair.certificate, ...options }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 204 No Content\r\n\r\n');
  });

it.each([
  ['tlsv13 alert certificate required', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'],
  ['sslv3 alert bad certificate', 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE'],
  ['tlsv1 alert unknown ca', 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
])('an alert about our client certificate (%s): trying again is of no use', (words, code) => {
  const error = Object.assign(new Error(`0A00:error:0A:SSL routines:ssl3_read_bytes:${words}:rec.c:916:`), { code });
  const name = words.replace(/^.* alert /, '');
  expect(troubleOf(error)).toMatchObject({ what: 'unwelcome', words: `TLS alert "${name}"`, transient: false });
});

it('a TLS alert for another reason may pass, and is no trouble with a certificate', async () => {
  const server = secure({ ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' });
  const trouble = await troubleWith(server, { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' });
  expect(trouble).toMatchObject({ what: 'tls', words: 'TLS alert "handshake failure"', transient: true });
});

it.each(['HTTP/1.1 503 Service Unavailable\r\n\r\n', 'SSH-2.0-OpenSSH_9.6\r\n'])(
  'an answer that is not TLS (%j) may pass, and is no trouble with a certificate',
  async (greeting) => {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(greeting));
    });
    expect(await troubleWith(server)).toMatchObject({ what: 'not-tls', transient: true });
  },
);

it('a certificate of another authority, or for another host, is not trusted', async () => {
  const other = await createCertificateAuthority('another');
  expect(await troubleWith(secure(), { ca: other.certificate })).toMatchObject({ what: 'untrusted', transient: false });
  expect(await troubleWith(secure(), { servername: 'another.example' })).toMatchObject({
    what: 'untrusted',
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
});
