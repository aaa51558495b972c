/**
 * GitHub as a directory, against a look-alike that GitHub's own OpenAPI description judges. What is not whole fails, and is
 * never a shorter list.
 */
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Github, type GithubOptions, type Interfere, type Reply, startGithub } from '../../dev/github/index.ts';
import { createOrganization, type Organization, type OrganizationOptions } from '../../dev/github/organization.ts';
import type { GithubCredential } from '../../src/directories/github/credential.ts';
import { type GithubOptions as DirectoryOptions, githubDirectory } from '../../src/directories/github.ts';
import { byName } from '../../src/lib/by-name.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { Failure } from '../../src/lib/failure.ts';
import { Secret } from '../../src/lib/secret.ts';

const token = 'github_pat_the-token-of-the-lab';
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJbL';

const people = {
  kim: { id: 1, isPublic: true, keys: [key, `${key}2`] },
  lee: { id: 2, keys: [] },
  park: { id: 3, isPublic: true },
  choi: { id: 4 },
  jung: { id: 5 },
};
const standard: OrganizationOptions = {
  members: people,
  invited: ['han'],
  teams: {
    platform: { members: ['kim'] },
    'platform-ops': { members: ['lee'], parent: 'platform' },
    'night-shift': { members: ['choi'], parent: 'platform-ops' },
    press: { members: ['park', 'kim'] },
  },
  tokens: { [token]: { user: 'lee' } },
};

async function useGithub(
  options: Partial<OrganizationOptions> = {},
  more: Omit<GithubOptions, 'organization'> = {},
): Promise<Github & { readonly organization: Organization }> {
  const organization = createOrganization({ ...standard, ...options });
  const github = await startGithub({ organization, ...more });
  onTestFinished(() => github[Symbol.asyncDispose]());
  // Whatever a test is about: GitHub's description has nothing against what was asked.
  onTestFinished(() => {
    if (github.objections.length > 0) throw new Error(github.objections.join('; '));
  });
  return { ...github, organization };
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

const directoryOf = (
  { apiURL }: Pick<Github, 'apiURL'>,
  more: Partial<DirectoryOptions> = {},
  clock: Clock = useClock(),
) =>
  githubDirectory(
    {
      apiURL,
      organization: 'lab',
      teams: [],
      credential: { token: new Secret(token) },
      withKeys: false,
      userAgent: 'credentials-updater/test',
      proxyEnv: {},
      onSecret: () => undefined,
      ...more,
    },
    { clock, random: () => 0 },
  );

const read = (github: Pick<Github, 'apiURL'>, more?: Partial<DirectoryOptions>, clock?: Clock) =>
  directoryOf(github, more, clock).members({ signal: AbortSignal.timeout(60_000) });
const loginsOf = async (...args: Parameters<typeof read>) =>
  (await read(...args)).map(({ login }) => login).toSorted(byName((login) => login ?? ''));

/** What went wrong: a failure of the directory, without a word of what was sent. */
async function failureOf(reading: Promise<unknown>): Promise<Failure> {
  const failure = await reading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof Failure)) throw new Error('It did not fail', { cause: failure });
  expect(failure.kind).toBe('directory');
  expect(failure.message).toContain('nothing was changed');
  expect(`${failure.message} ${failure.hint}`).not.toMatch(/the-token|eyJ/);
  return failure;
}

