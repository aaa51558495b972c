/** `revoke`: access taken away at once by an operator, with and without the directory. */
import { execFile } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../dev/control-plane/testing.ts';
import { defaultSyncName, holdsName } from '../src/registry/place.ts';
import { accountsOf, createAccount, expectWorkingTokens, tokenReviewer } from './accounts.ts';
import { type Club, useClub } from './club.ts';
import { bundledProgram, type RunningCommand } from './command.ts';
import { atTerminal } from './member/terminal.ts';
import { changeLease, lockHolder } from './promises/lease.ts';

const rejectedWithinMs = 30_000;

/** A club after its first sync, and the command as an operator types it. */
async function syncedClub(members: readonly string[]) {
  const club = await useClub();
  for (const loginId of members) await club.api.addMember({ loginId });
  expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
  const env = { KUBECONFIG: club.cluster.kubeconfig };
  const operator = (
    args: readonly string[],
    more: Record<string, string> = {},
    meanwhile: (running: RunningCommand) => Promise<void> = async () => {},
  ) => club.run(args, { env: { ...env, ...more }, onStart: (running) => void meanwhile(running) });
  return { club, operator };
}

function memberCalled({ api }: Club, loginId: string): { uuid: string; token: string } {
  const uuid = api.members().find((member) => member.loginId === loginId)?.uuid ?? '';
  return { uuid, token: api.storedTokens().get(uuid) ?? '' };
}

async function expectRejected(club: Club, token: string): Promise<void> {
  const whoIs = tokenReviewer(club.cluster);
  const giveUpAt = performance.now() + rejectedWithinMs;
  while ((await whoIs(token)) !== undefined) {
    if (performance.now() > giveUpAt) throw new Error('the token is still accepted after 30 s');
    await sleep(500);
  }
}

