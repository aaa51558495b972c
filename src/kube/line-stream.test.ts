/** Answers that the API server gives line by line, as a watch's. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Failure } from '../lib/failure.ts';
import type { StreamRequest } from './client.ts';
import { clientFor } from './testing.ts';

type Respond = (response: ServerResponse, request: IncomingMessage) => void;

/** A server, and a client whose token is in a file. */
async function useServer(respond: Respond) {
  const closed: string[] = [];
  const seen: { url: string | undefined; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/readyz') return void response.end('ok');
    seen.push({ url: request.url, authorization: request.headers.authorization });
    response.on('close', () => closed.push(request.url ?? ''));
    response.setHeader('content-type', 'application/json');
    respond(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  const directory = await mkdtemp(join(tmpdir(), 'pks-stream-'));
  const file = join(directory, 'token');
  await writeFile(file, 'first');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  });
  const client = clientFor({
    server: new URL(`http://127.0.0.1:${address.port}`),
    tls: {},
    credential: { kind: 'token-file', file },
  });
  const stream = (more: Partial<StreamRequest> = {}) =>
    client.stream({ path: '/api/v1/pods', signal: AbortSignal.timeout(20_000), ...more });
  return { client, stream, seen, closed, rotateTo: (token: string) => writeFile(file, token) };
}

const status = (code: number, reason: string, message: string) =>
  JSON.stringify({ kind: 'Status', code, reason, message });

async function read(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

it('yields lines as they come, with the query and the credentials of the client, until the server ends them', async () => {
  let open: ServerResponse | undefined;
  const { client, stream, seen } = await useServer((response) => {
    open = response;
    response.write('{"type":"ADDED"}\n{"type":');
  });
  const lines = await stream({ query: { watch: 'true', labelSelector: 'a=b,c' } });
  const reader = lines[Symbol.asyncIterator]();
  expect(await reader.next()).toEqual({ done: false, value: '{"type":"ADDED"}' });
  open?.end('"BOOKMARK","login":"풀씨"}\n');
  expect(await reader.next()).toEqual({ done: false, value: '{"type":"BOOKMARK","login":"풀씨"}' });
  expect(await reader.next()).toEqual({ done: true, value: undefined });
  expect(seen).toEqual([{ url: '/api/v1/pods?watch=true&labelSelector=a%3Db%2Cc', authorization: 'Bearer first' }]);
  expect(client.requests).toBe(1);
  expect(client.serverTime).toBeTypeOf('number');
});

it.each([
  [410, 'Expired', false],
  [403, 'Forbidden', false],
  [404, 'NotFound', false],
  [429, 'TooManyRequests', true],
  [503, 'ServiceUnavailable', true],
])('a refusal (%i) is the failure that other requests get', async (code, reason, transient) => {
  const { client, stream, closed } = await useServer((response) => {
    response.writeHead(code, { 'retry-after': '7' }).end(status(code, reason, 'the reason why'));
  });
  const refused = { kind: 'cluster', status: code, reason, transient, message: 'the reason why', retryAfterMs: 7_000 };
  await expect(stream()).rejects.toMatchObject(refused);
  await expect(client.once({ method: 'GET', path: '/x', signal: AbortSignal.timeout(9_000) })).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining('the reason why'),
  });
  await expect.poll(() => closed).toHaveLength(2);
});

it('a refusal of a token that has been replaced is worth another try', async () => {
  const { stream, rotateTo } = await useServer((response, { headers }) => {
    if (headers.authorization === 'Bearer second') response.end('{}\n');
    else response.writeHead(401).end(status(401, 'Unauthorized', 'no'));
  });
  await expect(stream()).rejects.toMatchObject({ status: 401, transient: false });
  await rotateTo('second');
  await expect(stream()).rejects.toMatchObject({ status: 401, transient: true });
  expect(await read(await stream())).toEqual(['{}']);
});

it('an answer that is no JSON is not of an API server', async () => {
  const { stream, closed } = await useServer((response) => {
    response.setHeader('content-type', 'text/html');
    response.write('<html>');
  });
  await expect(stream()).rejects.toThrow(/GET \/api\/v1\/pods was answered with 200 and no JSON/);
  await expect.poll(() => closed).toHaveLength(1);
});

it.each(['signal', 'close', 'client', 'loop'])('is ended by the %s, and leaves no connection', async (who) => {
  const { client, stream, closed } = await useServer((response) => response.write('{}\n'));
  const stop = new AbortController();
  const lines = await stream({ signal: stop.signal });
  const reading = (async () => {
    for await (const line of lines) {
      if (who === 'loop') return line;
      setImmediate(() => {
        if (who === 'signal') stop.abort(new Error('stopped'));
        if (who === 'client') client.close();
        if (who === 'close') lines.close();
      });
    }
    return 'whole';
  })().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  const outcomes: Record<string, RegExp> = {
    signal: /^stopped$/,
    client: /were closed/,
    close: /closed by its reader/,
    loop: /^\{\}$/,
  };
  expect(await reading).toMatch(outcomes[who] ?? /^$/);
  await expect.poll(() => closed).toEqual(['/api/v1/pods']);
});

it('without a loop, close ends the connection', async () => {
  const { stream, closed } = await useServer((response) => response.write('{}\n'));
  (await stream()).close();
  await expect.poll(() => closed).toHaveLength(1);
});

it('a connection that is lost, a silence and a line without end are failures', async () => {
  const { stream } = await useServer((response, { url }) => {
    response.write('{}\n');
    if (url === '/lost') setTimeout(() => response.destroy(), 50);
    if (url === '/long') response.write('x'.repeat(2_000));
  });
  const outcome = async (more: Partial<StreamRequest>) => read(await stream(more)).catch((error: unknown) => error);
  expect(await outcome({ path: '/lost' })).toMatchObject({
    transient: true,
    message: expect.stringContaining('the connection was closed before the answer was whole'),
  });
  expect(await outcome({ path: '/silent', idleTimeoutMs: 100 })).toMatchObject({
    transient: true,
    message: expect.stringMatching(/ sent nothing for 0\.1 s$/),
  });
  const tooLong = await outcome({ path: '/long', longestLine: 1_000 });
  expect(tooLong).toBeInstanceOf(Failure);
  expect(tooLong).toMatchObject({ message: 'GET /long was answered with a line of more than 1000 bytes' });
});

it('runs through a fence, which stops changes alone', async () => {
  const { client } = await useServer((response) => response.end('{}\n'));
  const fenced = client.withFence(() => {
    throw new Failure('lock', 'the lock is lost');
  });
  expect(await read(await fenced.stream({ path: '/watch', signal: AbortSignal.timeout(9_000) }))).toEqual(['{}']);
});
