/** `plan --out` and `sync --plan`: what was agreed to is done, or nothing is. */
import { randomUUID } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../dev/control-plane/testing.ts';
import { accountsOf, createAccount, expectWorkingTokens } from '../accounts.ts';
import { type Club, useClub } from '../club.ts';
import { type CommandResult, logLines } from '../command.ts';
import { openWire } from '../promises/wire.ts';

/** A club of ten that has run once, of which one leaves and one joins; and the plan of that in a file. */
async function clubWithPlan() {
  const club = await useClub();
  const members = [];
  for (let number = 1; number <= 10; number++) members.push(await club.api.addMember({ loginId: `member${number}` }));
  expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
  const [leaver, keeper] = members;
  if (leaver === undefined || keeper === undefined) throw new Error('there is no club without members');
  club.api.setActive(leaver.uuid, false);
  const joiner = await club.api.addMember({ loginId: 'joiner' });
  const file = join(await temporaryDirectory(), 'plan.json');
  const planned = await club.run(['plan', '--out', file]);
  expect(planned).toMatchObject({ exitCode: 0 });
  return { ...club, file, planned, leaver, keeper, joiner };
}

const namesOf = async ({ cluster }: Club) => [...(await accountsOf(cluster)).keys()].sort();
const summaryOf = (result: CommandResult) => logLines(result).at(-1);

describe('a plan in a file', () => {
  test('has no secret, is for its owner alone, and says how to apply it', async () => {
    const { file, planned, secrets } = await clubWithPlan();

    const text = await readFile(file, 'utf8');
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
    expect(JSON.parse(text)).toEqual(JSON.parse(planned.stdout));
    expect(planned.stderr).toContain(` sync --plan ${file} `);
  });

  test('is applied as it is while nothing has changed', async () => {
    const club = await clubWithPlan();

    const result = await club.run(['sync', '--plan', club.file]);

    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(summaryOf(result)).toMatchObject({ outcome: 'done', kept: 9, created: 1, removed: 1 });
    expect(await namesOf(club)).not.toContain('member1');
    expect(await namesOf(club)).toContain('joiner');
    await expectWorkingTokens(club);
    expect(await club.run(['plan', '--detailed-exitcode'])).toMatchObject({ exitCode: 0 });
  });
});

