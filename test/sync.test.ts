/** What a sync does to the cluster and to the PoolC API, on the real ones. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { accountsOf, createAccount, expectWorkingTokens, tokenReviewer } from './accounts.ts';
import { type Club, useClub } from './club.ts';
import { type CommandResult, logLines } from './command.ts';

const ours = (uuid: string) => ({
  labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
  annotations: { 'credentials-updater/user-uuid': uuid },
});

/** The last line of a run's log: its summary. */
const summaryOf = (result: CommandResult) => logLines(result).at(-1);

async function nameOf({ cluster }: Club, uuid: string): Promise<string | undefined> {
  return [...(await accountsOf(cluster)).values()].find((account) => account.uuid === uuid)?.name;
}

async function expectPlanIsEmpty({ run }: Club): Promise<void> {
  const plan = await run(['plan', '--detailed-exitcode', '--output', 'json']);
  expect(plan).toMatchObject({ exitCode: 0, stderr: '' });
}

describe('a first run', () => {
  test('gives every member, whatever their login id, an account of their own and a token that works', async () => {
    const club = await useClub();
    const members = club.api.seed(100);

    const result = await club.run(['sync']);

    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(summaryOf(result)).toMatchObject({
      outcome: 'done',
      members: 100,
      created: 100,
      removed: 0,
      delivered: 100,
    });
    const accounts = await accountsOf(club.cluster);
    expect(new Set([...accounts.values()].map(({ uuid }) => uuid))).toEqual(new Set(members.map(({ uuid }) => uuid)));
    expect(accounts.size).toBe(100);
    for (const account of accounts.values()) {
      expect(account.labels).toEqual({ 'app.kubernetes.io/managed-by': 'credentials-updater' });
      expect(account.automountsToken).toBe(false);
    }
    await expectWorkingTokens(club);
    await expectPlanIsEmpty(club);
  });

  test('gives a working token to login ids of every length that the wire can carry', async () => {
    const club = await useClub({ api: { longestLoginId: 300 } });
    const awkward = [
      'a'.repeat(63),
      'a'.repeat(64),
      'a'.repeat(253),
      'B'.repeat(253),
      `${'b.'.repeat(126)}b`,
      '가'.repeat(253),
      '-'.repeat(253),
      '',
      ' ',
      'default',
      'DEFAULT',
      'kube-root-ca.crt',
      '..',
      '../../etc/passwd',
      'a/b?c#d%00',
      '"quoted"\\',
      'line\nbreak',
      '\u202Eright to left',
      '\u0000',
      'null',
      '__proto__',
      'constructor',
      "'; DROP TABLE members; --",
    ];
    for (const loginId of awkward) await club.api.addMember({ loginId });

    const result = await club.run(['sync']);

    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(club.api.storedTokens().size).toBe(awkward.length);
    await expectWorkingTokens(club);
    await expectPlanIsEmpty(club);
  });

  test('gives of two members whose ids collide once lower-cased the plain name to the one who has it exactly', async () => {
    const club = await useClub();
    const upper = await club.api.addMember({ loginId: 'SeoYeon' });
    const lower = await club.api.addMember({ loginId: 'seoyeon' });

    await club.run(['sync']);

    expect(await nameOf(club, lower.uuid)).toBe('seoyeon');
    expect(await nameOf(club, upper.uuid)).toBe(`seoyeon-${upper.uuid.slice(-4)}`);
  });
});

