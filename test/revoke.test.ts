/** `revoke`: access taken away at once by an operator, with and without the directory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { accountsOf, createAccount, expectWorkingTokens, tokenReviewer } from './accounts.ts';
import { type Club, useClub } from './club.ts';

const rejectedWithinMs = 30_000;

/** A club after its first sync, and the command as an operator types it. */
async function syncedClub(members: readonly string[]) {
  const club = await useClub();
  for (const loginId of members) await club.api.addMember({ loginId });
  expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
  const env = { KUBECONFIG: club.cluster.kubeconfig };
  const operator = (args: readonly string[], more: Record<string, string> = {}) =>
    club.run(args, { env: { ...env, ...more } });
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
    expect(result.stderr).toContain('give the UUID of the one that is meant');
    expect((await accountsOf(club.cluster)).has('kim')).toBe(true);
  });

  test('says who is unknown, and that nothing was changed', async () => {
    const { operator } = await syncedClub(['kim']);
    const result = await operator(['revoke', 'nobody', '--yes']);
    expect(result).toMatchObject({ exitCode: 2 });
    expect(result.stderr).toMatch(/nobody is unknown: .*nothing was changed/);
  });
});
