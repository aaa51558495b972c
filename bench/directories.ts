/**
 * `npm run bench:directories`: how long each directory takes to read its members, against a bare client that asks the same
 * server for the same pages and keeps ids and logins, and checks nothing. In turn, so that whatever else the machine does
 * falls on both.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { Client } from 'ldapts';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { readFlags } from '../dev/flags.ts';
import { person, reader, startSlapd, suffix } from '../dev/ldap/index.ts';
import type { Directory } from '../src/directories/directory.ts';
import { fileDirectory, pathSource } from '../src/directories/file.ts';
import { githubDirectory } from '../src/directories/github.ts';
import { httpDirectory } from '../src/directories/http.ts';
import { ldapDirectory } from '../src/directories/ldap.ts';
import { systemClock } from '../src/lib/clock.ts';
import { Secret } from '../src/lib/secret.ts';
import { spreadOf } from './statistics.ts';

const usage = `Measures how long each directory takes to read its members, against a bare client for the same pages.

Usage: npm run bench:directories [-- [--members N] [--rounds N] [--page-ms MS]]

  --members N  how many members there are (10000)
  --rounds N   how often each of the two reads (11)
  --page-ms MS how long the HTTP servers take for a page (0): on a real network it is tens of milliseconds
  -h, --help   show this
`;

/** What a directory may take of a bare client's time. */
const mostTimes = 1.2;
const perPage = 100;
const token = 'the-token-of-the-benchmark';
const rowsSchema = z.array(z.object({ id: z.string(), login: z.string() }));
const httpPageSchema = z.object({
  data: z.array(z.object({ id: z.number(), login: z.string() })),
  next: z.string().nullable(),
});
const githubPageSchema = z.array(z.object({ id: z.number(), login: z.string() }));
const surroundings = { clock: systemClock, random: Math.random };

interface Contest extends AsyncDisposable {
  readonly directory: Directory;
  /** @returns how many members it saw */
  readonly bare: () => Promise<number>;
}