describe.each(['api.github.com', 'ghes-3.17'] as const)('on %s', (edition) => {
  test('the members of an organization, concealed ones too, on any number of pages, without who is only invited', async () => {
    const github = await useGithub({}, { edition, longestPage: 2 });
    const directory = directoryOf(github, { organization: 'LAB' });
    expect(
      (await directory.members({ signal: AbortSignal.timeout(60_000) })).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ).toEqual(Object.entries(people).map(([login, { id }]) => ({ id: `github:127.0.0.1:${id}`, login })));
    expect(github.requests.map((request) => request.replace('/api/v3', ''))).toEqual([
      'GET /user/memberships/orgs/LAB',
      'GET /orgs/LAB/members?filter=all&role=all&per_page=100',
      'GET /orgs/LAB/members?filter=all&role=all&per_page=100&page=2',
      'GET /orgs/LAB/members?filter=all&role=all&per_page=100&page=3',
    ]);
    expect(directory).toMatchObject({ kind: 'github', host: github.apiURL.host, isLocal: true, isSnapshot: false });
    expect(directory.isOwnId('github:127.0.0.1:1')).toBe(true);
    expect(directory.isOwnId('github:127.0.0.10:1')).toBe(false);
  });

  test('the members of teams, of the teams below them, and nobody twice', async () => {
    const github = await useGithub({}, { edition, longestPage: 2 });
    expect(await loginsOf(github, { teams: ['platform'] })).toEqual(['choi', 'kim', 'lee']);
    expect(await loginsOf(github, { teams: ['platform-ops', 'press'] })).toEqual(['choi', 'kim', 'lee', 'park']);
  });

  test('an App, by a token of its installation that may read members and nothing else', async () => {
    const github = await useGithub({ app: { id: '12', members: 'read' } }, { edition });
    const secrets: string[] = [];
    const more = {
      credential: appOf(github.organization),
      onSecret: (secret: Secret) => secrets.push(secret.reveal()),
    };
    expect(await loginsOf(github, more)).toEqual(['choi', 'jung', 'kim', 'lee', 'park']);
    expect(github.requests.map((request) => request.replace('/api/v3', '')).slice(0, 2)).toEqual([
      'GET /app/installations/7',
      'POST /app/installations/7/access_tokens',
    ]);
    expect(secrets).toEqual([expect.stringMatching(/^eyJ/), github.organization.installationToken]);
  });

  test('keys, where the delivery needs them', async () => {
    const github = await useGithub({}, { edition });
    const members = await read(github, { withKeys: true, teams: ['platform'] });
    expect(new Map(members.map(({ login, keys }) => [login, keys]))).toEqual(
      new Map([
        ['kim', [key, `${key}2`]],
        ['lee', undefined],
        ['choi', undefined],
      ]),
    );
  });
});