describe('revoke', () => {
  test('ends every token of that member within 30 s, and of nobody else', async () => {
    const { club, operator } = await syncedClub(['kim', 'lee']);
    const [kim, lee] = [memberCalled(club, 'kim'), memberCalled(club, 'lee')];
    const whoIs = tokenReviewer(club.cluster);
    expect(await whoIs(kim.token)).toContain(':kim');

    const result = await operator(['revoke', 'kim', '--yes']);

    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toContain('removed kim');
    expect(result.stdout).toContain('the next sync gives them a new account');
    await expectRejected(club, kim.token);
    expect(await whoIs(lee.token)).toContain(':lee');
  });

  test('says what survives it in their namespaces, with commands that show it, and deletes none of it', async () => {
    const { club, operator } = await syncedClub(['landlord', 'lee']);
    const { request } = club.cluster;
    // Namespaces are the whole cluster's, and kim is in other tests.
    const name = `${club.cluster.usersNamespace}--lab`;
    const create = async (path: string, object: object) =>
      expect((await request('POST', path, object)).status).toBe(201);
    const account = { 'kubernetes.io/service-account.name': 'robot' };
    await create('/api/v1/namespaces', { metadata: { name, labels: { 'poolc.org/owner': 'landlord' } } });
    await create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'robot' } });
    await create(`/api/v1/namespaces/${name}/secrets`, {
      metadata: { name: 'for-ever', annotations: account },
      type: 'kubernetes.io/service-account-token',
    });
    await create(`/apis/batch/v1/namespaces/${name}/cronjobs`, {
      metadata: { name: 'nightly' },
      spec: {
        schedule: '0 0 * * *',
        jobTemplate: {
          spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'none' }] } } },
        },
      },
    });

    const { stdout } = await operator(['revoke', 'landlord', '--yes', '--hold']);

    expect(stdout.replace(/\s+/g, ' ')).toMatch(/workloads, ServiceAccounts, and tokens of these in Secrets/);
    const commands = stdout.split('\n').filter((line) => line.startsWith('kubectl '));
    expect(commands).toHaveLength(2);
    const shown = await promisify(execFile)('sh', ['-c', commands.join(' && ')], {
      env: {
        PATH: [dirname(club.cluster.kubectlPath), process.env['PATH']].join(delimiter),
        KUBERC: 'off',
        KUBECONFIG: club.cluster.kubeconfig,
        HOME: await temporaryDirectory(),
      },
    });
    for (const found of ['serviceaccount/robot', 'cronjob.batch/nightly', 'for-ever'])
      expect(shown.stdout).toContain(found);
  });

  test('says which command lists their namespaces where it may not', async () => {
    const { club } = await syncedClub(['kim', 'lee']);
    // With the rights of the updater, which sees no namespace but its own two.
    const result = await club.run(['revoke', 'kim', '--yes']);
    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.stdout.replace(/\s+/g, ' ')).toMatch(
      /Which namespaces are kim's could not be seen: .* As an administrator, list them: kubectl .*get namespaces -l poolc\.org\/owner=kim/,
    );
  });

  test('asks first: without a terminal and --yes nothing is changed', async () => {
    const { club, operator } = await syncedClub(['kim']);
    const result = await operator(['revoke', 'kim']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('confirm with --yes');
    await expectWorkingTokens(club);
  });

  test('works with the directory down, by ServiceAccount name and by UUID', async () => {
    const { club, operator } = await syncedClub(['kim', 'lee']);
    const { uuid } = memberCalled(club, 'lee');
    const down = { POOLC_API_ENDPOINT: 'http://127.0.0.1:1' };

    expect(await operator(['revoke', 'kim', '--yes'], down)).toMatchObject({ exitCode: 0 });
    expect(await operator(['revoke', uuid.toUpperCase(), '--yes'], { POOLC_API_ENDPOINT: '' })).toMatchObject({
      exitCode: 0,
    });

    expect([...(await accountsOf(club.cluster)).keys()]).toEqual([]);
  });

  test('gives the old name back with the next sync, and a token that works', async () => {
    const { club, operator } = await syncedClub(['kim', 'lee']);
    const result = await operator(['revoke', 'kim', '--yes', '--sync']);
    expect(result).toMatchObject({ exitCode: 0 });
    expect((await accountsOf(club.cluster)).has('kim')).toBe(true);
    await expectWorkingTokens(club);
  });

  test('with --hold keeps the member out of every sync until --release', async () => {
    const { club, operator } = await syncedClub(['kim', 'lee']);
    const { uuid } = memberCalled(club, 'kim');

    expect((await operator(['revoke', 'kim', '--yes', '--hold'])).stdout).toContain('is held out');
    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    expect([...(await accountsOf(club.cluster)).keys()]).toEqual(['lee']);
    expect(club.api.storedTokens().has(uuid)).toBe(false);

    expect((await operator(['revoke', uuid, '--release'])).stdout).toContain('no longer held out');
    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    await expectWorkingTokens(club);
  });

  test('knows a hold whose UUID somebody wrote in capitals, and ends it', async () => {
    const { club, operator } = await syncedClub(['kim', 'lee']);
    const { uuid } = memberCalled(club, 'kim');
    await operator(['revoke', 'kim', '--yes', '--hold']);
    const place = { namespace: club.cluster.systemNamespace, name: defaultSyncName };
    const holds = `/api/v1/namespaces/${place.namespace}/configmaps/${holdsName(place)}`;
    const data = { [uuid]: null, [uuid.toUpperCase()]: '2026-01-02T03:04:05Z' };
    expect((await club.cluster.request('PATCH', holds, { data })).status).toBe(200);

    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    expect([...(await accountsOf(club.cluster)).keys()]).toEqual(['lee']);

    expect((await operator(['revoke', uuid, '--release'])).stdout).toContain('no longer held out');
    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    expect([...(await accountsOf(club.cluster)).keys()].toSorted()).toEqual(['kim', 'lee']);
  });

  test('keeps what operators put on the record of holds', async () => {
    const { club, operator } = await syncedClub(['kim', 'lee']);
    const place = { namespace: club.cluster.systemNamespace, name: defaultSyncName };
    const collection = `/api/v1/namespaces/${place.namespace}/configmaps`;
    const metadata = { name: holdsName(place), labels: { team: 'web' }, annotations: { why: 'spring cleaning' } };
    expect((await club.cluster.request('POST', collection, { metadata })).status).toBe(201);
    await operator(['revoke', 'kim', '--yes', '--hold']);
    const { body } = await club.cluster.request('GET', `${collection}/${holdsName(place)}`);
    expect(body).toMatchObject({ metadata, data: { [memberCalled(club, 'kim').uuid]: expect.any(String) } });
  });

  test('never takes an account that is not ours, nor guesses between two members', async () => {
    const { club, operator } = await syncedClub(['kim']);
    await createAccount(club.cluster, { name: 'builder' });
    expect(await operator(['revoke', 'builder', '--yes'])).toMatchObject({ exitCode: 2 });
    expect((await accountsOf(club.cluster)).has('builder')).toBe(true);

    // kim renames to `lee`, and a newcomer takes the login id that is kim's account name.
    club.api.rename(memberCalled(club, 'kim').uuid, 'lee');
    await club.api.addMember({ loginId: 'kim' });
    const result = await operator(['revoke', 'kim', '--yes']);
    expect(result).toMatchObject({ exitCode: 2 });
    expect(result.stderr).toContain('give the id of the one that you mean');
    expect((await accountsOf(club.cluster)).has('kim')).toBe(true);
  });

  test('waits for the run that is at work, and removes what that run created for the member meanwhile', async () => {
    const { club, operator } = await syncedClub(['kim']);
    const lee = await club.api.addMember({ loginId: 'lee' });
    await changeLease(club, { holderIdentity: 'another-pod' });

    const ended = operator(['revoke', 'lee', '--yes'], {}, async (running) => {
      await running.printed(/another run is at work \(another-pod, since .+\); waiting for it/);
      await createAccount(club.cluster, {
        name: 'lee',
        labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
        annotations: { 'credentials-updater/user-uuid': lee.uuid },
      });
      await changeLease(club, { holderIdentity: '' });
    });

    expect(await ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('removed lee:') });
    expect([...(await accountsOf(club.cluster)).keys()]).toEqual(['kim']);
    expect(await lockHolder(club)).toBe('');
  });

  test('that can not get the lock says who holds it since when, and removes nothing', async () => {
    const { club, operator } = await syncedClub(['kim']);
    await changeLease(club, { holderIdentity: 'another-pod', acquireTime: '2026-01-02T03:04:05.000000Z' });

    for (const args of [['--yes'], ['--yes', '--hold'], ['--release']]) {
      const result = await operator(['revoke', 'kim', ...args], { LOCK_WAIT: '1s' });
      expect(result).toMatchObject({ exitCode: 5, stdout: '' });
      expect(result.stderr).toContain('another run holds the lock: another-pod since 2026-01-02T03:04:05.000000Z');
    }
    await expectWorkingTokens(club);
    expect(await lockHolder(club)).toBe('another-pod');
  });

  test.each<[how: string, args: string[], directory: 'up' | 'down', says: RegExp]>([
    [
      'is in the directory',
      [],
      'up',
      /solo is still in the directory: the next sync gives them a new account and token/,
    ],
    [
      'is held out',
      ['--hold'],
      'up',
      /solo is held out: no sync gives access back until you run: .* revoke --release [0-9a-f-]{36} /,
    ],
    ['is held out, with the directory down', ['--hold'], 'down', /is held out: no sync gives access back/],
    ['may be in a directory that is down', [], 'down', /depends on the directory, which could not be asked/],
  ])('says what the next sync does for a member who %s, and that is what it does', async (_, args, directory, says) => {
    // Nobody else's: other tests leave namespaces of their kim on this control plane.
    const { club, operator } = await syncedClub(['solo', 'lee']);
    const down = { POOLC_API_ENDPOINT: 'http://127.0.0.1:1' };
    const result = await operator(['revoke', 'solo', '--yes', ...args], directory === 'up' ? {} : down);
    expect(result).toMatchObject({ exitCode: 0 });
    const text = result.stdout.replace(/\s+/g, ' ');
    expect(text).toMatch(says);
    expect(text).toContain('The site shows the dead token until the next sync');
    expect(text).toContain("No namespace is solo's");

    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });

    expect((await accountsOf(club.cluster)).has('solo')).toBe(!args.includes('--hold'));
  });

  test('says of a leaver that no sync gives access back', async () => {
    const { club, operator } = await syncedClub(['kim', 'lee', 'park', 'choi']);
    club.api.setActive(memberCalled(club, 'kim').uuid, false);
    const result = await operator(['revoke', 'kim', '--yes']);
    expect(result.stdout).toContain('kim is not in the directory, so no sync gives access back');
  });

  test('--release says what the next sync does, also for who was not held out', async () => {
    const { club, operator } = await syncedClub(['kim', 'lee', 'park', 'choi']);
    const { uuid } = memberCalled(club, 'kim');
    expect((await operator(['revoke', 'kim', '--release'])).stdout).toContain(`kim (${uuid}) was not held out`);
    for (const [active, endpoint, says] of [
      [true, club.env['POOLC_API_ENDPOINT'], 'the next sync gives access back'],
      [false, club.env['POOLC_API_ENDPOINT'], 'the directory does not list them, so no sync gives access back'],
      [true, '', 'the next sync gives access back if the directory lists them'],
    ] as const) {
      club.api.setActive(uuid, true);
      expect(await operator(['revoke', uuid, '--yes', '--hold'])).toMatchObject({ exitCode: 0 });
      club.api.setActive(uuid, active);
      const released = await operator(['revoke', uuid, '--release'], { POOLC_API_ENDPOINT: endpoint ?? '' });
      expect(released.stdout.replace(/\s+/g, ' ')).toContain(`is no longer held out; ${says}`);
    }
  });

  test('with --sync and the directory down has revoked, and says that nothing was delivered', async () => {
    const { club, operator } = await syncedClub(['kim', 'lee']);
    const before = club.api.storedTokens();
    const { uuid, token } = memberCalled(club, 'kim');
    const result = await operator(['revoke', uuid, '--yes', '--sync'], {
      POOLC_API_ENDPOINT: 'http://127.0.0.1:1',
      RUN_DEADLINE: '15s',
    });
    expect(result).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('removed kim') });
    expect(club.api.storedTokens()).toEqual(before);
    await expectRejected(club, token);
  });

  test('does not take --hold and --release together', async () => {
    const { club, operator } = await syncedClub(['kim']);
    const result = await operator(['revoke', 'kim', '--hold', '--release']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('--hold and --release contradict each other');
    await expectWorkingTokens(club);
  });

  test.each([
    ['y\r', 0, /removed kim/],
    ['n\r', 2, /not confirmed; nothing was changed/],
    ['\r', 2, /not confirmed; nothing was changed/],
    ['\u0003', 130, /stopped at the question; nothing was changed/],
    ['\u0004', 130, /stopped at the question; nothing was changed/],
  ])('on a terminal asks, naming the account: %j ends with %i', async (typed, exitCode, says) => {
    const { club } = await syncedClub(['kim']);
    const { uuid } = memberCalled(club, 'kim');
    const env = { ...club.env, KUBECONFIG: club.cluster.kubeconfig, PATH: process.env['PATH'] ?? '' };
    const command = `stty cols 200; '${process.execPath}' '${bundledProgram}' revoke kim`;
    const result = await atTerminal({ env }, command, [{ at: '[y/N]', type: typed }]);
    expect(result.shown).toContain(`Remove kim of kim (${uuid})?`);
    expect(result.shown).toMatch(says);
    expect(result.exitCode).toBe(exitCode);
    expect((await accountsOf(club.cluster)).has('kim')).toBe(exitCode !== 0);
  });

  test('says who is unknown, and that nothing was changed', async () => {
    const { operator } = await syncedClub(['kim']);
    const result = await operator(['revoke', 'nobody', '--yes']);
    expect(result).toMatchObject({ exitCode: 2 });
    expect(result.stderr).toMatch(/nobody is unknown: .*nothing was changed/);
  });
});