describe('a second run', () => {
  test('keeps every account and gives everyone another token, the first of which goes on working', async () => {
    const club = await useClub();
    club.api.seed(30);
    await club.run(['sync']);
    const [accounts, firstTokens] = [await accountsOf(club.cluster), club.api.storedTokens()];

    const result = await club.run(['sync']);

    expect(summaryOf(result)).toMatchObject({ outcome: 'done', kept: 30, created: 0, removed: 0, delivered: 30 });
    expect(await accountsOf(club.cluster)).toEqual(accounts);
    const secondTokens = club.api.storedTokens();
    const whoIs = tokenReviewer(club.cluster);
    for (const [uuid, token] of firstTokens) {
      expect(secondTokens.get(uuid)).not.toBe(token);
      expect(await whoIs(token)).toBe(await whoIs(secondTokens.get(uuid) ?? ''));
    }
  });

  test('lets joiners in, removes leavers, and leaves the others as they are', {
    tags: ['main-job', 'older-versions'],
  }, async () => {
    const club = await useClub();
    const [leaver, ...others] = club.api.seed(12);
    await club.run(['sync']);
    const before = await accountsOf(club.cluster);
    const tokens = club.api.storedTokens();
    club.api.removeMember(leaver?.uuid ?? '');
    const joiner = await club.api.addMember({ loginId: 'newcomer' });

    const result = await club.run(['sync']);

    expect(summaryOf(result)).toMatchObject({ outcome: 'done', kept: 11, created: 1, removed: 1, delivered: 12 });
    const after = await accountsOf(club.cluster);
    expect(after.get('newcomer')?.uuid).toBe(joiner.uuid);
    after.delete('newcomer');
    expect([...after.values()]).toEqual([...before.values()].filter(({ uuid }) => uuid !== leaver?.uuid));
    expect(club.api.storedTokens().has(leaver?.uuid ?? '')).toBe(false);
    await expectWorkingTokens(club);
    const whoIs = tokenReviewer(club.cluster);
    await expect.poll(() => whoIs(tokens.get(leaver?.uuid ?? '') ?? ''), { timeout: 30_000 }).toBeUndefined();
    for (const { uuid } of others) {
      const name = [...after.values()].find((account) => account.uuid === uuid)?.name;
      expect(await whoIs(tokens.get(uuid) ?? '')).toBe(`system:serviceaccount:${club.cluster.usersNamespace}:${name}`);
    }
  });

  test('keeps the account of a member who has another login id now', async () => {
    const club = await useClub();
    const member = await club.api.addMember({ loginId: 'before' });
    await club.api.addMember({ loginId: 'other' });
    await club.run(['sync']);
    const accounts = await accountsOf(club.cluster);
    club.api.rename(member.uuid, 'after');

    const result = await club.run(['sync']);

    expect(summaryOf(result)).toMatchObject({ outcome: 'done', kept: 2, created: 0, removed: 0 });
    expect(await accountsOf(club.cluster)).toEqual(accounts);
    await expectWorkingTokens(club);
  });

  test('gives a name that someone left behind to nobody else, and back to the one who had it', async () => {
    const club = await useClub();
    const leaver = await club.api.addMember({ loginId: 'jimin' });
    await club.api.addMember({ loginId: 'other' });
    await club.run(['sync']);
    club.api.removeMember(leaver.uuid);
    await club.run(['sync']);

    const heir = await club.api.addMember({ loginId: 'jimin' });
    await club.run(['sync']);
    expect(await nameOf(club, heir.uuid)).toBe(`jimin-${heir.uuid}`);

    club.api.rename(heir.uuid, 'heir');
    const returned = await club.api.addMember({ uuid: leaver.uuid, loginId: 'jimin' });
    const result = await club.run(['sync']);

    expect(result.exitCode).toBe(0);
    expect(await nameOf(club, returned.uuid)).toBe('jimin');
    expect(await nameOf(club, heir.uuid)).toBe(`jimin-${heir.uuid}`);
    await expectWorkingTokens(club);
  });
});

test('1,200 members, which are three pages of accounts, are kept and renewed', async () => {
  const club = await useClub();
  club.api.seed(1_200);
  expect(summaryOf(await club.run(['sync']))).toMatchObject({ outcome: 'done', created: 1_200, delivered: 1_200 });
  const accounts = await accountsOf(club.cluster);

  const result = await club.run(['sync']);

  expect(summaryOf(result)).toMatchObject({ outcome: 'done', kept: 1_200, created: 0, removed: 0, delivered: 1_200 });
  expect(await accountsOf(club.cluster)).toEqual(accounts);
  await expectWorkingTokens(club);
});