async function main(): Promise<number> {
  const flags = readFlags({
    members: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '11' },
    'page-ms': { type: 'string', default: '0' },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (typeof flags === 'string') {
    console.error(`${flags}. See npm run bench:directories -- --help`);
    return 2;
  }
  if (flags.help) {
    console.log(usage);
    return 0;
  }
  try {
    setPriority(-20);
  } catch {
    console.error('Without the right to go before other processes: what they do disturbs the figures.');
  }
  const logins = Array.from({ length: Number(flags.members) }, (_, index) => `member${index}`);
  console.log(`| directory | a read, ms | a bare client, ms | times |\n| --- | ---: | ---: | ---: |`);
  let isReached = true;
  for (const [name, open] of Object.entries({ file: openFile, http: openHttp, ldap: openLdap, github: openGithub })) {
    await using contest = await open(logins, Number(flags['page-ms']));
    const times = await measure(contest, logins.length, Number(flags.rounds));
    console.log(`| \`${name}\` | ${inMs(times.ours)} | ${inMs(times.bare)} | ${times.ratio.toFixed(2)} |`);
    if (times.ratio > mostTimes) isReached = false;
  }
  console.log(`\nAt most ${mostTimes} times: ${isReached ? 'yes' : 'NO'}`);
  return isReached ? 0 : 1;
}

async function measure({ directory, bare }: Contest, members: number, rounds: number) {
  const ours: number[] = [];
  const others: number[] = [];
  const timed = async (into: number[], read: () => Promise<number>) => {
    const startedAt = performance.now();
    const count = await read();
    into.push(performance.now() - startedAt);
    if (count !== members) throw new Error(`${count} of ${members} members were read`);
  };
  const readAll = async () => (await directory.members({ signal: new AbortController().signal })).length;
  // Each of the two begins every other round; the first one warms up, and doesn't count.
  for (let round = 0; round <= rounds; round++) {
    const pair = [() => timed(ours, readAll), () => timed(others, bare)];
    for (const read of round % 2 === 0 ? pair : pair.toReversed()) await read();
    if (round === 0) for (const samples of [ours, others]) samples.length = 0;
  }
  return { ours: spreadOf(ours), bare: spreadOf(others), ratio: spreadOf(ours).median / spreadOf(others).median };
}

function inMs({ median, least, most }: ReturnType<typeof spreadOf>): string {
  return `${median.toFixed(0)} (${least.toFixed(0)}–${most.toFixed(0)})`;
}

async function openFile(logins: readonly string[]): Promise<Contest> {
  const folder = await mkdtemp(join(tmpdir(), 'pks-bench-'));
  const file = join(folder, 'members.csv');
  await writeFile(file, ['id,login', ...logins.map((login, index) => `${index},${login}`), ''].join('\n'));
  return {
    directory: fileDirectory(pathSource(file)),
    bare: async () => rowsSchema.parse(parse(await readFile(file), { columns: true })).length,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

interface Answer {
  readonly body: Buffer;
  readonly link?: string;
}

interface Served extends AsyncDisposable {
  readonly url: URL;
  /** The JSON that is at this path. */
  readonly get: (path: string) => Promise<unknown>;
}

/** Answers that lie ready: the server takes as little of the time as it can. */
async function serve(answers: ReadonlyMap<string, Answer>, pageMs: number): Promise<Served> {
  const server = createServer((incoming, response) => {
    const answer = answers.get(incoming.url ?? '');
    response.writeHead(answer === undefined ? 404 : 200, {
      'content-type': 'application/json; charset=utf-8',
      ...(answer?.link === undefined
        ? {}
        : { link: answer.link.replaceAll('ORIGIN', `http://${incoming.headers.host}`) }),
    });
    if (pageMs === 0) response.end(answer?.body);
    else setTimeout(() => response.end(answer?.body), pageMs);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  const url = new URL(`http://127.0.0.1:${address.port}`);
  const dispatcher = new Agent({ connections: 1 });
  return {
    url,
    get: async (path) => {
      const { body } = await request(new URL(path, url), { dispatcher, headers: { authorization: `Bearer ${token}` } });
      return body.json();
    },
    [Symbol.asyncDispose]: async () => {
      await dispatcher.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

const pagesOf = (logins: readonly string[]) =>
  Array.from({ length: Math.ceil(logins.length / perPage) }, (_, page) =>
    logins
      .slice(page * perPage, (page + 1) * perPage)
      .map((login, index) => ({ login, id: page * perPage + index + 1 })),
  );
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

async function openHttp(logins: readonly string[], pageMs: number): Promise<Contest> {
  const pages = pagesOf(logins);
  const path = (page: number) => `/members?page=${page + 1}`;
  const served = await serve(
    new Map(
      pages.map((data, page) => [
        path(page),
        { body: json({ data, next: page + 1 < pages.length ? path(page + 1) : null, total: logins.length }) },
      ]),
    ),
    pageMs,
  );
  return {
    directory: httpDirectory(
      {
        url: new URL(path(0), served.url),
        headers: new Map([['Authorization', new Secret(`Bearer ${token}`)]]),
        userAgent: 'credentials-updater/bench',
        proxyEnv: {},
        members: 'data',
        id: 'id',
        login: 'login',
        next: 'next',
        total: 'total',
      },
      surroundings,
    ),
    bare: async () => {
      const members: object[] = [];
      for (let next: string | null = path(0); next !== null; ) {
        const page: z.infer<typeof httpPageSchema> = httpPageSchema.parse(await served.get(next));
        members.push(...page.data);
        next = page.next;
      }
      return members.length;
    },
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

/** Without what makes an entry of GitHub's long, which costs both the same. */
async function openGithub(logins: readonly string[], pageMs: number): Promise<Contest> {
  const pages = pagesOf(logins);
  const membership = '/user/memberships/orgs/lab';
  const path = (page: number) => `/orgs/lab/members?filter=all&role=all&per_page=${perPage}&page=${page + 1}`;
  const first = path(0).replace(/&page=1$/, '');
  const entry = (data: readonly object[], page: number) => ({
    body: json(data),
    link:
      page + 1 < pages.length
        ? `<ORIGIN${path(page + 1)}>; rel="next", <ORIGIN${path(pages.length - 1)}>; rel="last"`
        : `<ORIGIN${path(0)}>; rel="first"`,
  });
  const proof = {
    state: 'active',
    role: 'member',
    organization: { login: 'lab', id: 1 },
    user: { id: 1, login: 'member0' },
  };
  const served = await serve(
    new Map<string, Answer>([
      [membership, { body: json(proof) }],
      ...pages.map((data, page) => [page === 0 ? first : path(page), entry(data, page)] as const),
    ]),
    pageMs,
  );
  return {
    directory: githubDirectory(
      {
        apiURL: served.url,
        organization: 'lab',
        teams: [],
        credential: { token: new Secret(token) },
        withKeys: false,
        userAgent: 'credentials-updater/bench',
        proxyEnv: {},
        onSecret: () => undefined,
      },
      surroundings,
    ),
    bare: async () => {
      await served.get(membership);
      const members: object[] = [];
      for (let page = 0; page < pages.length; page++)
        members.push(...githubPageSchema.parse(await served.get(page === 0 ? first : path(page))));
      return members.length;
    },
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

async function openLdap(logins: readonly string[]): Promise<Contest> {
  const slapd = await startSlapd({ ldif: logins.map((login) => person(login)).join('') });
  const base = `ou=people,${suffix}`;
  const filter = '(objectClass=inetOrgPerson)';
  // So that the server gives both the same pages.
  const askedFor = [
    'entryUUID',
    'uid',
    'sshPublicKey',
    'ipaSshPubKey',
    'primaryGroupID',
    'userAccountControl',
    'nsAccountLock',
  ];
  return {
    directory: ldapDirectory(
      {
        url: slapd.url,
        startTLS: false,
        certificateAuthority: slapd.authority,
        bind: { dn: reader.dn, password: new Secret(reader.password) },
        base,
        filter,
        id: 'entryUUID',
        login: 'uid',
        groups: [],
        nestedGroups: true,
      },
      surroundings,
    ),
    bare: async () => {
      const client = new Client({
        url: slapd.url.href,
        tlsOptions: { ca: [slapd.authority], servername: 'localhost' },
      });
      await client.bind(reader.dn, reader.password);
      const members = new Map<string, string>();
      for await (const { searchEntries } of client.searchPaginated(base, {
        scope: 'sub',
        filter,
        attributes: askedFor,
        paged: { pageSize: 499 },
      }))
        for (const entry of searchEntries) members.set(String(entry['entryUUID']), String(entry['uid']));
      await client.unbind();
      return members.size;
    },
    [Symbol.asyncDispose]: () => slapd[Symbol.asyncDispose](),
  };
}

// At the end: what stands above is there by now.
process.exitCode = await main();
