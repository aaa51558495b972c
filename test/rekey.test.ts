/**
 * From a list in a file to LDAP, on a real cluster with a real slapd: every token that was delivered goes on working, a hold
 * stays a hold, a leaver's name stays the leaver's, and a move that is killed anywhere is finished by the next one.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { person, reader, type Slapd, startSlapd, suffix } from '../dev/ldap/index.ts';
import { createUpdaterAccount } from '../dev/updater-account.ts';
import { accountsOf, tokenReviewer } from './accounts.ts';
import { expectExit } from './command.ts';
import { type Lab, useLab } from './lab.ts';
import { openLabWire } from './lab-wire.ts';

let slapd: Slapd;
beforeAll(async () => {
  const uuid = (n: number) => `entryUUID: 00000000-0000-4000-8000-00000000000${n}`;
  slapd = await startSlapd({
    ldif: ['kim', 'Lee', 'park', 'choi', 'jung'].map((uid, index) => person(uid, uuid(index + 1))).join(''),
  });
});
afterAll(() => slapd[Symbol.asyncDispose]());

const idOf = (n: number) => `ldap:127.0.0.1:00000000-0000-4000-8000-00000000000${n}`;
const secretsSchema = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string() }), data: z.object({ token: z.string() }).optional() }),
  ),
});
const annotationsSchema = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }) }),
  ),
});

/** A club in a file: kim, Lee and park are in, choi is held out, and somebody called jung has left. */
async function useClubInAFile() {
  const lab = await useLab((_, { systemNamespace }) => ({ secrets: { namespace: systemNamespace } }));
  await lab.writeMembers('id,login\n1,kim\n2,Lee\n3,park\n4,choi\n5,jung\n');
  expectExit(await lab.command('sync', '--first-run'), 0);
  expectExit(await lab.command('revoke', 'choi', '--hold', '--yes'), 0);
  await lab.writeMembers('id,login\n1,kim\n2,Lee\n3,park\n4,choi\n');
  expectExit(await lab.command('sync'), 0);
  const password = join(lab.folder, 'password');
  await writeFile(password, reader.password);
  const toLdap = () =>
    lab.setSpec({
      directory: {
        ldap: {
          url: slapd.plainUrl.href,
          bindDN: reader.dn,
          bindPassword: { file: password },
          base: `ou=people,${suffix}`,
        },
      },
    });
  const before = await accountsOf(lab.cluster);
  expect([...before.keys()].toSorted()).toEqual(
    [...before.keys()].filter((name) => /^(kim|lee-\w{4}|park)$/.test(name)).toSorted(),
  );
  return { ...lab, toLdap, before, tokens: await tokensOf(lab), whoIs: tokenReviewer(lab.cluster) };
}
type Club = Awaited<ReturnType<typeof useClubInAFile>>;

async function tokensOf({ cluster }: Pick<Lab, 'cluster'>): Promise<readonly string[]> {
  const { body } = await cluster.request('GET', `/api/v1/namespaces/${cluster.systemNamespace}/secrets`);
  return secretsSchema
    .parse(body)
    .items.flatMap(({ data }) => (data === undefined ? [] : [Buffer.from(data.token, 'base64').toString()]));
}

async function idsOf({ cluster }: Pick<Lab, 'cluster'>): Promise<ReadonlyMap<string, string>> {
  const { body } = await cluster.request('GET', `/api/v1/namespaces/${cluster.usersNamespace}/serviceaccounts`);
  return new Map(
    annotationsSchema
      .parse(body)
      .items.map(({ metadata: { name, annotations } }) => [name, annotations['credentials-updater/member-id'] ?? '']),
  );
}

/** P1, P9: the same accounts, by UID, and each token that was delivered before works. */
async function expectNothingBroke(club: Club): Promise<void> {
  const now = await accountsOf(club.cluster);
  expect([...club.before].map(([name, { uid }]) => [name, uid])).toEqual(
    [...club.before.keys()].map((name) => [name, now.get(name)?.uid]),
  );
  expect(club.tokens).toHaveLength(3);
  for (const token of club.tokens)
    expect(await club.whoIs(token)).toMatch(new RegExp(`^system:serviceaccount:${club.cluster.usersNamespace}:`));
}

