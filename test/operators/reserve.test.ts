/** `reserve`: a name that the record has lost is kept for who had it, or from everybody. */
import { describe, expect, test } from 'vitest';
import { accountsOf } from '../accounts.ts';
import { useClub } from '../club.ts';

const former = '5b1c7c1e-3a52-4d0f-9c55-0f3f9f2f7c11';
const nobody = '00000000-0000-0000-0000-000000000000';

describe('reserve', () => {
  test('keeps a name from anyone with that login id, for the one who returns with that UUID', async () => {
    const club = await useClub();
    expect(await club.run(['reserve', 'kim', former.toUpperCase()])).toMatchObject({
      exitCode: 0,
      stdout: `kim is reserved for ${former}: no sync gives it to anyone else\n`,
      stderr: '',
    });
    const other = await club.api.addMember({ loginId: 'kim' });
    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    expect([...(await accountsOf(club.cluster)).keys()]).toEqual([`kim-${other.uuid}`]);

    await club.api.addMember({ loginId: 'k.im', uuid: former });
    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    expect((await accountsOf(club.cluster)).get('kim')?.uuid).toBe(former);
  });

  test('says that it was so before, and changes nothing', async () => {
    const club = await useClub();
    await club.run(['reserve', 'kim', former]);
    expect(await club.run(['reserve', 'kim', former])).toMatchObject({
      exitCode: 0,
      stdout: `kim was reserved for ${former} before; nothing was changed\n`,
    });
  });

  test('never takes a name from another, with an account or without', async () => {
    const club = await useClub();
    const { uuid } = await club.api.addMember({ loginId: 'lee' });
    await club.run(['reserve', 'kim', former]);
    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    for (const [name, holder] of [
      ['kim', `is reserved for ${former}`],
      ['lee', `is the account of ${uuid}`],
    ] as const) {
      const refused = await club.run(['reserve', name, 'a4a6c7ee-6d1f-4a0e-8f75-64b1a3f0a001']);
      expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
      expect(refused.stderr).toContain(`${name} ${holder}; nothing was changed`);
    }
    expect(await club.run(['reserve', 'kim', nobody])).toMatchObject({ exitCode: 2 });
  });

  test('says how a mistyped UUID is corrected', async () => {
    const club = await useClub();
    await club.run(['reserve', 'kim', former.replace('5b1c', '5b1d')]);
    const refused = await club.run(['reserve', 'kim', former]);
    expect(refused.stderr).toMatch(/only if that id was a mistake, take it back first:\n.* reserve --remove kim /);
    expect(await club.run(['reserve', '--remove', 'kim', '--yes'])).toMatchObject({ exitCode: 0 });
    expect((await club.run(['reserve', 'kim', former])).stdout).toContain(`kim is reserved for ${former}`);
  });

  test('of a name that is kept from everybody, its owner can be told later', async () => {
    const club = await useClub();
    expect((await club.run(['reserve', 'kim', nobody])).stdout).toContain('kim is reserved for nobody');
    expect(await club.run(['reserve', 'kim', former])).toMatchObject({ exitCode: 0 });
    await club.api.addMember({ loginId: 'kim', uuid: former });
    await club.run(['sync']);
    expect([...(await accountsOf(club.cluster)).keys()]).toEqual(['kim']);
  });

  test.each([
    ['Kim', former, "Kim can't be the name of a ServiceAccount"],
    ['kim\u001b[31m', former, String.raw`kim\u{1b}[31m can't be the name`],
    ['kim', 'kim@example.org', 'kim@example.org is not the id of a member'],
  ])('refuses %j for %s', async (name, uuid, text) => {
    const club = await useClub();
    const refused = await club.run(['reserve', name, uuid]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain(text);
  });

  test('waits for the run lock, and gives up with 5', async () => {
    const club = await useClub();
    const { systemNamespace, request } = club.cluster;
    const now = new Date().toISOString().replace('Z', '000Z');
    await request('POST', `/apis/coordination.k8s.io/v1/namespaces/${systemNamespace}/leases`, {
      metadata: { name: 'credentials-updater' },
      spec: { holderIdentity: 'a-run', leaseDurationSeconds: 90, acquireTime: now, renewTime: now },
    });
    const refused = await club.run(['reserve', 'kim', former, '--lock-wait', '1s']);
    expect(refused).toMatchObject({ exitCode: 5, stdout: '' });
    expect(refused.stderr).toContain('another run holds the lock: a-run');
  });
});

describe('reserve --list', () => {
  test('shows every name with its owner, and whether it is in use, whatever their case', async () => {
    const club = await useClub();
    const { uuid } = await club.api.addMember({ loginId: 'lee' });
    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    for (const [name, id] of [
      ['kim', former],
      ['ahn', nobody],
    ] as const)
      await club.run(['reserve', name, id]);

    const { exitCode, stdout } = await club.run(['reserve', '--list']);

    expect(exitCode).toBe(0);
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows).toEqual([
      ['NAME', 'KEPT FOR', 'ACCOUNT'],
      ['ahn', 'nobody', '-'],
      ['kim', former, '-'],
      ['lee', uuid, 'in use'],
      [''],
      [`3 names are recorded for ${club.cluster.usersNamespace}`],
      [''],
    ]);
  });
});

describe('reserve --remove', () => {
  test('says what it means, and does nothing unless it is confirmed', async () => {
    const club = await useClub();
    await club.run(['reserve', 'kim', former]);

    const asked = await club.run(['reserve', '--remove', 'kim']);
    expect(asked).toMatchObject({ exitCode: 2, stdout: '' });
    expect(asked.stderr).toContain(`kim would no longer be kept for ${former}`);
    expect(asked.stderr).toContain('would get the name, and all that namespaces and bindings still give to it');
    expect(asked.stderr).toContain('confirm with --yes');
    expect((await club.run(['reserve', '--list'])).stdout).toContain(former);

    expect(await club.run(['reserve', '--remove', 'kim', '--yes'])).toMatchObject({
      exitCode: 0,
      stdout: `kim is no longer kept for ${former}: the next member with that login id gets it\n`,
    });
    await club.api.addMember({ loginId: 'kim' });
    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    expect([...(await accountsOf(club.cluster)).keys()]).toEqual(['kim']);
  });

  test('takes no name of an account, and none that is not recorded', async () => {
    const club = await useClub();
    await club.api.addMember({ loginId: 'lee' });
    expect(await club.run(['sync'])).toMatchObject({ exitCode: 0 });
    for (const [name, said] of [
      ['lee', 'there is a ServiceAccount lee: its name stays recorded; nothing was changed'],
      ['kim', 'kim is not recorded; nothing was changed'],
    ] as const) {
      const refused = await club.run(['reserve', '--remove', name, '--yes']);
      expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
      expect(refused.stderr).toContain(said);
    }
    expect((await club.run(['reserve', '--list'])).stdout).toMatch(/^lee +\S+ +in use$/m);
  });

  test.each([[[]], [['kim']], [['kim', former, '--list']], [['--list', '--remove', 'kim']]])(
    'is not mixed with another use: %j',
    async (args) => {
      const club = await useClub();
      const refused = await club.run(['reserve', ...args]);
      expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
      expect(refused.stderr).toContain('reserve takes a name and an id, or --list, or --remove with a name');
    },
  );
});
