/** `status`: who has credentials, read from the cluster alone where need be. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createAccount } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';

const statusSchema = z.object({
  directory: z.object({ answered: z.boolean(), reason: z.string().optional() }),
  lastRun: z.object({ acknowledgedAt: z.iso.datetime(), delivered: z.number(), undelivered: z.number() }).nullable(),
  members: z.array(
    z.object({
      loginId: z.string().nullable(),
      uuid: z.string(),
      account: z.string().nullable(),
      state: z.string(),
      grantedSeconds: z.number().nullable(),
      deliveredAt: z.iso.datetime().nullable(),
      expiresAt: z.iso.datetime().nullable(),
      expiresInSeconds: z.number().nullable(),
    }),
  ),
});

async function statusOf(club: Club, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const result = await club.run(['status', '--output', 'json', ...args], { env });
  expect(result).toMatchObject({ exitCode: 0 });
  return { ...statusSchema.parse(JSON.parse(result.stdout)), stderr: result.stderr };
}

/** Writes other values into the record of the last delivery. */
async function changeSummary({ cluster }: Club, changes: Readonly<Record<string, unknown>>): Promise<void> {
  const path = `/api/v1/namespaces/${cluster.systemNamespace}/configmaps/credentials-updater-summary`;
  const { body } = await cluster.request('GET', path);
  const map = z.looseObject({ data: z.object({ 'summary.json': z.string() }) }).parse(body);
  const summary = z.looseObject({}).parse(JSON.parse(map.data['summary.json']));
  const changed = JSON.stringify({ ...summary, ...changes });
  await cluster.request('PUT', path, { ...map, data: { 'summary.json': changed } });
}

const withoutDirectory = { POOLC_API_ENDPOINT: '', POOLC_API_KEY_FILE: '/nonexistent' };

describe('the status', () => {
  test('shows everyone with the token that they were given', async () => {
    const club = await useClub();
    for (const loginId of ['lee', 'Kim+1', '풀씨회원', null]) await club.api.addMember({ loginId });
    await club.run(['sync', '--token-lifetime', '2h']);

    const { members, lastRun, directory } = await statusOf(club);

    expect(directory).toEqual({ answered: true });
    expect(lastRun).toMatchObject({ delivered: 4, undelivered: 0 });
    expect(new Set(members.map(({ loginId }) => loginId))).toEqual(new Set(['Kim+1', 'lee', null, '풀씨회원']));
    expect(members).toHaveLength(4);
    for (const { state, grantedSeconds, expiresInSeconds, deliveredAt } of members) {
      expect(state).toBe('ok');
      expect(grantedSeconds).toBe(7_200);
      expect(expiresInSeconds).toBeGreaterThan(7_000);
      expect(expiresInSeconds).toBeLessThanOrEqual(7_200);
      expect(deliveredAt).toBe(lastRun?.acknowledgedAt);
    }
  });

  test('needs neither the PoolC API nor its key', async () => {
    const club = await useClub();
    await club.api.addMember({ loginId: 'Lee' });
    await club.run(['sync']);

    const { members, directory, stderr } = await statusOf(club, [], withoutDirectory);

    expect(directory).toEqual({ answered: false, reason: 'POOLC_API_ENDPOINT is not set' });
    expect(members).toMatchObject([{ loginId: null, state: 'ok' }]);
    expect(members[0]?.account).toMatch(/^lee-/);
    expect(stderr).toBe('');
  });

  test('says that the directory did not answer, and shows the rest', async () => {
    const club = await useClub();
    await club.api.addMember({ loginId: 'lee' });
    await club.run(['sync']);

    const nobody = { POOLC_API_ENDPOINT: 'http://127.0.0.1:1' };
    const text = await club.run(['status', '--output', 'text'], { env: nobody });

    expect(text.exitCode).toBe(0);
    expect(text.stdout).toMatch(/^lee +lee +ok +7d +(7d|6d23h)$/m);
    expect(text.stdout).toMatch(/the directory could not be asked: /);
  });

  test('shows who joined, left, is new and is held out', async () => {
    const club = await useClub();
    const stays = await club.api.addMember({ loginId: 'stays' });
    const leaves = await club.api.addMember({ loginId: 'leaves' });
    await club.run(['sync']);
    club.api.setActive(leaves.uuid, false);
    await club.api.addMember({ loginId: 'joins' });
    const early = await club.api.addMember({ loginId: 'early' });
    // Times of objects are whole seconds: an account of the delivery's own second would count as delivered.
    await sleep(2_100);
    await createAccount(club.cluster, {
      name: 'early',
      labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
      annotations: { 'credentials-updater/user-uuid': early.uuid },
    });

    const { members } = await statusOf(club);

    expect(members.map(({ loginId, account, state }) => [loginId ?? account, state])).toEqual([
      ['early', 'new'],
      ['joins', 'missing'],
      ['leaves', 'leaving'],
      ['stays', 'ok'],
    ]);
    expect((await statusOf(club, ['--state', 'leaving,missing'])).members).toHaveLength(2);
    expect((await statusOf(club, ['--match', stays.uuid.slice(0, 13)])).members).toMatchObject([{ loginId: 'stays' }]);
  });

  test('shows nobody before the first run', async () => {
    const club = await useClub();
    const { members, lastRun } = await statusOf(club);
    expect(members).toEqual([]);
    expect(lastRun).toBeNull();
    const text = await club.run(['status', '--output', 'text']);
    expect(text.stdout).toBe(`0 in ${club.cluster.usersNamespace}\nlast run: no delivery was ever acknowledged\n`);
  });

  test('says who was left out of the last delivery', async () => {
    const club = await useClub();
    const lee = await club.api.addMember({ loginId: 'lee' });
    await club.run(['sync']);
    await changeSummary(club, { undelivered: 1, undeliveredUuids: [lee.uuid] });

    expect((await statusOf(club)).members).toMatchObject([{ state: 'undelivered', expiresAt: null }]);
    const text = await club.run(['status', '--output', 'text']);
    expect(text.stdout).toContain('1 left without a fresh token');
  });
});