describe('what somebody else made', () => {
  test("a ServiceAccount with a member's name is left alone, and the member gets another name", async () => {
    const club = await useClub();
    const member = await club.api.addMember({ loginId: 'prometheus' });
    await createAccount(club.cluster, { name: 'prometheus' });
    const [before] = (await accountsOf(club.cluster)).values();

    const result = await club.run(['sync']);

    expect(result.exitCode).toBe(0);
    const accounts = await accountsOf(club.cluster);
    expect(accounts.get('prometheus')).toEqual(before);
    expect(await nameOf(club, member.uuid)).toBe(`prometheus-${member.uuid}`);
    await expectWorkingTokens(club);
  });

  test('an account with our label but no UUID is warned about and left alone', async () => {
    const club = await useClub();
    club.api.seed(3);
    await createAccount(club.cluster, { name: 'stray', labels: ours('').labels });
    await createAccount(club.cluster, { name: 'garbled', ...ours('not-a-uuid') });

    const result = await club.run(['sync']);

    expect(result.exitCode).toBe(0);
    expect([...(await accountsOf(club.cluster)).keys()]).toEqual(expect.arrayContaining(['stray', 'garbled']));
    const warnings = logLines(result).filter(({ level }) => level === 'warn');
    expect(warnings.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(
        /^garbled: has our label but no valid credentials-updater\/user-uuid or credentials-updater\/member-id annotation/,
      ),
      expect.stringMatching(/^stray: has our label/),
    ]);
  });

  test('an account with a UUID but without our label is not ours', async () => {
    const club = await useClub();
    const member = await club.api.addMember({ loginId: 'jimin' });
    await createAccount(club.cluster, { name: 'of-a-member', annotations: ours(member.uuid).annotations });
    await createAccount(club.cluster, { name: 'of-nobody', annotations: ours(randomUUID()).annotations });

    const result = await club.run(['sync']);

    expect(summaryOf(result)).toMatchObject({ outcome: 'done', kept: 0, created: 1, removed: 0 });
    expect([...(await accountsOf(club.cluster)).keys()].sort()).toEqual(['jimin', 'of-a-member', 'of-nobody']);
  });
});

describe('what the program before this one left', () => {
  test('is adopted as it is: accounts, names and the tokens that were delivered', async () => {
    const club = await useClub();
    const [kept, renamed, left] = [
      await club.api.addMember({ loginId: 'JiHoon' }),
      await club.api.addMember({ loginId: 'someone' }),
      randomUUID(),
    ];
    const keptName = `jihoon-${kept.uuid.slice(-4)}`;
    await createAccount(club.cluster, { name: keptName, ...ours(kept.uuid) });
    await createAccount(club.cluster, { name: 'an-older-name', ...ours(renamed.uuid.toUpperCase()) });
    await createAccount(club.cluster, { name: 'leaver', ...ours(left) });
    const before = await accountsOf(club.cluster);
    const token = await tokenFor(club, keptName);

    const result = await club.run(['sync']);

    expect(summaryOf(result)).toMatchObject({ outcome: 'done', kept: 2, created: 0, removed: 1, delivered: 2 });
    before.delete('leaver');
    expect(await accountsOf(club.cluster)).toEqual(before);
    expect(await tokenReviewer(club.cluster)(token)).toMatch(new RegExp(`:${keptName}$`));
    await expectWorkingTokens(club);
    await expectPlanIsEmpty(club);
  });
});

/** A token as an earlier program would have got it. */
async function tokenFor({ cluster }: Club, name: string): Promise<string> {
  const { stdout, exitCode } = await cluster.kubectl(['create', 'token', name, '-n', cluster.usersNamespace]);
  expect(exitCode).toBe(0);
  return stdout.trim();
}
