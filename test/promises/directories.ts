/** A club for each further directory, on a way that can make things go wrong: an HTTP API, GitHub, LDAP. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { type Fault, type FaultProxy, type SeenRequest, startFaultProxy } from '../../dev/fault-proxy/index.ts';
import { type LdapFault, type LdapRequest, startLdapFaultProxy } from '../../dev/fault-proxy/ldap.ts';
import { startGithub } from '../../dev/github/index.ts';
import { createOrganization } from '../../dev/github/organization.ts';
import { group, person, personDN, reader, startSlapd, suffix } from '../../dev/ldap/index.ts';
import type { CommandResult } from '../command.ts';
import { type Lab, useLab } from '../lab.ts';
import { listenOnLoopback } from './directory-server.ts';
import type { FaultName } from './faults.ts';
import { faults } from './faults.ts';

export const logins = ['kim', 'lee', 'park', 'choi', 'jung', 'kang', 'cho', 'yoon'];
export type Kind = 'http' | 'github' | 'ldap';

export interface DirectoryUnderFire {
  readonly lab: Lab;
  /** In the order in which a run comes to them. */
  readonly steps: readonly string[];
  sync(flags?: readonly string[], env?: Readonly<Record<string, string>>): Promise<CommandResult>;
  /** Does it to the first request of that step from now on. */
  addFault(step: string, fault: FaultName): { readonly hits: number };
  /** Answers that are none, or not the whole list, by what is wrong with them. */
  readonly wrongAnswers: readonly string[];
  /** From now on that is the answer, to each request that it fits. */
  answerWrongly(name: string): { readonly hits: number };
  clearFaults(): void;
}

/** Call it in a test. */
export const openDirectory: Readonly<Record<Kind, () => Promise<DirectoryUnderFire>>> = {
  http: openHttp,
  github: openGithub,
  ldap: openLdap,
};

const token = 'the-token-of-the-lab';

/** @param settings the environment, given the lab's folder, and what of it no run may print */
async function openLab(
  directory: object,
  { env, secret }: { env: (folder: string) => Readonly<Record<string, string>>; secret: string },
): Promise<Pick<DirectoryUnderFire, 'lab' | 'sync'>> {
  const lab = await useLab(
    () => ({ none: {} }),
    () => ({ directory }),
  );
  return {
    lab,
    sync: (flags = [], more = {}) =>
      lab.commandWith(lab.cluster.kubeconfig, {
        args: ['sync', ...flags],
        env: { ...env(lab.folder), ...more },
        secrets: () => [secret],
      }),
  };
}

async function openTlsProxy(url: URL): Promise<{ proxy: FaultProxy; authority: string }> {
  const authority = await createCertificateAuthority('the wire to the directory');
  const tls = await authority.issue({ commonName: 'fault-proxy', hosts: ['127.0.0.1'] });
  const proxy = await startFaultProxy({ upstream: { url: url.origin }, tls });
  onTestFinished(() => proxy.close());
  return { proxy, authority: authority.certificate };
}

type Steps = Readonly<Record<string, (request: SeenRequest) => boolean>>;

const pageSchema = z.looseObject({ data: z.array(z.unknown()), total: z.number() });

/** The same answer with another body. */
const rewriting = (change: (body: unknown) => unknown): Fault => ({
  kind: 'rewrite',
  change: (answer) => ({ ...answer, body: Buffer.from(JSON.stringify(change(JSON.parse(answer.body.toString())))) }),
});
const changingPage = (change: (page: z.infer<typeof pageSchema>) => object): Fault =>
  rewriting((body) => change(pageSchema.parse(body)));

/** What any server that speaks HTTP may answer. */
const wrongOverHttp: Readonly<Record<string, Fault>> = {
  '401': { kind: 'status', status: 401, body: '{"message":"Bad credentials"}' },
  '429 for an hour': { kind: 'status', status: 429, retryAfter: '3600' },
  'a redirect': {
    kind: 'rewrite',
    change: (answer) => ({ ...answer, status: 302, headers: { location: '/elsewhere' }, body: Buffer.alloc(0) }),
  },
  'a slow drip': { kind: 'drip', overMs: 60_000 },
  'an error page with 200': { kind: 'wrong-content-type' },
  'an answer that is cut off': { kind: 'truncate' },
  null: rewriting(() => null),
};

