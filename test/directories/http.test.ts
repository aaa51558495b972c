/** The HTTP directory against servers that answer right and wrong: what is not whole fails, and is never a shorter list. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { type HttpDirectoryOptions, httpDirectory } from '../../src/directories/http.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { Failure } from '../../src/lib/failure.ts';
import { Secret } from '../../src/lib/secret.ts';

const token = 'the-token-of-the-lab';

async function listen(server: Server, scheme = 'http'): Promise<URL> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  return new URL(`${scheme}://127.0.0.1:${address.port}/api/members?per_page=2`);
}

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is sent as it is. */
  readonly body?: unknown;
  /** How many bytes less are sent than were announced. */
  readonly missing?: number;
}

interface Lab {
  readonly url: URL;
  readonly requests: readonly IncomingMessage[];
}

/** A server that answers the requests with these, one after the other, and the rest with the last. */
async function useServer(answers: readonly Answer[]): Promise<Lab> {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    const { status = 200, headers = {}, body = '', missing = 0 } = answers[requests.length] ?? answers.at(-1) ?? {};
    requests.push(request);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text) + missing,
      ...headers,
    });
    if (missing > 0) response.write(text, () => setImmediate(() => response.destroy()));
    else response.end(text);
  };
  return { url: await listen(createServer(listener)), requests };
}

/** Waits for nothing, and remembers for how long it should have. */
function useClock(): Clock & { readonly waits: readonly number[] } {
  const waits: number[] = [];
  const passed = () => waits.reduce((sum, ms) => sum + ms, 0);
  return {
    waits,
    now: () => Date.now() + passed(),
    monotonic: passed,
    sleep: async (ms) => void waits.push(ms),
  };
}

const optionsFor = (url: URL, more: Partial<HttpDirectoryOptions> = {}): HttpDirectoryOptions => ({
  url,
  headers: new Map([['Authorization', new Secret(`Bearer ${token}`)]]),
  userAgent: 'credentials-updater/test',
  proxyEnv: {},
  members: 'data',
  id: 'id',
  login: 'login',
  ...more,
});

const directoryOf = (url: URL, more: Partial<HttpDirectoryOptions> = {}, clock: Clock = useClock()) =>
  httpDirectory(optionsFor(url, more), { clock, random: () => 0 });
const read = (url: URL, more: Partial<HttpDirectoryOptions> = {}, clock?: Clock) =>
  directoryOf(url, more, clock).members({ signal: AbortSignal.timeout(60_000) });

/** What went wrong: a failure of the directory, without a word of what was sent. */
async function failureOf(reading: Promise<unknown>): Promise<Failure> {
  const failure = await reading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof Failure)) throw new Error('It did not fail', { cause: failure });
  expect(failure.kind).toBe('directory');
  expect(`${failure.message} ${failure.hint}`).not.toContain(token);
  return failure;
}

const kim = { id: 1, login: 'kim', active: true };
const lee = { id: 'b/2', login: null, active: true };
const park = { id: 3, login: 'park', active: false };

