import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { ClusterInfo } from './index.ts';
import { startPoolcApi } from './index.ts';
import { readOpenApiDocument } from './openapi-contract.ts';
import {
  ask,
  bearer,
  contract,
  deliver,
  json,
  keyOf,
  listed,
  listMembers,
  logIn,
  ownToken,
  poolcApi,
  proxyAnswers,
  siteJwt,
} from './test-client.ts';

const cluster: ClusterInfo = {
  name: 'pks',
  server: 'https://pks.example.org:6443',
  certificateAuthority: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
};

const invalidKey = { message: 'Invalid API key' };

describe('the list of members', () => {
  test('holds every active member with UUID and login id, null included, and nobody else', async () => {
    const api = await poolcApi();
    await api.addMember({ uuid: 'a', loginId: 'Kim' });
    await api.addMember({ uuid: 'b', loginId: null });
    await api.addMember({ uuid: 'c', loginId: 'gone', active: false });

    const answer = await listMembers(api);

    expect(answer.status).toBe(200);
    const byUuid = listed(answer).toSorted((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
    expect(byUuid).toEqual([
      { member_uuid: 'a', login_id: 'Kim' },
      { member_uuid: 'b', login_id: null },
    ]);
  });

  test('is empty, not an error, when nobody is a member', async () => {
    expect(listed(await listMembers(await poolcApi()))).toEqual([]);
  });

  test('comes in no particular order', async () => {
    const api = await poolcApi();
    api.seed(200);
    expect(listed(await listMembers(api))).not.toEqual(listed(await listMembers(api)));
  });

  test('follows who joins, leaves, pauses and is renamed', async () => {
    const api = await poolcApi();
    const { uuid } = await api.addMember({ loginId: 'before' });
    api.rename(uuid, 'after');
    expect(listed(await listMembers(api))).toEqual([{ member_uuid: uuid, login_id: 'after' }]);
    api.setActive(uuid, false);
    expect(listed(await listMembers(api))).toEqual([]);
    api.setActive(uuid, true);
    api.removeMember(uuid);
    expect(listed(await listMembers(api))).toEqual([]);
    expect(() => api.removeMember(uuid)).toThrow(uuid);
  });

  test('tells login ids apart by case, and lets nobody have one twice or one of 41 characters', async () => {
    const api = await poolcApi();
    await api.addMember({ loginId: 'kim' });
    await api.addMember({ loginId: 'Kim' });
    await expect(api.addMember({ loginId: 'kim' })).rejects.toThrow('UNIQUE');
    await expect(api.addMember({ loginId: '가'.repeat(41) })).rejects.toThrow('41');
    await api.addMember({ loginId: '🦭'.repeat(40) });
    expect(listed(await listMembers(api))).toHaveLength(3);
  });
});

describe('a delivery', () => {
  test('replaces every stored token, and stores those of unknown UUIDs', async () => {
    const api = await poolcApi();
    await deliver(api, '{"a":"first","b":"second"}');

    const answer = await deliver(api, '{"b":"third","of nobody":"fourth"}');

    expect(answer.status).toBe(200);
    expect(answer.text).toBe('');
    expect(Object.fromEntries(api.storedTokens())).toEqual({ b: 'third', 'of nobody': 'fourth' });
  });

  test('of an empty map wipes all tokens', async () => {
    const api = await poolcApi();
    await deliver(api, '{"a":"first"}');
    expect((await deliver(api, '{}')).status).toBe(200);
    expect(api.storedTokens().size).toBe(0);
  });

  test('with a null in it is answered 500 and changes nothing', async () => {
    const api = await poolcApi();
    await deliver(api, '{"a":"kept"}');
    expect((await deliver(api, '{"b":"new","a":null}')).status).toBe(500);
    expect(Object.fromEntries(api.storedTokens())).toEqual({ a: 'kept' });
    expect(api.deliveries()).toHaveLength(1);
  });

  test.each([
    ['', 'nothing'],
    ['{"a":"new"', 'truncated JSON'],
    ['{"a":"new"}{"a":"newer"}', 'two maps'],
    ['[{"a":"new"}]', 'a list'],
    ['["a"]', 'a list of strings'],
    ['null', 'null'],
    ['"a"', 'a string'],
    ['{"a":{"token":"new"}}', 'nested objects'],
    ['{"a":7}', 'a number for a token'],
    ['<html></html>', 'HTML'],
  ])('of %s (%s) is answered 400 and changes nothing', async (body) => {
    const api = await poolcApi();
    await deliver(api, '{"a":"kept"}');
    const answer = await deliver(api, body);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('new');
    expect(Object.fromEntries(api.storedTokens())).toEqual({ a: 'kept' });
  });

  test('that is not declared as JSON is answered 415', async () => {
    const api = await poolcApi();
    const headers = { ...keyOf(api), 'Content-Type': 'text/plain' };
    expect((await ask(api, 'POST', '/kubernetes/', { headers, body: '{}' })).status).toBe(415);
  });

  test('whose sender goes away in the middle changes nothing', async () => {
    const answered = Promise.withResolvers<number>();
    const api = await poolcApi({ onAnswer: ({ status }) => answered.resolve(status) });
    const { hostname, port } = new URL(api.url);
    const sending = httpRequest({
      hostname,
      port,
      method: 'POST',
      path: '/kubernetes/',
      headers: { ...keyOf(api), ...json, 'Content-Length': 1_000 },
    });
    sending.on('error', () => {});
    await new Promise((sent) => sending.write('{"a":"new"}', sent));
    sending.destroy();
    expect(await answered.promise).toBe(499);
    expect(api.deliveries()).toEqual([]);
    expect(api.storedTokens().size).toBe(0);
  });

  test('is kept in the history by time, count and sum, without its tokens', async () => {
    const api = await poolcApi({ now: () => 1_700_000_000_000 });
    const body = JSON.stringify({ a: 'one', b: 'two' });
    await deliver(api, body);
    await deliver(api, '{}');
    const sum = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(api.deliveries()).toEqual([
      { at: 1_700_000_000_000, entries: 2, sha256: sum(body) },
      { at: 1_700_000_000_000, entries: 0, sha256: sum('{}') },
    ]);
  });

  test('is never mixed with another one that arrives at the same time', async () => {
    const api = await poolcApi();
    const mapOf = (token: string) =>
      Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`${token}${n}`, token]));
    await Promise.all(['one', 'two', 'three'].map((token) => deliver(api, JSON.stringify(mapOf(token)))));
    const [first = ''] = api.storedTokens().values();
    expect(Object.fromEntries(api.storedTokens())).toEqual(mapOf(first));
    expect(api.deliveries()).toHaveLength(3);
  });

  test('of 50,000 tokens, 50 MB, is stored whole', async () => {
    const api = await poolcApi({ limits: {} });
    const tokens = new Map(Array.from({ length: 50_000 }, (_, n) => [`member ${n}`, `${n}.`.padEnd(1_000, 'x')]));
    const body = JSON.stringify(Object.fromEntries(tokens));
    expect(body.length).toBeGreaterThan(50e6);
    expect((await deliver(api, body)).status).toBe(200);
    const stored = api.storedTokens();
    expect(stored.size).toBe(50_000);
    expect([...tokens].every(([uuid, token]) => stored.get(uuid) === token)).toBe(true);
  });
});