/** What only a list that says how long it is can be caught at. */
const wrongWithTotal: Readonly<Record<string, Fault>> = {
  'a page that lacks an entry': changingPage((page) => ({ ...page, data: page.data.slice(1) })),
  'another total on each page': changingPage((page) => ({ ...page, total: page.total + page.data.length })),
  'a page without its list': changingPage((page) => ({ ...page, data: undefined })),
};

const byHttp = (proxy: FaultProxy, steps: Steps, wrong: Readonly<Record<string, Fault>>) => ({
  wrongAnswers: Object.keys(wrong),
  answerWrongly: (name: string) => {
    const fault = wrong[name];
    if (fault === undefined) throw new Error(`There is no wrong answer ${name}`);
    return proxy.addFault({ when: ({ path }) => path.includes('/members') }, fault);
  },
  steps: Object.keys(steps),
  addFault: (step: string, name: FaultName) => {
    const fault: Fault = faults[name];
    const when = steps[step];
    if (when === undefined) throw new Error(`There is no step ${step}`);
    return proxy.addFault({ when, nth: 1 }, fault);
  },
  clearFaults: () => proxy.clearFaults(),
});

const isPage = ({ path }: SeenRequest, number: number) =>
  path.includes('/members') && Number(new URL(path, 'http://x').searchParams.get('page') ?? 1) === number;

async function openHttp(): Promise<DirectoryUnderFire> {
  const perPage = 3;
  const api = await listenOnLoopback((request, response) => {
    const page = Number(new URL(request.url ?? '', 'http://api').searchParams.get('page') ?? 1);
    const data = logins.slice((page - 1) * perPage, page * perPage).map((login) => ({ id: `id-${login}`, login }));
    const next = page * perPage < logins.length ? `?page=${page + 1}` : null;
    response.end(JSON.stringify({ data, next, total: logins.length }));
  });
  const { proxy, authority } = await openTlsProxy(api);
  const { lab, sync } = await openLab(
    {
      http: {
        url: `${proxy.url}/members`,
        headers: { Authorization: { env: 'LAB_TOKEN' } },
        certificateAuthority: { env: 'LAB_CA' },
        members: 'data',
        id: 'id',
        login: 'login',
        next: 'next',
        total: 'total',
      },
    },
    { env: () => ({ LAB_TOKEN: token, LAB_CA: authority }), secret: token },
  );
  const steps: Steps = {
    'read the first page': (request) => isPage(request, 1),
    'read a later page': (request) => isPage(request, 2),
  };
  return { lab, sync, ...byHttp(proxy, steps, { ...wrongOverHttp, ...wrongWithTotal }) };
}

async function openGithub(): Promise<DirectoryUnderFire> {
  const members = Object.fromEntries(logins.map((login, index) => [login, { id: index + 1 }]));
  const organization = createOrganization({
    login: 'my-lab',
    members: { ...members, owner: { id: 99 } },
    teams: { platform: { members: logins } },
    tokens: { [token]: { user: 'owner' } },
  });
  const github = await startGithub({ organization, longestPage: 3, behindTls: true });
  onTestFinished(() => github[Symbol.asyncDispose]());
  const { proxy, authority } = await openTlsProxy(github.apiURL);
  const { lab, sync } = await openLab(
    { github: { organization: 'my-lab', teams: ['platform'], apiURL: proxy.url, token: { env: 'GITHUB_TOKEN' } } },
    { env: (folder) => ({ GITHUB_TOKEN: token, NODE_EXTRA_CA_CERTS: join(folder, 'github-ca.crt') }), secret: token },
  );
  await writeFile(join(lab.folder, 'github-ca.crt'), authority);
  const steps: Steps = {
    'prove that everyone can be seen': ({ path }) => path.includes('/memberships/'),
    'read the first page': (request) => isPage(request, 1),
    'read a later page': (request) => isPage(request, 2),
  };
  const wrong: Readonly<Record<string, Fault>> = {
    ...wrongOverHttp,
    'a part only, by single sign-on': {
      kind: 'rewrite',
      change: (answer) => ({
        ...answer,
        headers: { ...answer.headers, 'x-github-sso': 'partial-results; organizations=1' },
      }),
    },
    'no page after the first': {
      kind: 'rewrite',
      change: (answer) => ({ ...answer, headers: { ...answer.headers, link: undefined } }),
    },
    'an entry without its number': rewriting((body) =>
      z
        .array(z.looseObject({}))
        .parse(body)
        .map((entry) => ({ ...entry, id: undefined })),
    ),
  };
  return { lab, sync, ...byHttp(proxy, steps, wrong) };
}