describe('a list', () => {
  test('on one page, by the word of the operator', async () => {
    const { url, requests } = await useServer([{ body: { data: [kim, lee] } }]);
    const directory = directoryOf(url);
    expect(await directory.members({ signal: AbortSignal.timeout(60_000) })).toEqual([
      { id: 'http:127.0.0.1:1', login: 'kim' },
      { id: 'http:127.0.0.1:b/2', login: null },
    ]);
    expect(requests.map(({ url: path, headers }) => [path, headers.authorization, headers.accept])).toEqual([
      ['/api/members?per_page=2', `Bearer ${token}`, 'application/json'],
    ]);
    expect(directory).toMatchObject({
      kind: 'http',
      address: `${url.origin}/api/members`,
      host: url.host,
      isLocal: true,
      isSnapshot: true,
    });
    expect(directory.isOwnId('http:127.0.0.1:1')).toBe(true);
    expect(directory.isOwnId('http:127.0.0.10:1')).toBe(false);
  });

  test('on several pages, with the headers for each, and without who is not active', async () => {
    const { url, requests } = await useServer([
      { body: { data: [kim, park], total: 3, next: '/api/members?page=2' } },
      { body: { data: [lee], total: 3, next: null } },
    ]);
    const more = { active: 'active', next: 'next', total: 'total' };
    expect((await read(url, more)).map(({ id }) => id)).toEqual(['http:127.0.0.1:1', 'http:127.0.0.1:b/2']);
    expect(requests.map(({ url: path, headers }) => [path, headers.authorization])).toEqual([
      ['/api/members?per_page=2', `Bearer ${token}`],
      ['/api/members?page=2', `Bearer ${token}`],
    ]);
    expect(directoryOf(url, more).isSnapshot).toBe(false);
  });

  test('from a server with a CA of its own, which is needed', async () => {
    const authority = await createCertificateAuthority('http test');
    const { certificate, key } = await authority.issue({ commonName: 'localhost', hosts: ['127.0.0.1'] });
    const body = JSON.stringify({ data: [kim] });
    const url = await listen(
      createTlsServer({ cert: certificate, key }, (_, response) => response.end(body)),
      'https',
    );
    expect(await read(url, { extraAuthorities: [authority.certificate] })).toHaveLength(1);
    expect((await failureOf(read(url))).message).toContain("can't be trusted");
  });

  test('with headers that replace the usual ones', async () => {
    const { url, requests } = await useServer([{ body: { data: [] } }]);
    expect(await read(url, { headers: new Map([['Accept', new Secret('application/hal+json')]]) })).toEqual([]);
    expect(requests.map(({ headers }) => headers.accept)).toEqual(['application/hal+json']);
  });
});

test('a header that can not be sent is refused before anything is', () => {
  expect(() =>
    directoryOf(new URL('https://c'), { headers: new Map([['X-Key', new Secret(`${token}\nX: y`)]]) }),
  ).toThrow(expect.objectContaining({ kind: 'usage', message: expect.not.stringContaining(token) }));
});

describe('an ETag', () => {
  const page = (data: unknown, etag: string, more: object = {}) => ({ headers: { etag }, body: { data, ...more } });
  const signal = AbortSignal.timeout(60_000);

  test('is asked with by the next read of the same process, and an unchanged page is what it was', async () => {
    const { url, requests } = await useServer([
      page([kim], '"a"', { next: '?p=2' }),
      page([lee], '"b"'),
      { status: 304 },
      page([lee, park], '"c"'),
      { status: 304 },
      { status: 304 },
    ]);
    const directory = directoryOf(url, { next: 'next' });
    expect(await directory.members({ signal })).toHaveLength(2);
    expect(await directory.members({ signal })).toHaveLength(3);
    expect(await directory.members({ signal })).toHaveLength(3);
    const asked = requests.map(({ headers }) => headers['if-none-match']);
    expect(asked).toEqual([undefined, undefined, '"a"', '"b"', '"a"', '"c"']);
  });

  test.each([
    ['a weak one', 'W/"a"'],
    ['none at all', 'a'],
  ])('that is %s is not asked with', async (_, etag) => {
    const { url, requests } = await useServer([page([kim], etag), page([kim], etag)]);
    const directory = directoryOf(url);
    await directory.members({ signal });
    await directory.members({ signal });
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined]);
  });

  test('of a read that failed is forgotten, and 304 that nobody asked for is a failure', async () => {
    const { url, requests } = await useServer([page([kim], '"a"', { next: '?p=2' }), { status: 404 }, { status: 304 }]);
    const directory = directoryOf(url, { next: 'next' });
    await failureOf(directory.members({ signal }));
    expect((await failureOf(directory.members({ signal }))).message).toContain('was answered with 304');
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined, undefined]);
  });
});

test.each([
  'data[*]',
  'data[*].user',
  'data[]',
  'data[].user',
  'data.*',
  '*',
  'data[0:5]',
  "data[?kind == 'x'].user",
  'a || data[ * ]',
])('members: %s would leave out members without a word, so it needs a total', (members) => {
  const url = new URL('https://c');
  expect(() => directoryOf(url, { members })).toThrow(
    expect.objectContaining({ kind: 'usage', message: expect.stringContaining('holds a projection') }),
  );
  expect(directoryOf(url, { members, total: 'total' }).kind).toBe('http');
});

