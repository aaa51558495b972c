/**
 * `npm run bench:directories`: how long each directory takes to read its members, against a bare client.
 *
 * - The bare client is what one would write with the same libraries in ten lines: it asks the same server for the same
 *   pages, one after the other over one connection, parses each page, and keeps each member's id and login in a Map. It
 *   checks nothing else, not even whether the list is whole. It keeps its HTTP connection from one read to the next.
 * - The two read in turn, so that whatever else the machine does falls on both, and each begins every other round. What is
 *   compared is the median of the rounds. The first round warms up and doesn't count; in it, both must have found the same
 *   members.
 * - Servers hold their answers ready. Those of HTTP run in this process, and their time is in both figures; slapd is a
 *   process of its own.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { Client } from 'ldapts';
import { Agent, request } from 'undici';
import { readFlags } from '../dev/flags.ts';
import { person, reader, startSlapd, suffix } from '../dev/ldap/index.ts';
import type { Member } from '../src/core/model.ts';
import type { Directory } from '../src/directories/directory.ts';
import { fileDirectory, pathSource } from '../src/directories/file.ts';
import { githubDirectory } from '../src/directories/github.ts';
import { httpDirectory } from '../src/directories/http.ts';
import { ldapDirectory } from '../src/directories/ldap.ts';
import { systemClock } from '../src/lib/clock.ts';
import { isRecord } from '../src/lib/json.ts';
import { Secret } from '../src/lib/secret.ts';
import { spreadOf } from './statistics.ts';

const usage = `Measures how long each directory takes to read its members, against a bare client for the same pages.

Usage: npm run bench:directories [-- [--members N] [--rounds N] [--page-ms MS]]

  --directory NAME  only this one: file, http, ldap or github (all)
  --members N  how many members there are (10000)
  --rounds N   how often each of the two reads (11)
  --page-ms MS how long the HTTP servers take for a page (0): on a real network it is tens of milliseconds
  -h, --help   show this
`;

/** What a directory may take of a bare client's time. */
const mostTimes = 1.2;
const perPage = 100;
const token = 'the-token-of-the-benchmark';
const surroundings = { clock: systemClock, random: Math.random };

interface Contest extends AsyncDisposable {
  readonly directory: Directory;
  /** @returns the login of each id, as the server spells the id */
  readonly bare: () => Promise<ReadonlyMap<string, string>>;
}

/** The list in a document, and what a bare client keeps of each of its entries. */
function keep(list: unknown, into: Map<string, string>): void {
  if (!Array.isArray(list)) throw new Error('There is no list');
  for (const entry of list) {
    if (!isRecord(entry)) throw new Error('An entry is no object');
    into.set(String(entry['id']), String(entry['login']));
  }
}

async function main(): Promise<number> {
  const flags = readFlags({
    directory: { type: 'string' },
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
  const all = Object.entries({ file: openFile, http: openHttp, ldap: openLdap, github: openGithub });
  const asked = all.filter(([name]) => flags.directory === undefined || flags.directory === name);
  if (asked.length === 0) {
    console.error(`There is no directory ${flags.directory} to measure. See npm run bench:directories -- --help`);
    return 2;
  }
  const logins = Array.from({ length: Number(flags.members) }, (_, index) => `member${index}`);
  console.log(`| directory | a read, ms | a bare client, ms | times |\n| --- | ---: | ---: | ---: |`);
  let isReached = true;
  for (const [name, open] of asked) {
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
  const timed = async <T>(into: number[], read: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const result = await read();
    into.push(performance.now() - startedAt);
    return result;
  };
  const readAll = () => timed(ours, () => directory.members({ signal: new AbortController().signal }));
  const readBare = () => timed(others, bare);
  requireSame(await readAll(), await readBare(), members);
  for (const samples of [ours, others]) samples.length = 0;
  for (let round = 0; round < rounds; round++)
    for (const read of round % 2 === 0 ? [readAll, readBare] : [readBare, readAll]) await read();
  return { ours: spreadOf(ours), bare: spreadOf(others), ratio: spreadOf(ours).median / spreadOf(others).median };
}

/** Of the same members, the same logins; ids have the directory's name before them. */
function requireSame(ours: readonly Member[], bare: ReadonlyMap<string, string>, members: number): void {
  const logins = new Map(ours.map(({ id, login }) => [id.slice(id.lastIndexOf(':') + 1), login]));
  const same = [...bare].filter(([id, login]) => logins.get(id) === login);
  if (same.length !== members || logins.size !== members)
    throw new Error(
      `Of ${members} members, ${logins.size} and ${bare.size} were read, and ${same.length} are the same`,
    );
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
    bare: async () => {
      const members = new Map<string, string>();
      keep(parse(await readFile(file), { columns: true }), members);
      return members;
    },
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
      const members = new Map<string, string>();
      for (let next: unknown = path(0); typeof next === 'string'; ) {
        const page = await served.get(next);
        if (!isRecord(page)) throw new Error('A page is no object');
        keep(page['data'], members);
        next = page['next'];
      }
      return members;
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
      const members = new Map<string, string>();
      for (let page = 0; page < pages.length; page++) keep(await served.get(page === 0 ? first : path(page)), members);
      return members;
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
      return members;
    },
    [Symbol.asyncDispose]: () => slapd[Symbol.asyncDispose](),
  };
}

// At the end: what stands above is there by now.
process.exitCode = await main();