describe('the API key', () => {
  test.each(['GET', 'POST'])('of a %s that is wrong or missing is answered 400', async (method) => {
    const api = await poolcApi();
    const body = method === 'POST' ? { body: '{"a":"stolen"}' } : {};
    const wrong = await ask(api, method, '/kubernetes/', { headers: { 'X-API-KEY': 'wrong', ...json }, ...body });
    const missing = await ask(api, method, '/kubernetes/', { headers: json, ...body });
    expect([wrong.status, JSON.parse(wrong.text)]).toEqual([400, invalidKey]);
    expect(missing.status).toBe(400);
    expect(api.storedTokens().size).toBe(0);
  });

  test('is random unless given', async () => {
    const [one, other, given] = await Promise.all([poolcApi(), poolcApi(), poolcApi({ apiKey: 'given' })]);
    expect(one.apiKey).not.toBe(other.apiKey);
    expect(given.apiKey).toBe('given');
  });
});

test.each([
  ['GET', '/kubernetes', 404],
  ['POST', '/kubernetes', 404],
  ['GET', '/kubernetes/me/', 404],
  ['GET', '/Kubernetes/', 404],
  ['GET', '/favicon.ico', 404],
  ['PUT', '/kubernetes/', 405],
  ['DELETE', '/kubernetes/', 405],
  ['GET', '/login', 405],
])('%s %s is answered %i, with the right key too', async (method, path, status) => {
  const api = await poolcApi();
  const body = method === 'POST' ? { body: '{}' } : {};
  expect((await ask(api, method, path, { headers: { ...keyOf(api), ...json }, ...body })).status).toBe(status);
});