test.each([
  'data',
  '@',
  'data.members',
  "data[?kind == '[*]']",
  '"a[*]".b',
  'data[0]',
  'data[?a]',
  'sort_by(data, &name)',
])('members: %s leaves out nothing by itself', (members) => {
  expect(directoryOf(new URL('https://c'), { members }).kind).toBe('http');
});

describe('what is not whole fails:', () => {
  const page = (data: unknown, more: object = {}) => ({ body: { data, ...more } });
  const paged = { active: 'active', next: 'next', total: 'total' };
  test.each<[string, readonly Answer[], Partial<HttpDirectoryOptions>, RegExp]>([
    ['malformed JSON', [{ body: '{"data": [}' }], {}, /\/api\/members \(page 1\) can't be used: it is not valid JSON/],
    ['JSON that is cut off', [{ body: '{"data": [{"id": 1}' }], {}, /cut off before its end|not valid JSON/],
    ['a repeated key', [{ body: '{"data": [{"id": 1}], "data": []}' }], {}, /says "data" twice/],
    ['an HTML page', [{ body: '<html>Sign in</html>' }], {}, /it is an HTML page, not JSON/],
    ['nothing', [{ body: '' }], {}, /it is empty/],
    ['no content', [{ status: 204 }], {}, /was answered with 204, and 200 is needed/],
    ['a part', [{ status: 206, ...page([kim]) }], {}, /was answered with 206, and 200 is needed/],
    ['401', [{ status: 401, body: token }], {}, /\/api\/members was refused \(401\)/],
    ['403', [{ status: 403, body: { message: token } }], {}, /was refused \(403\)/],
    ['404', [{ status: 404 }], {}, /does not exist \(404\)/],
    ['a list that is missing', [{ body: { error: token } }], {}, /members on page 1 is missing or null/],
    ['a list that is null', [page(null)], {}, /members on page 1 is missing or null, and a list is needed/],
    ['a list that is an object', [page({ 0: kim })], {}, /members on page 1 is an object/],
    ['an id that is missing', [page([kim, {}])], {}, /the id of member 2 on page 1 is missing or null/],
    ['a member that is null', [page([null])], {}, /the id of member 1 on page 1 is missing or null/],
    ['an id that is null', [page([{ id: null }])], {}, /the id of member 1 on page 1 is missing or null/],
    ['an id that is an object', [page([{ id: { $oid: 1 } }])], {}, /is an object, and a text or a whole number/],
    ['an id that is empty', [page([{ id: ' ' }])], {}, /member 1 on page 1 has no id/],
    ['an id too large for JSON', [{ body: '{"data":[{"id":9007199254740993}]}' }], {}, /does not keep exactly/],
    ['an id that is there twice', [page([kim, { id: '1' }])], {}, /member 1 on page 1 and member 2 .* same id 1/],
    ['a login that is a number', [page([{ id: 1, login: 1 }])], {}, /the login of member 1 .* is a number/],
    ['active that is missing', [page([{ id: 1 }])], { active: 'active' }, /active of member 1 .* missing or null/],
    ['active that is a text', [page([{ id: 1, active: 'no' }])], { active: 'active' }, /is a text, and true or false/],
    ['a total that is missing', [page([kim])], paged, /total on page 1 is missing or null, and a whole number/],
    ['a total above', [page([kim], { total: 2 })], paged, /total is 2, and 1 member was read/],
    ['a total below', [page([kim, lee], { total: 1 })], paged, /total is 1, and 2 members were read/],
    [
      'a total that changes',
      [page([kim], { total: 2, next: '?p=2' }), page([lee], { total: 3 })],
      paged,
      /total was 2 on page 1 and is 3 on page 2/,
    ],
    [
      'an id on two pages',
      [page([kim], { total: 2, next: '?p=2' }), page([kim], { total: 2 })],
      paged,
      /member 1 on page 1 and member 1 on page 2 have the same id 1/,
    ],
    [
      'an error on the second page',
      [page([kim], { next: '?p=2' }), { body: { error: 'quota' } }],
      { next: 'next' },
      /members on page 2 is missing or null/,
    ],
    [
      'a next page at another origin',
      [page([kim], { next: `https://elsewhere.example.org/?key=${token}` })],
      { next: 'next' },
      /leads to another origin, https:\/\/elsewhere\.example\.org, where the headers are not sent/,
    ],
    [
      'a next page on another port',
      [page([kim], { next: 'http://127.0.0.1:1/' })],
      { next: 'next' },
      /leads to another origin/,
    ],
    ['a next page of another scheme', [page([kim], { next: 'file:///etc' })], { next: 'next' }, /another origin/],
    ['a next page that is no address', [page([kim], { next: 'http://' })], { next: 'next' }, /is not an address/],
    ['a next page that is a number', [page([kim], { next: 2 })], { next: 'next' }, /next on page 1 is a number/],
    ['a next page that is empty', [page([kim], { next: '' })], { next: 'next' }, /next on page 1 is an empty text/],
    [
      'a circle',
      [page([], { next: '?p=2' }), page([], { next: '?p=3' }), page([], { next: '?p=2#x' })],
      { next: 'next' },
      /next on page 3 .* read already/,
    ],
  ])('%s', async (_, answers, more, says) => {
    const { url } = await useServer(answers);
    const failure = await failureOf(read(url, more));
    expect(failure.message).toMatch(says);
    expect(failure.message).toContain('nothing was changed');
    expect(failure.transient).toBe(false);
  });

  test('a redirect, which is not followed', async () => {
    const elsewhere = await useServer([{ body: { data: [] } }]);
    const { url } = await useServer([{ status: 302, headers: { location: `${elsewhere.url.href}&key=${token}` } }]);
    const { message } = await failureOf(read(url));
    expect(message).toContain(
      `was answered with 302, a redirect to ${elsewhere.url.origin}; redirects are not followed`,
    );
    expect(elsewhere.requests).toEqual([]);
  });

  test('an answer that is too large', async () => {
    const { url } = await useServer([{ body: `{"data": ["${'x'.repeat(17 * 1024 * 1024)}"]}` }]);
    expect((await failureOf(read(url))).message).toContain('is larger than 16 MiB');
  });

  test('pages without an end', async () => {
    let asked = 0;
    const url = await listen(
      createServer((_, response) => response.end(JSON.stringify({ data: [], next: `?p=${++asked}` }))),
    );
    expect((await failureOf(read(url, { next: 'next' }))).message).toContain('it has more than 1000 pages');
    expect(asked).toBe(1_000);
  });
});

describe('what may pass', () => {
  test.each([
    ['500', { status: 500 }],
    ['503', { status: 503 }],
    ['a connection that is cut', { body: '{"data": [{"id": 1}]}', missing: 10 }],
  ])('%s is tried again', async (_, answer: Answer) => {
    const { url, requests } = await useServer([answer, { body: { data: [kim, lee] } }]);
    expect(await read(url)).toHaveLength(2);
    expect(requests).toHaveLength(2);
  });

  test.each([
    ['500', { status: 500, body: token }, /was answered with 500.*gave up after \d+ attempts/],
    ['a connection that is cut', { body: '{"data": []}', missing: 10 }, /can't be reached.*gave up after \d+ attempts/],
  ])('%s is a failure when it stays', async (_, answer: Answer, says) => {
    const { url } = await useServer([answer]);
    expect((await failureOf(read(url))).message).toMatch(says);
  });

  test('429 is waited for as long as it asks, and the pages before are not asked for again', async () => {
    const { url, requests } = await useServer([
      { body: { data: [kim], next: '?p=2' } },
      { status: 429, headers: { 'retry-after': '7' } },
      { body: { data: [lee] } },
    ]);
    const clock = useClock();
    expect(await read(url, { next: 'next' }, clock)).toHaveLength(2);
    expect(clock.waits).toEqual([7_000]);
    expect(requests.map(({ url: path }) => path)).toEqual([
      '/api/members?per_page=2',
      '/api/members?p=2',
      '/api/members?p=2',
    ]);
  });

  test('429 that asks for longer than there is time is a failure', async () => {
    const { url } = await useServer([{ status: 429, headers: { 'retry-after': '3600' } }]);
    expect((await failureOf(read(url))).message).toContain('too many requests (429)');
  });
});