test('the judge of these tests refuses what GitHub would: a parameter, a path, an answer of another shape', async () => {
  const organization = createOrganization({ ...standard, members: { ...people, odd: { id: 0.5 } } });
  await using github = await startGithub({ organization });
  const ask = (path: string) =>
    fetch(`${github.apiURL.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
  expect((await ask('/orgs/lab/members?role=boss')).status).toBe(422);
  expect((await ask('/orgs/lab/teamz/platform/members')).status).toBe(404);
  expect((await ask('/orgs/lab/members')).status).toBe(200);
  expect(github.objections).toEqual([
    expect.stringContaining('/query/role'),
    'there is no such route',
    expect.stringContaining('orgs/list-members'),
  ]);
});

function appOf({ app }: Organization, more: Partial<{ id: string; privateKey: string }> = {}): GithubCredential {
  if (app === undefined) throw new Error('The organization has no App');
  const { id, privateKey } = { ...app, ...more };
  return { app: { id, installation: '7', privateKey: new Secret(privateKey) } };
}

test('keys are not asked for again by the read that follows at once, and never taken from a login that changed hands', async () => {
  let renamed = false;
  const github = await useGithub(
    {},
    {
      interfere: ({ path }) => {
        // kim becomes kim2, and somebody else takes the name, while keys are read.
        if (path === '/users/kim/keys' && !renamed) {
          renamed = true;
          github.organization.people.set('kim2', people.kim);
          github.organization.people.delete('kim');
          return { body: [{ id: 1, key: `${key}-of-somebody-else` }] };
        }
        return undefined;
      },
    },
  );
  const directory = directoryOf(github, { withKeys: true });
  const signal = AbortSignal.timeout(60_000);
  const first = await directory.members({ signal });
  expect(first.find(({ id }) => id === 'github:127.0.0.1:1')).toEqual({ id: 'github:127.0.0.1:1', login: 'kim' });
  const asked = github.requests.filter((request) => request.includes('/keys')).length;
  const second = await directory.members({ signal });
  expect(second.find(({ id }) => id === 'github:127.0.0.1:1')).toMatchObject({ login: 'kim2', keys: [key, `${key}2`] });
  expect(github.requests.filter((request) => request.includes('/keys'))).toHaveLength(asked + 1);
});

describe('who is not proved to see everyone is refused, though GitHub answers with 200:', () => {
  test.each<[string, Partial<OrganizationOptions>, RegExp]>([
    [
      'a token of somebody else',
      { tokens: { [token]: { user: 'stranger' } } },
      /whether the token's user is a member of lab .* \(404\)/,
    ],
    [
      'a token of who is invited',
      { tokens: { [token]: { user: 'han' } } },
      /has not accepted the invitation to lab yet/,
    ],
    [
      'a classic token without the scope',
      { tokens: { [token]: { user: 'kim', scopes: ['repo', 'user'] } } },
      /has no scope for organizations/,
    ],
    ['a token that is not known', { tokens: {} }, /was refused \(401\)/],
    ['another organization', { login: 'other' }, /\(404\)/],
  ])('%s', async (_, options, says) => {
    expect((await failureOf(read(await useGithub(options)))).message).toMatch(says);
  });

  test('a classic token with the scope is taken', async () => {
    const github = await useGithub({ tokens: { [token]: { user: 'kim', scopes: ['read:org'] } } });
    expect(await read(github)).toHaveLength(5);
  });

  test.each<[string, NonNullable<OrganizationOptions['app']>, RegExp]>([
    ['an App without the permission', { id: '12' }, /the App may not read the organization's members/],
    [
      'an App that is suspended',
      { id: '12', members: 'read', suspended: true },
      /installation 7 of the App is suspended/,
    ],
    [
      'an App of another account',
      { id: '12', members: 'read', account: 'other' },
      /belongs to other, and the organization is lab/,
    ],
  ])('%s', async (_, app, says) => {
    const github = await useGithub({ app });
    expect((await failureOf(read(github, { credential: appOf(github.organization) }))).message).toMatch(says);
    expect(github.requests.join()).not.toContain('/members');
  });

  test("an App's key that is another's", async () => {
    const [mine, other] = [
      await useGithub({ app: { id: '12', members: 'read' } }),
      createOrganization({ ...standard, app: { id: '12' } }),
    ];
    const { message, hint } = await failureOf(read(mine, { credential: appOf(other) }));
    expect(message).toContain('was refused (401)');
    expect(hint).toContain("is this machine's clock right?");
  });

  test('a list without the own user', async () => {
    const github = await useGithub(
      {},
      {
        interfere: ({ path }) => (path === '/orgs/lab/members' ? { body: [{ id: 1, login: 'kim' }] } : undefined),
      },
    );
    expect((await failureOf(read(github))).message).toContain(
      "the token's own user is a member of lab and not in the list",
    );
  });

  test.each([
    ['a private key that is none', { app: { id: '1', installation: '7', privateKey: new Secret('the-token') } }],
    ['a token with a line break', { token: new Secret('the-token\nX-Evil: 1') }],
  ])('%s, before anything is sent', (_, credential) => {
    expect(() => directoryOf({ apiURL: new URL('https://api.github.com') }, { credential })).toThrow(
      expect.objectContaining({ kind: 'usage', message: expect.not.stringContaining('the-token') }),
    );
  });
});

/** The answer to the list of members, from this page on. */
const onList =
  (reply: Reply, fromPage = 1): Interfere =>
  ({ path, page }) =>
    path === '/orgs/lab/members' && page >= fromPage ? reply : undefined;

describe('what is not whole fails:', () => {
  const member = { id: 1, login: 'kim' };
  test.each<[string, Interfere, RegExp]>([
    [
      'single sign-on that hides a part',
      onList({ headers: { 'x-github-sso': 'partial-results; organizations=1' }, body: [member] }),
      /only a part of the members of lab/,
    ],
    [
      'single sign-on that is missing',
      onList({
        status: 403,
        headers: { 'x-github-sso': 'required; url=https://github.com/orgs/lab/sso?authorization_request=the-token' },
      }),
      /not authorized for single sign-on/,
    ],
    ['403', onList({ status: 403, body: { message: 'Resource not accessible by the-token' } }), /was refused \(403\)/],
    ['401 on a later page', onList({ status: 401 }, 2), /was refused \(401\)/],
    ['404', onList({ status: 404 }), /was not found \(404\)/],
    [
      'a redirect',
      onList({ status: 301, headers: { location: 'https://elsewhere.example.org/the-token' } }),
      /a redirect, which is not followed/,
    ],
    ['no content', onList({ status: 204, body: '' }), /was answered with 204/],
    ['an error page', onList({ body: '<html>the-token</html>' }), /it is an HTML page, not JSON/],
    ['an error as an object', onList({ body: { message: 'the-token' } }), /page 1 is not a list/],
    [
      'JSON that is cut off',
      onList({ body: '[{"id": 1, "login": "kim"}' }, 2),
      /cut off before its end|not valid JSON/,
    ],
    ['a member that is null', onList({ body: [null] }), /entry 1 of page 1 .* has no id and login/],
    ['an id that is a text', onList({ body: [{ id: '1', login: 'kim' }] }), /entry 1 of page 1/],
    ['an id too large for JSON', onList({ body: '[{"id": 9007199254740993, "login": "kim"}]' }), /entry 1 of page 1/],
    ['a login that is missing', onList({ body: [{ id: 1 }] }), /entry 1 of page 1/],
    ['a page that is missing at the end', onList({ body: [member] }, 2), /it ended after page 2 of 3/],
    [
      'a next page elsewhere',
      onList({ headers: { link: '<https://elsewhere.example.org/?page=2>; rel="next"' }, body: [member] }),
      /another origin, https:\/\/elsewhere\.example\.org/,
    ],
    [
      'a next page that was read',
      onList({ headers: { link: '</orgs/lab/members?filter=all&role=all&per_page=100>; rel="next"' }, body: [member] }),
      /leads back to an earlier one/,
    ],
  ])('%s', async (_, interfere, says) => {
    const github = await useGithub({}, { interfere, longestPage: 2 });
    const failure = await failureOf(read(github));
    expect(failure.message).toMatch(says);
    expect(failure.transient).toBe(false);
  });

  test('a team that is not there, or is secret', async () => {
    const { message, hint } = await failureOf(read(await useGithub(), { teams: ['platform', 'no/../such'] }));
    expect(message).toMatch(/the team no\/\.\.\/such of lab .* \(404\)/);
    expect(hint).toContain('slug');
  });

  test('pages without an end', async () => {
    let page = 1;
    const github = await useGithub(
      {},
      {
        interfere: ({ path }) =>
          path === '/orgs/lab/members'
            ? { headers: { link: `</orgs/lab/members?page=${++page}>; rel="next"` }, body: [] }
            : undefined,
      },
    );
    expect((await failureOf(read(github))).message).toContain('more than 1000 pages');
  });

  test('a server that drips', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(drip));
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
    const reading = directoryOf({ apiURL: new URL(`http://127.0.0.1:${address.port}`) }).members({
      signal: AbortSignal.timeout(300),
    });
    await expect(reading).rejects.toThrow(/timeout/);
  });
});

