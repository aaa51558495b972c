/** The plugin by itself: what it prints, and what it makes of a site that answers badly, late or not at all. */
import { rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { readClaims } from '../../src/kube/token-claims.ts';
import { findLeaks } from '../leaks.ts';
import { filesUnder } from './computer.ts';
import { day, hour, minute, useMembership } from './membership.ts';

const me = '/kubernetes/me';
const settable = { clock: 'settable' } as const;
const getToken = ['get-token', '--name', 'pks'];

const credentialSchema = z.strictObject({
  apiVersion: z.literal('client.authentication.k8s.io/v1'),
  kind: z.literal('ExecCredential'),
  status: z.strictObject({ token: z.string(), expirationTimestamp: z.iso.datetime() }),
});

describe('the plugin', () => {
  test("prints the member's own token as an ExecCredential that ends with the token", async () => {
    const { sync, login, computer, club, member } = await useMembership();
    await sync();
    await login();

    const { exitCode, stdout, stderr } = await computer.updater(getToken);

    expect([exitCode, stderr]).toEqual([0, '']);
    const { status } = credentialSchema.parse(JSON.parse(stdout));
    expect(status.token).toBe(club.api.storedTokens().get(member.uuid));
    expect(Date.parse(status.expirationTimestamp)).toBe(readClaims(status.token).expiresAt * 1_000);
  });

  test('fetches afresh once for a parent that asks again for the token it was just given', async () => {
    const { sync, login, computer, asked } = await useMembership();
    await sync();
    await login();
    asked();

    const requests: number[] = [];
    for (const _ of [1, 2, 3, 4]) {
      await computer.updater(getToken);
      requests.push(asked().length);
    }
    expect(requests).toEqual([0, 1, 0, 0]);
  });

  test('speaks client.authentication.k8s.io/v1 and says so to a kubeconfig that asks for another version', async () => {
    const { sync, login, computer } = await useMembership();
    await sync();
    await login();
    const asking = (apiVersion: string) =>
      computer.updater(getToken, {
        env: { KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential' }) },
      });

    expect(await asking('client.authentication.k8s.io/v1')).toMatchObject({ exitCode: 0 });
    const older = await asking('client.authentication.k8s.io/v1beta1');
    expect(older).toMatchObject({ exitCode: 2, stdout: '' });
    expect(older.stderr).toContain(
      'client.authentication.k8s.io/v1beta1; this plugin speaks client.authentication.k8s.io/v1',
    );
  });

  test('asked for a cluster that was never logged in to, says which command does that', async () => {
    const { computer } = await useMembership();
    for (const args of [['get-token'], getToken, ['logout'], ['login']]) {
      const { exitCode, stderr } = await computer.updater(args);
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringMatching(
          /^credentials-updater: you have not logged in to .*\n {2}what to do: run the command that the club's site shows: credentials-updater login --cluster/,
        ),
      ]);
    }
    for (const name of ['../pks', 'PKS', '']) {
      expect(await computer.updater(['get-token', '--name', name])).toMatchObject({ exitCode: 2, stdout: '' });
    }
  });

  test('leaves no token behind when the member logs out while it waits for PoolC', async () => {
    const { sync, login, computer, club } = await useMembership();
    await sync();
    await login();
    await rm(computer.tokens, { recursive: true });
    club.api.delayAnswers(4_000);
    const underWay = computer.updater(getToken);
    await sleep(2_000);
    expect(await computer.updater(['logout'])).toMatchObject({ exitCode: 0 });

    expect(await underWay).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('you logged out of pks') });

    const files = await filesUnder(computer.home);
    expect([...files.values()].flatMap(({ text }) => findLeaks(text, []))).toEqual([]);
  });

  test('waits for a silent PoolC once, and then leaves it alone for a while', async () => {
    const { sync, login, pass, club, asked, whoAmI, user } = await useMembership(settable);
    await sync();
    await login();
    await pass(6 * minute);
    club.api.delayAnswers(hour);
    asked();

    for (const _ of [1, 2, 3]) expect(await whoAmI()).toEqual({ user, stderr: '' });
    await expect.poll(asked).toEqual([me]);

    club.api.delayAnswers(0);
    await pass(31_000);
    expect(await whoAmI()).toEqual({ user, stderr: '' });
    expect(asked()).toEqual([me]);
  });
});

describe('a site that answers badly', () => {
  const html: RequestListener = (_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>');
  const status =
    (code: number): RequestListener =>
    (_, response) =>
      response.writeHead(code, { location: 'http://elsewhere.example/' }).end('{"message":"no\\u001b[2J"}');
  const bad: [string, RequestListener, RegExp][] = [
    ['with a web page', html, /answered .* with something that is not PoolC's JSON/],
    ['with other JSON', (_, response) => response.end('{"key":7}'), /something that is not PoolC's JSON/],
    [
      'with something that is no token',
      (_, response) => response.end('{"key":"hello"}'),
      /PoolC has something for you that is not a token/,
    ],
    ['with 500', status(500), /answered .* with 500: no/],
    ['with 429', status(429), /with 429: no.*\n {2}what to do: too many requests/],
    ['with 301', status(301), /sends .* on to http:\/\/elsewhere\.example\/; it is not followed/],
    [
      'with more than anybody needs',
      (_, response) => response.end('x'.repeat(2 * 1024 * 1024)),
      /is larger than 1 MiB/,
    ],
    ['by hanging up', (request) => request.destroy(), /the connection was reset|can't be reached/],
  ];

  test.each(bad)('%s: the last token serves, and without one the failure is clear', async (_, answer, message) => {
    const { sync, login, pass, club, computer } = await useMembership(settable);
    await sync();
    await login();
    const port = Number(new URL(club.api.url).port);
    await club.api.close();
    await listen(port, answer);

    await pass(10 * minute);
    const served = await computer.updater(getToken);
    expect(served.exitCode).toBe(0);
    expect(credentialSchema.safeParse(JSON.parse(served.stdout)).success).toBe(true);

    await pass(7 * day);
    const failed = await computer.updater(getToken);
    expect([failed.exitCode, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr).toMatch(message);
    expect(failed.stderr).not.toMatch(/ at .*:\d+:\d+/);
    expect(stripVTControlCharacters(failed.stderr)).toBe(failed.stderr);
  });
});

/** A server that ends with the test. */
async function listen(port: number, answer: RequestListener): Promise<void> {
  const server = createServer(answer);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
  await promise;
}
