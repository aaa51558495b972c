/** `-f`: a MemberSync in a file does what the variables that say the same do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { accountsOf, expectWorkingTokens } from './accounts.ts';
import { type Club, useClub } from './club.ts';
import { type CommandResult, logLines } from './command.ts';

const ofNoRun = [
  'stepSeconds',
  'requests',
  'time',
  'seconds',
  'runSeconds',
  'tokensExpireAt',
  'earliestExpiry',
  'slack',
];

/** The last line of a run's log, less what differs from one run to the next. */
function summaryOf(result: CommandResult) {
  return Object.fromEntries(
    Object.entries(logLines(result).at(-1) ?? {}).filter(([name]) => !ofNoRun.some((each) => name.startsWith(each))),
  );
}

/** A file that says what the club's variables say. */
async function documentOf({ env, cluster }: Club, more: object = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-membersync-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'lab.yaml');
  const poolc = { endpoint: env['POOLC_API_ENDPOINT'], apiKey: { file: env['POOLC_API_KEY_FILE'] } };
  const document = {
    apiVersion: 'credentials-updater.poolc.org/v1alpha1',
    kind: 'MemberSync',
    metadata: { name: 'credentials-updater', namespace: cluster.systemNamespace },
    spec: { directory: { poolc }, delivery: { poolc }, accounts: { namespace: cluster.usersNamespace }, ...more },
  };
  await writeFile(file, stringify(document));
  return file;
}

/** Of the club's variables, only where the cluster is. */
const unset = { POOLC_API_ENDPOINT: '', POOLC_API_KEY_FILE: '', TARGET_NAMESPACE: '', POD_NAMESPACE: '' };

describe('a MemberSync in a file', () => {
  test('makes sync, plan, status and revoke do what the variables do', async () => {
    const [byVariables, byFile] = [await useClub(), await useClub()];
    for (const { api } of [byVariables, byFile])
      for (const [index, loginId] of ['jimin', 'Siwoo', null].entries())
        await api.addMember({ loginId, uuid: `00000000-0000-4000-8000-00000000000${index}` });
    const file = await documentOf(byFile);

    const expected = await byVariables.run(['sync']);
    const result = await byFile.run(['sync', '-f', file], { env: unset });

    expect(expected.exitCode).toBe(0);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(summaryOf(result)).toEqual(summaryOf(expected));
    const shapes = async ({ cluster }: Club) =>
      [...(await accountsOf(cluster)).values()].map(({ name, uuid, labels }) => ({ name, uuid, labels }));
    expect(await shapes(byFile)).toEqual(await shapes(byVariables));
    await expectWorkingTokens(byFile);

    const plan = await byFile.run(['plan', '-f', file, '--detailed-exitcode', '--output', 'json'], { env: unset });
    expect(plan).toMatchObject({ exitCode: 0, stderr: '' });
    const { directory } = z.looseObject({ directory: z.string() }).parse(JSON.parse(plan.stdout));
    expect(directory).toBe(`poolc at ${byFile.api.url}/`);
    expect(await byFile.run(['status', '-f', file, '--match', 'jimin'], { env: unset })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('jimin'),
    });
    expect(await byFile.run(['revoke', '-f', file, '--yes', 'jimin'], { env: unset })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('removed jimin'),
    });
    expect((await byFile.run(['preflight', '-f', file], { env: unset })).stdout).toContain(
      byFile.cluster.usersNamespace,
    );
  });

  test('takes the limits of the guard from the document, and the allowance of one run from a flag', async () => {
    const club = await useClub();
    club.api.seed(8);
    const file = await documentOf(club, { guard: { maxRemovals: 1, maxRemovalPercent: 10 } });
    expect((await club.run(['sync', '-f', file], { env: unset })).exitCode).toBe(0);
    for (const { uuid } of club.api.members().slice(0, 3)) club.api.removeMember(uuid);

    const refused = await club.run(['sync', '-f', file], { env: unset });
    expect(refused.exitCode).toBe(4);
    expect(logLines(refused).at(-1)?.msg).toContain('the limit is 1 accounts and 10%');

    const allowed = await club.run(['sync', '-f', file, '--allow-removals', '3'], { env: unset });
    expect(summaryOf(allowed)).toMatchObject({ outcome: 'done', removed: 3 });
  });

  test.each<[name: string, args: string[], env: Record<string, string>, says: RegExp]>([
    [
      'with a flag for what it says',
      ['--target-namespace', 'other'],
      {},
      /^credentials-updater: --target-namespace can't be given together with -f, .*; what to do: write spec\.accounts\.namespace in .*lab\.yaml\n$/,
    ],
    [
      'with a variable for what it says',
      [],
      { MIN_MEMBERS: '3' },
      /MIN_MEMBERS can't be given together with -f, .*write spec\.guard\.minMembers in .*lab\.yaml, and unset MIN_MEMBERS\n$/,
    ],
    [
      'while it is suspended',
      [],
      { SUSPENDED: 'yes' },
      /spec\.suspend is true, so nothing was changed; what to do: set it to false in .*lab\.yaml/,
    ],
  ])('is refused %s', async (_, args, { SUSPENDED, ...env }, says) => {
    const club = await useClub();
    club.api.seed(2);
    const file = await documentOf(club, SUSPENDED === undefined ? {} : { suspend: true });
    const result = await club.run(['sync', '-f', file, ...args], { env: { ...unset, ...env } });
    expect(result).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(says) });
    expect((await accountsOf(club.cluster)).size).toBe(0);
  });

  test('that is not there is named', async () => {
    const club = await useClub();
    const result = await club.run(['sync', '-f', '/nowhere/lab.yaml'], { env: unset });
    expect(result).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('the file /nowhere/lab.yaml does not exist; what to do: give -f the file'),
    });
  });
});

test('explain says what a field is, and names the nearest one', async () => {
  const club = await useClub();
  expect(await club.run(['explain', 'spec.token.lifetime'])).toMatchObject({
    exitCode: 0,
    stdout: `FIELD:       spec.token.lifetime <duration>
DESCRIPTION: lifetime to ask for; the API server may grant less
DEFAULT:     7d
SETTING:     TOKEN_LIFETIME, --token-lifetime
`,
  });
  expect(await club.run(['explain', 'spec.token.lifetme'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('spec.token has no field lifetme; did you mean lifetime?'),
  });
});