describe('a rate limit', () => {
  const soon = () => Math.floor(Date.now() / 1_000) + 20;
  test.each<[string, () => Reply, number]>([
    ['Retry-After', () => ({ status: 403, headers: { 'retry-after': '7' } }), 7_000],
    ['Retry-After with 429', () => ({ status: 429, headers: { 'retry-after': '7' } }), 7_000],
    [
      'the primary limit',
      () => ({ status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(soon()) } }),
      20_000,
    ],
  ])(
    'by %s is waited for as long as it asks, and the pages before are not asked for again',
    async (_, reply, waitMs) => {
      let refused = false;
      const github = await useGithub(
        {},
        {
          longestPage: 2,
          interfere: ({ path, page }) => {
            if (path !== '/orgs/lab/members' || page !== 2 || refused) return undefined;
            refused = true;
            return reply();
          },
        },
      );
      const clock = useClock();
      expect(await read(github, {}, clock)).toHaveLength(5);
      expect(clock.waits).toHaveLength(1);
      expect(Math.abs((clock.waits[0] ?? 0) - waitMs)).toBeLessThanOrEqual(1_500);
      expect(
        github.requests.filter((request) => !request.includes('page=2') && request.includes('/members?')),
      ).toHaveLength(2);
    },
  );

  test.each<[string, Reply]>([
    [
      'the primary limit, for an hour',
      { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(soon() + 3_600) } },
    ],
    [
      'a secondary limit without a time',
      { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } },
    ],
    ['429 without a time', { status: 429 }],
  ])('by %s, longer than there is time, is a failure that says until when', async (_, reply) => {
    const { message, hint } = await failureOf(read(await useGithub({}, { interfere: onList(reply) })));
    expect(message).toContain("GitHub's rate limit is used up, for another");
    expect(hint).toMatch(/run again after \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
  });

  test('500 is tried again, and is a failure when it stays', async () => {
    let times = 0;
    const github = await useGithub(
      {},
      {
        interfere: ({ path }) => (path === '/orgs/lab/members' && times++ < 2 ? { status: 502, body: '' } : undefined),
      },
    );
    expect(await read(github)).toHaveLength(5);
    expect((await failureOf(read(await useGithub({}, { interfere: onList({ status: 500 }) })))).message).toMatch(
      /gave up after/,
    );
  });
});
