/** Answers that try to be two: whatever a server sends, no request is answered with bytes that were not sent for it. */
import net, { type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createCertificateAuthority, type KeyPair } from '../../dev/control-plane/certificates.ts';
import { Failure } from '../lib/failure.ts';
import { ConnectionPool } from './pool.ts';
import { failuresInTests } from './testing.ts';

let pair: KeyPair;
let authority: string;

beforeAll(async () => {
  const made = await createCertificateAuthority('unasked test');
  authority = made.certificate;
  pair = await made.issue({ commonName: 'server', hosts: ['127.0.0.1'] });
});

/** Answers each request with its path, but the first one with what `first` writes. */
async function useServer(first: (socket: Socket) => Promise<void>, secure: boolean) {
  let connections = 0;
  let requests = 0;
  const written = Promise.withResolvers<void>();
  const onConnection = (socket: Socket) => {
    connections++;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      const path = /^\w+ (\S+)/.exec(bytes.toString('latin1'))?.[1] ?? '';
      if (requests++ === 0) {
        void first(socket).then(written.resolve);
      } else socket.write(answer(path));
    });
  };
  const server = secure
    ? tls.createServer({ key: pair.key, cert: pair.certificate }, onConnection)
    : net.createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  const { port } = server.address() as AddressInfo;
  const pool = new ConnectionPool({
    server: new URL(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`),
    tls: { ca: authority },
    proxy: undefined,
    size: 1,
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
    longestAnswer: 1_024,
    failures: failuresInTests,
  });
  onTestFinished(() => pool.close());
  const signal = new AbortController().signal;
  const get = (path: string) => pool.send({ method: 'GET', path, headers: () => [], body: undefined, signal });
  return { get, written: written.promise, connections: () => connections };
}

/** Writes the pieces one after the other, each with the time to arrive. */
const writes = (pieces: readonly string[]) => async (socket: Socket) => {
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await sleep(30);
  }
};

const answer = (text: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
const stolen = answer('stolen');

const textOf = (sent: Promise<{ body: Buffer }>) =>
  sent.then(
    ({ body }) => body.toString(),
    (error: unknown) => (error instanceof Failure ? `failed: ${error.message.replace(/:.*/, '')}` : String(error)),
  );

describe.each([
  ['over TLS', true],
  ['in the clear', false],
] as const)('%s, after', (_, secure) => {
  it.each<[what: string, pieces: readonly string[]]>([
    ['two answers in one write', [`${answer('/first')}${stolen}`]],
    ['an answer, and another one while nobody asks', [answer('/first'), stolen]],
    ['an answer and a part of another one', [`${answer('/first')}HTTP/1.1 200 OK\r\ncontent-`]],
    ['an answer and bytes that are none', [`${answer('/first')}garbage`]],
    ['a 204 with a body', [`HTTP/1.1 204 No Content\r\ncontent-length: ${stolen.length}\r\n\r\n${stolen}`]],
    ['a 304 with a body in chunks', [`HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n${stolen}`]],
  ])('%s, the next requests get their own answers', async (__, pieces) => {
    const { get, written, connections } = await useServer(writes(pieces), secure);
    const first = await textOf(get('/first'));
    expect(['/first', '', 'failed: not-http']).toContain(first);
    // As soon as what nobody asked for has arrived, and later.
    await written;
    expect(await textOf(get('/own/1'))).toBe('/own/1');
    await sleep(60);
    expect(await textOf(get('/own/2'))).toBe('/own/2');
    expect(connections()).toBeGreaterThan(1);
  });

  it.each<[what: string, head: string]>([
    ['a second content-length', 'content-length: 6\r\ncontent-length: 0'],
    ['the same content-length twice', 'content-length: 6\r\ncontent-length: 6'],
    ['two lengths in one header', 'content-length: 6, 0'],
    ['content-length with transfer-encoding', 'content-length: 6\r\ntransfer-encoding: chunked'],
    ['transfer-encoding with content-length', 'transfer-encoding: chunked\r\ncontent-length: 6'],
    ['chunked that is not the last coding', 'transfer-encoding: chunked, identity\r\nconnection: keep-alive'],
    ['a length with a sign', 'content-length: +6'],
    ['a length in hexadecimal', 'content-length: 0x6'],
    ['a space before the colon', 'content-length : 6'],
    ['a header that is folded', 'x: a\r\n content-length: 0\r\ncontent-length: 6'],
    ['a bare line feed', 'x: a\ncontent-length: 6'],
    ['a NUL in a header', 'x: a\u0000b\r\ncontent-length: 6'],
    ['a vertical tab in the name', 'content-length\u000b: 0\r\ncontent-length: 6'],
  ])('%s, the connection carries no other request', async (__, head) => {
    const { get, written, connections } = await useServer(
      writes([`HTTP/1.1 200 OK\r\n${head}\r\n\r\n0\r\n\r\n${stolen}`]),
      secure,
    );
    expect(await textOf(get('/first'))).not.toContain('stolen');
    await written;
    expect(await textOf(get('/own/1'))).toBe('/own/1');
    expect(await textOf(get('/own/2'))).toBe('/own/2');
    expect(connections()).toBe(2);
  });
});