describe('what has changed since', () => {
  type Scene = Awaited<ReturnType<typeof clubWithPlan>>;
  const deleteAccount = async ({ cluster }: Club, name: string) => {
    const path = `/api/v1/namespaces/${cluster.usersNamespace}/serviceaccounts/${name}`;
    expect((await cluster.request('DELETE', path)).status).toBe(200);
  };

  const drifts: Record<string, { happens: (scene: Scene) => Promise<unknown>; said: string }> = {
    'someone joined': {
      happens: ({ api }) => api.addMember({ loginId: 'late' }),
      said: 'late joined: the account late would be created',
    },
    'someone left': {
      happens: async ({ api, keeper }) => api.setActive(keeper.uuid, false),
      said: 'member2 left: member2 would be removed',
    },
    'the one who was to join left': {
      happens: async ({ api, joiner }) => api.setActive(joiner.uuid, false),
      said: 'joiner left: the account joiner would not be created',
    },
    'a leaver is back': {
      happens: async ({ api, leaver }) => api.setActive(leaver.uuid, true),
      said: 'member1 is a member again: the account member1 would be kept',
    },
    'someone has another login id': {
      happens: async ({ api, keeper }) => api.rename(keeper.uuid, 'renamed'),
      said: 'member2 is called renamed in the directory, and has the account member2',
    },
    'an account was deleted': {
      happens: (scene) => deleteAccount(scene, 'member2'),
      said: 'the account member2 of member2 is gone: member2 would be created',
    },
    'an account was deleted and made again by somebody': {
      happens: async (scene) => {
        await deleteAccount(scene, 'member2');
        await createAccount(scene.cluster, {
          name: 'member2',
          labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
          annotations: { 'credentials-updater/user-uuid': scene.keeper.uuid },
        });
      },
      said: 'the account member2 of member2 was deleted and created anew',
    },
    'the name was taken': {
      happens: ({ cluster }) => createAccount(cluster, { name: 'joiner' }),
      said: "gets a name with the UUID, because joiner can't be given: a ServiceAccount that isn't ours has that name",
    },
    'an account of somebody unknown appeared': {
      happens: ({ cluster }) =>
        createAccount(cluster, {
          name: 'stranger',
          labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
          annotations: { 'credentials-updater/user-uuid': randomUUID() },
        }),
      said: 'stranger appeared, of someone who is not in the directory',
    },
  };

  test.each(Object.entries(drifts))('%s: refused, nothing done, and said', async (_, { happens, said }) => {
    const scene = await clubWithPlan();
    const deliveries = scene.api.deliveries().length;
    await happens(scene);
    const before = await accountsOf(scene.cluster);

    const result = await scene.run(['sync', '--plan', scene.file]);

    expect(result).toMatchObject({ exitCode: 4, stderr: '' });
    expect(summaryOf(result)).toMatchObject({ outcome: 'refused', step: 'plan' });
    expect(summaryOf(result)?.['message']).toContain('things have changed since the plan of ');
    expect(summaryOf(result)?.['message']).toContain(said);
    expect(summaryOf(result)?.['hint']).toContain(` sync --plan ${scene.file} `);
    expect(await accountsOf(scene.cluster)).toEqual(before);
    expect(scene.api.deliveries()).toHaveLength(deliveries);
  });

  test('another run has done it: refused, with what that run did', async () => {
    const scene = await clubWithPlan();
    expect(await scene.run(['sync'])).toMatchObject({ exitCode: 0 });

    const result = await scene.run(['sync', '--plan', scene.file]);

    expect(result.exitCode).toBe(4);
    expect(summaryOf(result)?.['message']).toContain('joiner has an account by now, joiner; member1 is gone');
  });

  test('the guard would refuse now: refused, with both reasons', async () => {
    const scene = await clubWithPlan();
    for (const { uuid } of scene.api.members().slice(2, 9)) scene.api.setActive(uuid, false);

    const result = await scene.run(['sync', '--plan', scene.file]);

    expect(result.exitCode).toBe(4);
    expect(summaryOf(result)?.['message']).toContain('member3 left: member3 would be removed');
    expect(summaryOf(result)?.['message']).toContain('8 of 10 accounts (80.0%) would be removed');
  });

  test('the guard refuses the very plan: the file is no way around it', async () => {
    const club = await useClub();
    for (let number = 1; number <= 8; number++) await club.api.addMember({ loginId: `member${number}` });
    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    for (const { uuid } of club.api.members().slice(0, 6)) club.api.setActive(uuid, false);
    const file = join(await temporaryDirectory(), 'plan.json');
    expect(await club.run(['plan', '--out', file])).toMatchObject({ exitCode: 0 });

    const refused = await club.run(['sync', '--plan', file]);
    expect(refused.exitCode).toBe(4);
    expect(summaryOf(refused)?.['message']).not.toContain('things have changed');
    expect(await namesOf(club)).toHaveLength(8);

    const allowed = await club.run(['sync', '--plan', file, '--allow-removals', '6']);
    expect(allowed.exitCode).toBe(0);
    expect(await namesOf(club)).toHaveLength(2);
  });

  test('a name that is taken while the plan is being applied goes to nobody under another name', async () => {
    const scene = await clubWithPlan();
    const wire = await openWire(scene);
    const taken = Promise.withResolvers<void>();
    const held = wire.addFault('create an account', { kind: 'hold', until: taken.promise, answered: false }, 1);
    // The plan is for the club's own address of the PoolC API.
    const env = { POOLC_API_ENDPOINT: scene.api.url };
    const running = wire.run(['sync', '--plan', scene.file], { env });
    await held.hit;
    await createAccount(scene.cluster, { name: 'joiner' });
    taken.resolve();

    const result = await running;

    expect(result.exitCode).toBe(1);
    expect(summaryOf(result)?.['message']).toContain('the ServiceAccount joiner was created by someone else meanwhile');
    const names = await namesOf(scene);
    expect(names.filter((name) => name.startsWith('joiner'))).toEqual(['joiner']);
  });
});

describe('a file that is not a plan', () => {
  test.each([
    ['is missing', undefined, "can't be read"],
    ['is not JSON', 'plan: true', 'is not a plan: it is not JSON'],
    ['is of another version', '{"format":"x"}', 'its format is not credentials-updater/plan/v1'],
  ])('%s: one line, exit 2, nothing sent', async (_, content, message) => {
    const club = await useClub();
    await club.api.addMember({ loginId: 'kim' });
    const file = join(await temporaryDirectory(), 'plan.json');
    if (content !== undefined) await writeFile(file, content);

    const result = await club.run(['sync', '--plan', file]);

    expect(result.exitCode).toBe(2);
    expect(result.stderr.split('\n')[0]).toContain(message);
    expect(result.stdout).toBe('');
    expect(club.api.deliveries()).toEqual([]);
  });
});
