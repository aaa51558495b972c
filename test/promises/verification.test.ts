/** Tokens that are not what they must be, on their way from the API server: none of them is ever delivered. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Answer } from '../../dev/fault-proxy/index.ts';
import { accountsOf, expectWorkingTokens, tokenReviewer } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import type { TestCluster } from '../cluster.ts';
import { expectExit, logLines } from '../command.ts';
import {
  changeAnswer,
  readToken,
  signed,
  signingKeyOf,
  type Token,
  type TokenAnswer,
  withToken,
  writeToken,
} from './forge.ts';
import { bundleMutant } from './mutant.ts';
import type { WireStep } from './steps.ts';
import { openWire, type Wire } from './wire.ts';

async function syncedClub(members: number): Promise<{ club: Club; wire: Wire }> {
  const club = await useClub();
  club.api.seed(members);
  expectExit(await club.run(['sync']), 0);
  return { club, wire: await openWire(club) };
}

const stateOf = async ({ cluster, api }: Club) => ({
  accounts: await accountsOf(cluster),
  tokens: api.storedTokens(),
  deliveries: api.deliveries(),
});

const hour = 3_600;
const day = 24 * hour;
const nowSeconds = () => Math.floor(Date.now() / 1_000);

type Forgery = (token: Token, sign: (changes: Record<string, unknown>) => string) => string;

/** What is done to one member's token, and how the run calls it. */
const forgeries: readonly (readonly [what: string, forge: Forgery, says: RegExp])[] = [
  [
    'for an account of another namespace',
    (_, sign) => sign({ sub: 'system:serviceaccount:kube-system:default' }),
    /its subject is system:serviceaccount:kube-system:default/,
  ],
  [
    'for a namesake of the account (another UID)',
    ({ claims }, sign) => sign({ 'kubernetes.io': { ...accountClaim(claims), serviceaccount: { uid: 'another' } } }),
    /it belongs to another account of the same name \(UID\)/,
  ],
  [
    'without a UID',
    (_, sign) => sign({ 'kubernetes.io': undefined }),
    /it belongs to another account of the same name \(UID\)/,
  ],
  ['for another audience', (_, sign) => sign({ aud: ['vault'] }), /its audiences are not those of the answer/],
  [
    'for one audience more',
    ({ claims }, sign) => sign({ aud: [...claims.aud, 'vault'] }),
    /its audiences are not those of the answer/,
  ],
  [
    'that lives for ten minutes',
    ({ claims }, sign) => sign({ exp: claims.iat + 600 }),
    /it lives for 600 s, but the answer says 604800 s/,
  ],
  [
    'that has expired, though its lifetime is right',
    (_, sign) => sign({ iat: nowSeconds() - 7 * day - hour, exp: nowSeconds() - hour }),
    /has expired already by the API server's own clock/,
  ],
  ['without a lifetime', (_, sign) => sign({ exp: undefined }), /something that is no ServiceAccount token/],
  ['without a subject', (_, sign) => sign({ sub: undefined }), /something that is no ServiceAccount token/],
  [
    'with a broken signature',
    (token) =>
      writeToken({ ...token, signature: token.signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')) }),
    /the signature of the token for \S+ is not one of the cluster's/,
  ],
  [
    'with a claim changed after it was signed',
    (token) => writeToken({ ...token, claims: { ...token.claims, jti: 'another' } }),
    /the signature of the token for \S+ is not one of the cluster's/,
  ],
  [
    'that is not signed at all',
    (token) => writeToken({ ...token, header: { ...token.header, alg: 'none' }, signature: 'AAAA' }),
    /the signature of the token for \S+ is not one of the cluster's/,
  ],
  [
    "signed by a stranger under the name of the cluster's key",
    (token) => signed(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey, token.header, token.claims),
    /the signature of the token for \S+ is not one of the cluster's/,
  ],
  [
    'of another issuer, signed with a key of its own',
    (token) =>
      signed(
        generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey,
        { ...token.header, kid: 'of-another-cluster' },
        { ...token.claims, iss: 'https://another.example.org' },
      ),
    /still rejects a fresh token of .+ after 15 s; nothing was delivered/,
  ],
  [
    "of another issuer, signed with the cluster's key",
    (_, sign) => sign({ iss: 'https://another.example.org' }),
    /still rejects a fresh token of .+ after 15 s; nothing was delivered/,
  ],
];

function accountClaim(claims: Token['claims']): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(claims['kubernetes.io']);
}

const forgeOne =
  (cluster: TestCluster, forge: Forgery) =>
  (body: TokenAnswer): TokenAnswer => {
    const token = readToken(body.status.token);
    const sign = (changes: Record<string, unknown>) =>
      signed(signingKeyOf(cluster), token.header, { ...token.claims, ...changes });
    return withToken(body, forge(token, sign));
  };

test.each(forgeries)('P1, P4: one token %s: nothing is delivered', async (_, forge, says) => {
  const { club, wire } = await syncedClub(3);
  const before = await stateOf(club);
  const change = (answer: Answer) => changeAnswer(answer, forgeOne(club.cluster, forge));
  const rule = wire.addFault('mint a token', { kind: 'rewrite', change }, 2);

  const result = await wire.run();

  expect(rule.hits).toBe(1);
  expect(logLines(result).at(-1)?.['message']).toMatch(says);
  expectExit(result, 1);
  expect(await stateOf(club)).toEqual(before);
  await expectWorkingTokens(club);
});

test("P1, P4: every member gets the first one's token: nothing is delivered", async () => {
  const { club, wire } = await syncedClub(4);
  const before = await stateOf(club);
  let first: Answer | undefined;
  wire.addFault('mint a token', {
    kind: 'rewrite',
    change: (answer) => {
      first ??= answer;
      return first;
    },
  });

  const result = await wire.run();

  expectExit(result, 1);
  expect(logLines(result).at(-1)?.['message']).toMatch(/^3 of 4 members have no fresh token, .*its subject is/);
  expect(await stateOf(club)).toEqual(before);
});

test('P4: with MAX_UNDELIVERED=1 a member whose token is wrong is left out, is named, and loses nothing but the stored one', async () => {
  const { club, wire } = await syncedClub(4);
  const before = club.api.storedTokens();
  const change = (answer: Answer) =>
    changeAnswer(
      answer,
      forgeOne(club.cluster, (_, sign) => sign({ aud: ['vault'] })),
    );
  wire.addFault('mint a token', { kind: 'rewrite', change }, 1);

  const result = await wire.run(['sync'], { env: { MAX_UNDELIVERED: '1' } });

  expectExit(result, 3);
  const after = club.api.storedTokens();
  const without = [...before.keys()].filter((uuid) => !after.has(uuid));
  expect(logLines(result).at(-1)).toMatchObject({
    outcome: 'partial',
    delivered: 3,
    undelivered: 1,
    undeliveredMembers: without,
  });
  const whoIs = tokenReviewer(club.cluster);
  for (const token of [...before.values(), ...after.values()]) expect(await whoIs(token)).toContain('serviceaccount');
});

test.each<[what: string, change: (body: TokenAnswer) => unknown]>([
  ['a token', ({ spec, status }) => ({ spec, status: { ...status, token: undefined } })],
  ['a status', ({ spec }) => ({ spec })],
  ['a spec', ({ status }) => ({ status })],
  ['a lifetime', ({ spec, status }) => ({ spec: { ...spec, expirationSeconds: undefined }, status })],
  ['audiences', ({ spec, status }) => ({ spec: { ...spec, audiences: undefined }, status })],
  ['anything at all', () => undefined],
])('an answer without %s is asked for again', async (_, change) => {
  const { club, wire } = await syncedClub(3);
  const rule = wire.addFault(
    'mint a token',
    { kind: 'rewrite', change: (answer) => changeAnswer(answer, (body) => change(body) ?? null) },
    1,
  );

  expectExit(await wire.run(), 0);

  expect(rule.hits).toBe(1);
  expect(timesOf(wire, 'mint a token')).toBe(4);
  await expectWorkingTokens(club);
});

const timesOf = ({ steps }: Wire, step: WireStep) => steps.filter((seen) => seen === step).length;

describe("the cluster's public keys", () => {
  const keySet = z.looseObject({ keys: z.array(z.looseObject({ kid: z.string() })) });
  /** The key set of another time: the same keys, known by other names. */
  const ofAnotherTime = (answer: Answer): Answer => {
    const { keys } = keySet.parse(JSON.parse(answer.body.toString()));
    const renamed = keys.map((key) => ({ ...key, kid: `earlier-${key.kid}` }));
    return { ...answer, body: Buffer.from(JSON.stringify({ keys: renamed })) };
  };

  test('that rotate after they were fetched are fetched once more, for all tokens together', async () => {
    const { club, wire } = await syncedClub(20);
    wire.addFault('fetch the keys', { kind: 'rewrite', change: ofAnotherTime }, 1);

    expectExit(await wire.run(), 0);

    expect(timesOf(wire, 'fetch the keys')).toBe(2);
    expect(timesOf(wire, 'try a token')).toBeLessThan(20);
    await expectWorkingTokens(club);
  });

  test('that never name the key of the tokens: each token is tried instead', async () => {
    const { club, wire } = await syncedClub(20);
    wire.addFault('fetch the keys', { kind: 'rewrite', change: ofAnotherTime });

    expectExit(await wire.run(), 0);

    expect(timesOf(wire, 'try a token')).toBe(20);
    await expectWorkingTokens(club);
  });

  test('that rotate and are hidden meanwhile: each token is tried instead', async () => {
    const { club, wire } = await syncedClub(20);
    wire.addFault('fetch the keys', { kind: 'rewrite', change: ofAnotherTime }, 1);
    const body = JSON.stringify({ kind: 'Status', status: 'Failure', message: 'not for you', code: 403 });
    wire.addFault('fetch the keys', { kind: 'status', status: 403, body });

    expectExit(await wire.run(), 0);

    expect(timesOf(wire, 'fetch the keys')).toBeGreaterThan(1);
    expect(timesOf(wire, 'try a token')).toBe(20);
    await expectWorkingTokens(club);
  });

  test.each([403, 404])(
    'that a hardened cluster does not show (%i): a warning, and more tokens are tried',
    async (status) => {
      const { club, wire } = await syncedClub(40);
      expectExit(await wire.run(), 0);
      const triedOtherwise = timesOf(wire, 'try a token');
      const body = JSON.stringify({ kind: 'Status', status: 'Failure', message: 'not for you', code: status });
      wire.addFault('fetch the keys', { kind: 'status', status, body });

      const result = await wire.run();

      expectExit(result, 0);
      expect(logLines(result).filter(({ level }) => level === 'warn')).toMatchObject([
        { msg: expect.stringContaining("doesn't let us read its signing keys (/openid/v1/jwks)") },
      ]);
      // Chosen by chance, so that one may be chosen twice.
      expect(timesOf(wire, 'try a token') - triedOtherwise).toBeGreaterThan(Math.max(8, triedOtherwise));
      await expectWorkingTokens(club);
    },
  );

  test('that are hidden: tokens whose signatures are broken are noticed by trying them, and nothing is delivered', async () => {
    const { club, wire } = await syncedClub(6);
    const before = await stateOf(club);
    wire.addFault('fetch the keys', { kind: 'status', status: 403, body: '{"kind":"Status"}' });
    const change = (answer: Answer) =>
      changeAnswer(answer, (body) => {
        const token = readToken(body.status.token);
        return withToken(body, writeToken({ ...token, claims: { ...token.claims, jti: 'another' } }));
      });
    wire.addFault('mint a token', { kind: 'rewrite', change });

    const result = await wire.run();

    expectExit(result, 1);
    expect(logLines(result).at(-1)).toMatchObject({ step: 'verify', message: expect.stringContaining('after 15 s') });
    expect(await stateOf(club)).toEqual(before);
  });

  test.each([
    ['no key set', '{"keys":"none"}', /are no key set/],
    ['a key that is none', '{"keys":[{"kid":"one","kty":"RSA"}]}', /signing key one… is unreadable/],
  ])('that are malformed (%s) end the run before anything is minted', async (_, body, says) => {
    const { club, wire } = await syncedClub(3);
    const before = await stateOf(club);
    const change = (answer: Answer) => ({ ...answer, body: Buffer.from(body) });
    wire.addFault('fetch the keys', { kind: 'rewrite', change });

    const result = await wire.run();

    expectExit(result, 1);
    expect(logLines(result).at(-1)?.['message']).toMatch(says);
    expect(timesOf(wire, 'mint a token')).toBe(0);
    expect(await stateOf(club)).toEqual(before);
  });
});

test('a token that is taken for somebody else when it is tried: nothing is delivered', async () => {
  const { club, wire } = await syncedClub(3);
  const before = await stateOf(club);
  const change = (answer: Answer): Answer => ({
    ...answer,
    body: Buffer.from(answer.body.toString().replaceAll('system:serviceaccount:', 'system:serviceaccount:kube-')),
  });
  wire.addFault('try a token', { kind: 'rewrite', change });

  const result = await wire.run();

  expectExit(result, 1);
  expect(logLines(result).at(-1)?.['message']).toMatch(/takes the token of \S+ for system:serviceaccount:kube-/);
  expect(await stateOf(club)).toEqual(before);
});

const yearMs = 365 * day * 1_000;

describe.each([
  ['ahead', yearMs],
  ['behind', -yearMs],
])('a pod whose clock is a year %s', (_, aheadMs) => {
  const program = () =>
    bundleMutant({
      without: 'the right time',
      file: 'src/lib/clock.ts',
      text: 'now: () => Date.now()',
      replacement: `now: () => Date.now() + ${aheadMs}`,
    });

  test("delivers all the same: now is the API server's Date", async () => {
    const club = await useClub();
    club.api.seed(4);
    const startedAt = Date.now();

    const result = await club.run(['sync'], { program: await program(), env: { SCHEDULE: '0 15 * * *' } });

    expectExit(result, 0);
    expect(logLines(result).at(-1)).toMatchObject({ outcome: 'done', delivered: 4, gapSeconds: 0 });
    await expectWorkingTokens(club);
    const { acknowledgedAt } = await summaryOf(club);
    expect(Math.abs(acknowledgedAt - startedAt)).toBeLessThan(hour * 1_000);
    // Anyone who runs next, with the right clock, neither waits for that run's lock nor finds anything to do.
    expectExit(await club.run(['sync'], { env: { LOCK_WAIT: '0s' } }), 0);
  });

  test('waits as long as Retry-After says by the clock of the sender', async () => {
    const club = await useClub();
    club.api.seed(1);
    const wire = await openWire(club);
    const askedAt = new Map<WireStep, number[]>();
    wire.watch(({ step, at }) => {
      if (at === 'request') askedAt.set(step, [...(askedAt.get(step) ?? []), performance.now()]);
    });
    const change = (answer: Answer): Answer => {
      const theirNow = Date.now();
      const headers = { date: httpDate(theirNow), 'retry-after': httpDate(theirNow + 3_000) };
      return { status: 503, headers: { ...answer.headers, ...headers }, body: Buffer.from('{}') };
    };
    wire.addFault('mint a token', { kind: 'rewrite', change }, 1);
    wire.addFault('fetch the members', { kind: 'rewrite', change }, 1);

    expectExit(await wire.run(['sync'], { program: await program() }), 0);

    for (const step of ['mint a token', 'fetch the members'] as const) {
      const [first = 0, second = 0] = askedAt.get(step) ?? [];
      // A timer of Node's may fire a millisecond early.
      expect(second - first).toBeGreaterThan(2_990);
    }
  });
});

const httpDate = (ms: number) => new Date(ms).toUTCString();

const summarySchema = z.object({ data: z.object({ 'summary.json': z.string() }) });

async function summaryOf({ cluster }: Club): Promise<{ acknowledgedAt: number }> {
  const path = `/api/v1/namespaces/${cluster.systemNamespace}/configmaps/credentials-updater-summary`;
  const { data } = summarySchema.parse((await cluster.request('GET', path)).body);
  const { acknowledgedAt } = z.object({ acknowledgedAt: z.iso.datetime() }).parse(JSON.parse(data['summary.json']));
  return { acknowledgedAt: Date.parse(acknowledgedAt) };
}