describe('a member on the site', () => {
  test('logs in and sees the token that was delivered last, until a delivery leaves them out', async () => {
    const api = await poolcApi();
    const { uuid, password } = await api.addMember({ loginId: '풀씨' });
    const jwt = await siteJwt(api, '풀씨', password);
    expect((await ownToken(api, jwt)).status).toBe(404);
    await deliver(api, JSON.stringify({ [uuid]: 'older' }));
    await deliver(api, JSON.stringify({ [uuid]: 'newer' }));
    expect(JSON.parse((await ownToken(api, jwt)).text)).toEqual({ key: 'newer' });
    await deliver(api, '{}');
    expect((await ownToken(api, jwt)).status).toBe(404);
  });

  test('may have a password of their own', async () => {
    const api = await poolcApi();
    const { uuid } = await api.addMember({ loginId: 'kim', password: '비밀번호 1' });
    expect((await logIn(api, 'kim', '비밀번호 1')).status).toBe(200);
    expect((await logIn(api, 'kim', api.initialPassword(uuid))).status).toBe(401);
  });

  test('is turned away with a wrong password, a login id in another case, or none', async () => {
    const api = await poolcApi();
    const kim = await api.addMember({ loginId: 'kim' });
    const nameless = await api.addMember({ loginId: null });
    expect((await logIn(api, 'kim', 'wrong')).status).toBe(401);
    expect((await logIn(api, 'Kim', kim.password)).status).toBe(401);
    expect((await logIn(api, '', nameless.password)).status).toBe(401);
    expect((await logIn(api, null, nameless.password)).status).toBe(400);
    expect((await ask(api, 'POST', '/login', { headers: json, body: '{"loginID":' })).status).toBe(400);
    expect((await ask(api, 'POST', '/login', { headers: json, body: ' '.repeat(100_000) })).status).toBe(400);
    expect((await ask(api, 'POST', '/login', { body: 'loginID=kim' })).status).toBe(415);
  });

  test('stays logged in for the time of a session, and longer by a new JWT for the old', async () => {
    let now = 1_700_000_000_000;
    const api = await poolcApi({ now: () => now, sessionSeconds: 60 });
    const { uuid, password } = await api.addMember({ loginId: 'kim' });
    await deliver(api, JSON.stringify({ [uuid]: 'token' }));
    const first = await siteJwt(api, 'kim', password);
    now += 50_000;
    const renewed = await ask(api, 'POST', '/login/token', bearer(first));
    const second = z.object({ accessToken: z.string() }).parse(JSON.parse(renewed.text)).accessToken;
    now += 50_000;
    expect((await ownToken(api, first)).status).toBe(401);
    expect((await ask(api, 'POST', '/login/token', bearer(first))).status).toBe(401);
    expect((await ownToken(api, second)).status).toBe(200);
  });

  test('sees nothing without a JWT, with one of another site, or once the account is gone', async () => {
    const [api, other] = await Promise.all([poolcApi(), poolcApi()]);
    const here = await api.addMember({ uuid: 'same', loginId: 'kim' });
    const there = await other.addMember({ uuid: 'same', loginId: 'kim' });
    await deliver(api, '{"same":"token"}');
    expect((await ask(api, 'GET', '/kubernetes/me')).status).toBe(401);
    expect((await ownToken(api, 'nonsense')).status).toBe(401);
    expect((await ownToken(api, await siteJwt(other, 'kim', there.password))).status).toBe(401);
    const jwt = await siteJwt(api, 'kim', here.password);
    expect((await ownToken(api, jwt)).status).toBe(200);
    api.removeMember('same');
    expect((await ownToken(api, jwt)).status).toBe(401);
  });
});

test('the public description of the cluster is what the server was given, in https and PEM', async () => {
  const api = await poolcApi();
  expect((await ask(api, 'GET', '/kubernetes/cluster-info')).status).toBe(404);
  api.describeCluster(cluster);
  expect(JSON.parse((await ask(api, 'GET', '/kubernetes/cluster-info')).text)).toEqual(cluster);
  expect(() => api.describeCluster({ ...cluster, server: 'http://pks.example.org' })).toThrow('https');
  expect(() => api.describeCluster({ ...cluster, name: '$(reboot)' })).toThrow('lower-case');
  expect(() => api.describeCluster({ ...cluster, certificateAuthority: 'none' })).toThrow('PEM');
});

test('the data file keeps members, tokens, logins and history across a restart', async () => {
  const first = await startPoolcApi();
  onTestFinished(() => first.close());
  const second = await poolcApi({ database: first.database, apiKey: first.apiKey });
  const { uuid, password } = await second.addMember({ loginId: 'kim' });
  const jwt = await siteJwt(second, 'kim', password);
  await deliver(second, JSON.stringify({ [uuid]: 'token' }));
  await second.close();

  const third = await poolcApi({ database: first.database });

  expect(third.members()).toEqual([{ uuid, loginId: 'kim', active: true }]);
  expect(third.deliveries()).toHaveLength(1);
  expect(JSON.parse((await ownToken(third, jwt)).text)).toEqual({ key: 'token' });
  expect((await logIn(third, 'kim', password)).status).toBe(200);
});

test('a replaced token is nowhere in the data file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'poolc-api-test-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const api = await poolcApi({ database: join(directory, 'poolc.db') });
  await deliver(api, '{"a":"the-older-token"}');
  await deliver(api, '{"a":"the-newer-token"}');
  await api.close();
  expect(await readdir(directory)).toEqual(['poolc.db']);
  const content = await readFile(api.database, 'latin1');
  expect(content).toContain('the-newer-token');
  expect(content).not.toContain('the-older-token');
  expect((await stat(api.database)).mode & 0o777).toBe(0o600);
});

test('a data file of its own goes when the server is closed', async () => {
  const api = await poolcApi();
  await api.close();
  await expect(stat(dirname(api.database))).rejects.toThrow('ENOENT');
});

describe('openapi.yaml', () => {
  test('is a valid OpenAPI 3.1 document', async () => {
    const validator = new Validator();
    expect(await validator.validate(readOpenApiDocument())).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  test('describes no answer that the tests above have not met, but for those of the proxy', async () => {
    await ask(await poolcApi(), 'GET', '/');
    expect(contract.unseen().toSorted((one, other) => one.localeCompare(other))).toEqual(proxyAnswers);
  });
});