describe('what it says of runs after the last delivery', () => {
  const deliveredNothing = 'a run delivered nothing, or someone ran revoke or reserve';

  test('is nothing when there was none, however quick the run and whatever the clock of its host', async () => {
    const club = await useClub();
    await club.api.addMember({ loginId: 'lee' });
    await club.run(['sync']);
    // The API server's clock, which has whole seconds, an hour behind the one that the lock was taken by.
    await changeSummary(club, { acknowledgedAt: new Date(Date.now() - 3_600_000).toISOString() });

    const text = await club.run(['status', '--output', 'text']);

    expect(text.stdout).toContain('1 tokens delivered');
    expect(text.stdout).not.toContain(deliveredNothing);
  });

  test('is that one delivered nothing, until the next one does', async () => {
    const club = await useClub();
    await club.api.addMember({ loginId: 'lee' });
    await club.run(['sync']);
    const refused = await club.run(['sync'], { env: { MIN_MEMBERS: '2' } });
    expect(refused.exitCode).toBe(4);

    expect((await club.run(['status', '--output', 'text'])).stdout).toContain(deliveredNothing);
    await club.run(['sync']);
    expect((await club.run(['status', '--output', 'text'])).stdout).not.toContain(deliveredNothing);
  });
});

describe('its output', () => {
  test('is the same as YAML and as JSON, and a table with every column as wide', async () => {
    const club = await useClub();
    await club.api.addMember({ loginId: 'lee' });
    await club.run(['sync', '--schedule', '0 15 * * *']);

    const yaml = await club.run(['status', '--output', 'yaml']);
    expect(statusSchema.parse(parse(yaml.stdout)).members).toMatchObject([{ loginId: 'lee', state: 'ok' }]);
    const wide = await club.run(['status', '-o', 'wide']);
    const [heading = '', row = ''] = wide.stdout.split('\n');
    for (const [column, cell] of [
      ['SERVICEACCOUNT', 'lee'],
      ['STATE', 'ok'],
      ['GRANTED', '7d'],
      ['EXPIRES IN', '(7d|6d23h)'],
      ['MARGIN', '(6d|5d23h)'],
    ] as const)
      expect(row.slice(heading.indexOf(column))).toMatch(new RegExp(`^${cell}\\b`));
  });

  test('is sorted as it was asked for, and else by login', async () => {
    const club = await useClub();
    for (const loginId of ['lee', 'Ahn', 'Zoe', 'kim']) await club.api.addMember({ loginId });
    await club.run(['sync']);
    const logins = async (...args: string[]) => (await statusOf(club, args)).members.map(({ loginId }) => loginId);

    const sorted = ['Ahn', 'kim', 'lee', 'Zoe'];
    expect(await logins()).toEqual(sorted);
    expect(await logins('--sort', 'account')).toEqual(sorted);
    const [, ...rest] = await logins('--sort', 'created');
    expect(rest).toHaveLength(3);
  });

  test('names what it does not know', async () => {
    const club = await useClub();
    for (const [args, message] of [
      [['--state', 'gone'], "--state=gone can't be used: it is none of expired, undelivered, leaving"],
      [['--expires-within', 'soon'], "--expires-within=soon can't be used"],
      [['--sort', 'age'], "option '--sort <key>' argument 'age' is invalid. Allowed choices are login, account"],
      [['--sate', 'ok'], "unknown option '--sate' (Did you mean --state?)"],
    ] as const) {
      const result = await club.run(['status', ...args]);
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain(message);
    }
  });
});