/** What LDAP has in place of HTTP's: busy, other, unavailable, unwilling to perform, time limit exceeded. */
const ldapCodes = { '429': 51, '500': 80, '502': 52, '503': 53, '504': 3 } as const;

/** By RFC 4511's result codes, to a search under this base. */
const wrongOverLdap: Readonly<Record<string, { readonly base: string; readonly fault: LdapFault }>> = {
  'a part only (size limit)': { base: 'ou=people', fault: { kind: 'result', code: 4 } },
  'a part only (administrative limit)': { base: 'ou=people', fault: { kind: 'result', code: 11 } },
  'a referral': { base: 'ou=people', fault: { kind: 'result', code: 10 } },
  'no such base': { base: 'ou=people', fault: { kind: 'result', code: 32 } },
  'no such group': { base: 'ou=groups', fault: { kind: 'result', code: 32 } },
  'insufficient rights': { base: 'ou=people', fault: { kind: 'result', code: 50 } },
  // Done, and nobody was found: what access rules make of a tree that is hidden.
  'nobody at all': { base: 'ou=people', fault: { kind: 'result', code: 0 } },
  'a group that is hidden': { base: 'ou=groups', fault: { kind: 'result', code: 0 } },
  'a slow drip': { base: 'ou=people', fault: { kind: 'drip', overMs: 60_000 } },
  'an answer that is cut off': { base: 'ou=people', fault: { kind: 'truncate' } },
  'a page of HTML': { base: 'ou=people', fault: { kind: 'page' } },
};

function ldapFault(name: FaultName): LdapFault {
  switch (name) {
    case 'refuse':
      return { kind: 'refuse', forMs: faults.refuse.forMs };
    case 'reset':
      return { kind: 'reset' };
    case 'delay':
      return { kind: 'delay', ms: faults.delay.ms };
    case 'truncate':
      return { kind: 'truncate' };
    case 'slow drip':
      return { kind: 'drip', overMs: faults['slow drip'].overMs };
    case 'wrong type':
      return { kind: 'page' };
    case 'commit, drop':
      return { kind: 'commit-then-drop' };
    case '429':
    case '500':
    case '502':
    case '503':
    case '504':
      return { kind: 'result', code: ldapCodes[name] };
  }
}

/** Two pages of people, of whom one group counts. */
async function openLdap(): Promise<DirectoryUnderFire> {
  const others = Array.from({ length: 520 }, (_, index) => `other${index}`);
  const ldif = [...[...logins, ...others].map((uid) => person(uid)), group('lab', logins.map(personDN))].join('');
  const slapd = await startSlapd({ ldif });
  onTestFinished(() => slapd[Symbol.asyncDispose]());
  const proxy = await startLdapFaultProxy(slapd.plainUrl);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const { lab, sync } = await openLab(
    {
      ldap: {
        url: proxy.url.href,
        bindDN: reader.dn,
        bindPassword: { env: 'LDAP_PASSWORD' },
        base: `ou=people,${suffix}`,
        filter: '(objectClass=inetOrgPerson)',
        groups: [`cn=lab,ou=groups,${suffix}`],
      },
    },
    { env: () => ({ LDAP_PASSWORD: reader.password }), secret: reader.password },
  );
  const isSearchOf =
    (base: string) =>
    ({ operation, bytes }: LdapRequest) =>
      operation === 'search' && bytes.includes(`${base},${suffix}`);
  const steps: Readonly<Record<string, { when: (request: LdapRequest) => boolean; nth: number }>> = {
    'log in': { when: ({ operation }) => operation === 'bind', nth: 1 },
    'read the first page': { when: isSearchOf('ou=people'), nth: 1 },
    'read a later page': { when: isSearchOf('ou=people'), nth: 2 },
    'read a group': { when: isSearchOf('ou=groups'), nth: 1 },
  };
  return {
    lab,
    sync,
    steps: Object.keys(steps),
    addFault: (step, name) => {
      const rule = steps[step];
      if (rule === undefined) throw new Error(`There is no step ${step}`);
      return proxy.addFault(rule.when, ldapFault(name), rule.nth);
    },
    wrongAnswers: Object.keys(wrongOverLdap),
    answerWrongly: (name) => {
      const wrong = wrongOverLdap[name];
      if (wrong === undefined) throw new Error(`There is no wrong answer ${name}`);
      return proxy.addFault(
        ({ operation, bytes }) => operation === 'search' && bytes.includes(wrong.base),
        wrong.fault,
      );
    },
    clearFaults: () => proxy.clearFaults(),
  };
}
