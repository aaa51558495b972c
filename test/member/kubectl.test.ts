/** kubectl with the plugin: the real kubectl, the real control plane, the real sync, the real PoolC API. */
import { chmod, chown, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { tokenReviewer } from '../accounts.ts';
import type { TestCluster } from '../cluster.ts';
import { filesUnder } from './computer.ts';
import { day, hour, type Membership, minute, useMembership } from './membership.ts';

/** The request for the member's token. */
const me = '/kubernetes/me';
const settable = { clock: 'settable' } as const;

describe('from nothing to a working kubectl', () => {
  test('it takes one login and one kubectl', async () => {
    const { sync, login, computer, club, asked, user, whoAmI } = await useMembership();
    const namespace = club.cluster.usersNamespace;
    await letMembersReadPods(club.cluster);
    await sync();

    const loggedIn = await login();
    const pods = await computer.kubectl('get', 'pods', '-n', namespace);

    expect(loggedIn).toMatchObject({ exitCode: 0, stderr: '' });
    expect(pods).toMatchObject({ exitCode: 0, stderr: `No resources found in ${namespace} namespace.\n` });
    expect(asked()).toEqual(['/kubernetes/cluster-info', '/login', me]);
    expect(await whoAmI()).toEqual({ user, stderr: '' });
  });

  test('a login before the first run says so, and kubectl works after the run without another', async () => {
    const { sync, login, user, whoAmI } = await useMembership();

    const early = await login();
    expect(early.exitCode).toBe(0);
    expect(early.stdout).toContain('PoolC holds no token for you: tokens are issued to active members only');
    expect(early.stdout).not.toContain('yet');
    expect(await whoAmI()).toEqual({
      user: undefined,
      stderr: expect.stringContaining('issued to active members only'),
    });

    await sync();
    expect(await whoAmI()).toEqual({ user, stderr: '' });
  });
});

describe('the cached token', () => {
  test('is used for 5 minutes without asking PoolC, and then PoolC is asked first', async () => {
    const { sync, login, pass, asked, user, whoAmI } = await useMembership(settable);
    await sync();
    await login();
    asked();

    await pass(5 * minute - 20_000);
    for (const _ of [1, 2, 3]) expect(await whoAmI()).toEqual({ user, stderr: '' });
    expect(asked()).toEqual([]);

    await pass(30_000);
    expect(await whoAmI()).toEqual({ user, stderr: '' });
    expect(asked()).toEqual([me]);
    expect(await whoAmI()).toEqual({ user, stderr: '' });
    expect(asked()).toEqual([]);
  });

  test('outlives a sync until it is old, and is then replaced by the new one', async () => {
    const membership = await useMembership(settable);
    const { sync, login, pass, asked, user, whoAmI, club, member } = membership;
    await sync();
    await login();
    const first = club.api.storedTokens().get(member.uuid);
    await sync();
    const second = club.api.storedTokens().get(member.uuid);
    asked();

    expect(await whoAmI()).toEqual({ user, stderr: '' });
    expect([asked(), await cachedToken(membership)]).toEqual([[], first]);

    await pass(6 * minute);
    expect(await whoAmI()).toEqual({ user, stderr: '' });
    expect([asked(), await cachedToken(membership)]).toEqual([[me], second]);
    expect(second).not.toBe(first);
  });

  test('after a revocation fails at most one command', async () => {
    const membership = await useMembership();
    const { sync, login, asked, user, whoAmI, club } = membership;
    await sync();
    await login();
    expect(await whoAmI()).toEqual({ user, stderr: '' });
    const revoked = await cachedToken(membership);
    await club.cluster.kubectl(['delete', 'serviceaccount', 'kim', '-n', club.cluster.usersNamespace]);
    await sync();
    await untilRefused(club.cluster, revoked);
    asked();

    await whoAmI();
    expect(await whoAmI()).toEqual({ user, stderr: '' });
    expect(asked()).toEqual([me]);
  });

  test('that the cluster refuses makes a kubectl ask PoolC once, also when PoolC has no other', async () => {
    const membership = await useMembership();
    const { sync, login, asked, computer, club } = membership;
    await sync();
    await login();
    await club.cluster.kubectl(['delete', 'serviceaccount', 'kim', '-n', club.cluster.usersNamespace]);
    await untilRefused(club.cluster, await cachedToken(membership));
    asked();

    const { exitCode, stderr } = await computer.kubectl('get', 'namespaces');

    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('You must be logged in to the server');
    expect(asked()).toEqual([me]);
  });

  test('serves in silence while PoolC is down, with a word on its last day, and no longer', async () => {
    const { sync, login, pass, user, whoAmI, club } = await useMembership(settable);
    await sync();
    await login();
    await club.api.close();

    await pass(10 * minute);
    expect(await whoAmI()).toEqual({ user, stderr: '' });
    await pass(6 * day + 2 * hour);
    expect(await whoAmI()).toEqual({
      user,
      stderr: expect.stringMatching(
        /^credentials-updater: PoolC \(.*\) can't be reached: nothing listens there; the token at hand works for another 21h\d+m at most\n/,
      ),
    });
    await pass(day);
    expect(await whoAmI()).toEqual({
      user: undefined,
      stderr: expect.stringMatching(
        /^credentials-updater: PoolC \(.*\) can't be reached: nothing listens there\n {2}what to do: is this computer online/,
      ),
    });
  });

  test('is safe with many kubectls at once', async () => {
    const { sync, login, pass, user, whoAmI, computer } = await useMembership(settable);
    await sync();
    await login();
    await pass(6 * minute);

    const answers = await Promise.all(Array.from({ length: 6 }, () => whoAmI()));

    expect(answers).toEqual(Array.from({ length: 6 }, () => ({ user, stderr: '' })));
    const names = [...(await filesUnder(computer.tokens)).keys()];
    expect(names.filter((name) => !/^pks\/(token|given-to-\d+)\.json$/.test(name))).toEqual([]);
  });

  test('is not needed: from a home that is read-only each kubectl gets a token', async () => {
    const { sync, login, user, computer, asked } = await useMembership();
    await sync();
    await login();
    await computer.run('rm', ['-r', path.join(computer.home, '.cache')]);
    const before = [...(await filesUnder(computer.home)).keys()];
    const reader = await makeReadOnly(computer.home);
    asked();

    for (const _ of [1, 2]) {
      const whoAmI = await computer.run(
        'kubectl',
        ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'],
        reader,
      );
      expect(whoAmI).toEqual({ exitCode: 0, stdout: user, stderr: '' });
    }

    expect(asked()).toEqual([me, me]);
    expect([...(await filesUnder(computer.home)).keys()]).toEqual(before);
  });
});

describe('when there is nothing to give', () => {
  test('an expired login is told while the last token still works, and in clear words after that', async () => {
    const { sync, login, pass, user, whoAmI, asked } = await useMembership({
      ...settable,
      api: { sessionSeconds: 3_600 },
    });
    await sync();
    await login();

    await pass(3 * hour);
    expect(await whoAmI()).toEqual({
      user,
      stderr: expect.stringMatching(
        /^credentials-updater: your login to PoolC has expired \(2h ago\); the token at hand works for another 6d2[01]h at most\n {2}what to do: log in again: credentials-updater login --name pks\n$/,
      ),
    });
    await pass(7 * day);
    expect(await whoAmI()).toEqual({
      user: undefined,
      stderr: expect.stringMatching(
        /^credentials-updater: your login to PoolC has expired \(7d2h ago\)\n {2}what to do: log in again: credentials-updater login --name pks\n/,
      ),
    });
    expect(await login()).toMatchObject({ exitCode: 0 });
    expect(asked()).toContain('/login');
  });

  test('who has left the club is told so, and the old token is not tried again and again', async () => {
    const membership = await useMembership();
    const { sync, login, whoAmI, club, member, asked } = membership;
    await sync();
    await login();
    const token = await cachedToken(membership);
    club.api.setActive(member.uuid, false);
    await sync();
    await untilRefused(club.cluster, token);
    asked();

    const { user, stderr } = await whoAmI();

    expect(user).toBeUndefined();
    expect(stderr).toContain('PoolC holds no token for you any more: you are no longer listed as an active member');
    expect(stderr).not.toContain('the token at hand works');
    expect(asked()).toEqual([me]);
  });

  test('whose account is gone from the site is told so', async () => {
    const membership = await useMembership(settable);
    const { sync, login, pass, whoAmI, club, member } = membership;
    await sync();
    await login();
    const token = await cachedToken(membership);
    club.api.removeMember(member.uuid);
    await sync();
    await untilRefused(club.cluster, token);

    await pass(6 * minute);
    const { user, stderr } = await whoAmI();

    expect(user).toBeUndefined();
    expect(stderr).toContain('PoolC no longer accepts your login, though it has not expired');
    expect(stderr).toContain('your account is gone, as it is for members who left the club');
  });

  test('an expired token from the site means that the delivery is late: said once a request, with no other', async () => {
    const { club, login, pass, computer, asked } = await useMembership(settable);
    expect(await club.run(['sync'], { env: { TOKEN_LIFETIME: '10m' } })).toMatchObject({ exitCode: 0 });
    await login();
    await pass(13 * minute);
    asked();

    const token = await computer.updater(['get-token', '--name', 'pks']);

    expect(token).toMatchObject({ exitCode: 1, stdout: '' });
    expect(token.stderr).toMatch(
      /^credentials-updater: the token that PoolC has for you expired \d+m(\d+s)? ago: the delivery of new tokens is late\n {2}what to do: tell the operators/,
    );
    expect(asked()).toEqual([me]);
  });
});

describe('week after week', () => {
  test('one login lasts for three weekly runs, each kubectl with the token of the week', async () => {
    // The site's JWT lasts ten days, the tokens seven; each is renewed in time. The clock of computer and site is moved,
    // the API server's cannot be: its tokens live from the real time of the run, so that a week here is two days.
    const week = 2 * day;
    const membership = await useMembership({ ...settable, api: { sessionSeconds: (5 * week) / 4 / 1_000 } });
    const { sync, login, pass, user, whoAmI, asked, club, member } = membership;
    await sync();
    await login();
    asked();

    const seen = new Set<string | undefined>();
    for (const _ of [1, 2, 3]) {
      await pass(week / 2);
      expect(await whoAmI()).toEqual({ user, stderr: '' });
      await sync();
      await pass(week / 2);
      expect(await whoAmI()).toEqual({ user, stderr: '' });
      expect(await cachedToken(membership)).toBe(club.api.storedTokens().get(member.uuid));
      seen.add(await cachedToken(membership));
    }
    expect(seen.size).toBe(3);
    expect(asked()).not.toContain('/login');
  });
});

describe('several clusters', () => {
  test('live side by side on one computer, each with its own login, token and context', async () => {
    const pks = await useMembership();
    const lab = await useMembership({ clusterName: 'lab', computer: pks.computer });
    for (const { sync, login } of [pks, lab]) {
      await sync();
      expect(await login()).toMatchObject({ exitCode: 0 });
    }

    expect(await pks.whoAmI('--context', 'pks')).toEqual({ user: pks.user, stderr: '' });
    expect(await lab.whoAmI('--context', 'lab')).toEqual({ user: lab.user, stderr: '' });
    expect(pks.user).not.toBe(lab.user);

    const { updater } = pks.computer;
    expect(await updater(['logout'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('lab, pks') });
    expect(await updater(['logout', '--name', 'lab'])).toMatchObject({ exitCode: 0 });
    expect(await lab.whoAmI('--context', 'lab')).toMatchObject({ user: undefined });
    expect(await pks.whoAmI('--context', 'pks')).toEqual({ user: pks.user, stderr: '' });
  });
});

async function cachedToken({ computer }: Membership): Promise<string | undefined> {
  return /"token":"([^"]+)"/.exec(await readFile(path.join(computer.tokens, 'pks/token.json'), 'utf8'))?.[1];
}