test('without it, the other directory is refused; with it, nothing breaks, and hold and reserved name stay', async () => {
  const club = await useClubInAFile();
  await club.toLdap();
  const refused = await club.command('sync');
  expectExit(refused, 4);
  expect(`${refused.stdout}${refused.stderr}`).toContain('have ids of another directory');

  const asked = await club.command('rekey', '--match', 'login');
  expectExit(asked, 2);
  expect(asked.stdout).toMatch(/kim +kim +file:1 +ldap:127\.0\.0\.1:/);
  expect(asked.stdout).toMatch(/\(choi\) +choi +file:4 .*held out/);
  expect((await idsOf(club)).get('kim')).toBe('file:1');

  expectExit(await club.command('rekey', '--match', 'login', '--yes'), 0);
  const ids = await idsOf(club);
  expect(ids.get('kim')).toBe(idOf(1));
  expect(ids.get('park')).toBe(idOf(3));
  await expectNothingBroke(club);
  expectExit(await club.command('rekey', '--match', 'login', '--yes'), 0);

  expectExit(await club.command('sync'), 0);
  await expectNothingBroke(club);
  const after = [...(await accountsOf(club.cluster)).keys()];
  // choi is still held out. The jung of LDAP may be another person than the jung who left: not by that name.
  expect(after).not.toContain('choi');
  expect(after).not.toContain('jung');
  expect(after.filter((name) => name.startsWith('jung-'))).toHaveLength(1);
  expectExit(await club.command('plan', '--detailed-exitcode'), 0);
});

describe('killed', () => {
  test.each([
    ['before the holds', /\/configmaps/],
    ['before the names', /-names-/],
    ['between two accounts', /\/serviceaccounts\/park$/],
    ['before the old holds end', /-holds$/],
  ])('%s, it changes no right and is finished by the next one', async (where, path) => {
    const club = await useClubInAFile();
    const all = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
    const { systemNamespace, usersNamespace } = club.cluster;
    const { token } = await createUpdaterAccount(club.cluster, club.cluster, [
      { namespace: systemNamespace, rules: [all] },
      { namespace: usersNamespace, rules: [all] },
    ]);
    const wire = await openLabWire(club.cluster, token);
    await club.toLdap();
    const isLast = where === 'before the old holds end';
    let accounts = 0;
    // Side by side with the others: only so is one of them certainly left.
    if (where === 'between two accounts') wire.proxy.addFault({ method: 'PATCH', path }, { kind: 'reset' });
    const killed = await club.commandWith(wire.kubeconfig, {
      args: ['rekey', '--match', 'login', '--yes'],
      env: { LOCK_DURATION: '3s' },
      onStart: (running) =>
        wire.watch(({ method, path: asked }) => {
          if (method === 'PATCH') accounts++;
          if (method !== 'GET' && path.test(asked) && (!isLast || accounts >= 3)) running.kill('SIGKILL');
        }),
    });
    wire.watch(undefined);
    expect(killed.exitCode).toBeNull();

    // Whatever came of it: no sync lets anybody in or takes anybody out.
    const between = await club.command('sync');
    expectExit(between, isLast ? 0 : 4, 5);
    expect([...(await accountsOf(club.cluster)).keys()]).not.toContain('choi');
    await expectNothingBroke(club);

    expectExit(await club.command('rekey', '--match', 'login', '--yes'), 0);
    await expectNothingBroke(club);
    expectExit(await club.command('sync'), 0);
    await expectNothingBroke(club);
    expect([...(await accountsOf(club.cluster)).keys()]).not.toContain('choi');
  });
});

test("an account that would be nobody's stops everything, until a table says whose it is", async () => {
  const club = await useClubInAFile();
  const old = (await idsOf(club)).get('park');
  await club.toLdap();
  await club.cluster.request('PATCH', `/api/v1/namespaces/${club.cluster.usersNamespace}/serviceaccounts/park`, {
    metadata: { annotations: { 'credentials-updater/member-id': 'file:333' } },
  });
  const table = join(club.folder, 'ids.csv');
  const rows = [`file:1,${idOf(1)}`, `file:2,${idOf(2)}`, `file:4,${idOf(4)}`];
  const withTable = async (...lines: readonly string[]) => {
    await writeFile(table, ['from,to', ...lines, ''].join('\r\n'));
    return club.command('rekey', '--match', table, '--yes');
  };
  const before = await idsOf(club);
  const missing = await withTable(...rows);
  expectExit(missing, 4);
  expect(`${missing.stdout}${missing.stderr}`).toContain("park (file:333) is nobody's in the new directory");
  for (const lines of [
    ['file:1,kim'],
    ['file:1'],
    [rows[0] ?? '', rows[0] ?? ''],
    [`file:2,${idOf(1)}`, `file:1,${idOf(1)}`],
  ])
    expectExit(await withTable(...lines), 2);
  expect(await idsOf(club)).toEqual(before);
  expectExit(await withTable(...rows, `file:333,${idOf(3)}`), 0);
  expect((await idsOf(club)).get('park')).toBe(idOf(3));
  expect(old).toBe('file:3');
  await expectNothingBroke(club);
});