/** The API server's authenticator remembers a success for about 10 s. */
async function untilRefused(cluster: TestCluster, token: string | undefined): Promise<void> {
  const whoIs = tokenReviewer(cluster);
  await expect.poll(() => whoIs(token ?? ''), { timeout: 30_000, interval: 250 }).toBeUndefined();
}

async function letMembersReadPods({ kubectl, usersNamespace: namespace }: TestCluster): Promise<void> {
  const group = `system:serviceaccounts:${namespace}`;
  const role = ['create', 'role', 'pod-reader', '--verb=list', '--resource=pods', '-n', namespace];
  expect(await kubectl(role)).toMatchObject({ exitCode: 0 });
  const binding = ['create', 'rolebinding', 'pod-readers', '--role=pod-reader', `--group=${group}`, '-n', namespace];
  expect(await kubectl(binding)).toMatchObject({ exitCode: 0 });
  const canI = ['auth', 'can-i', 'list', 'pods', '-n', namespace, '--as=anybody', `--as-group=${group}`];
  await expect.poll(async () => (await kubectl(canI)).stdout, { timeout: 20_000 }).toBe('yes\n');
}

/** @returns how to run a program that can read this folder and not write to it; root could */
async function makeReadOnly(folder: string): Promise<{ uid?: number }> {
  const asRoot = process.getuid?.() === 0;
  const uid = 65_534;
  await chmod(path.dirname(folder), 0o755);
  for (const [name] of await filesUnder(folder)) {
    const file = path.join(folder, name);
    for (let entry = file; entry.startsWith(folder); entry = path.dirname(entry)) {
      if (asRoot) await chown(entry, uid, uid);
      await chmod(entry, entry === file ? 0o400 : 0o500);
    }
  }
  return asRoot ? { uid } : {};
}
