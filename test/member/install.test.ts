/** How members get the program: an npm package that needs no other, or one file; operators have the commands as well. */
import { copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Computer, memberBundle } from './computer.ts';
import { useMembership } from './membership.ts';

const project = path.join(import.meta.dirname, '../..');

test('the npm package holds the program alone, needs no other package, and brings the command', async () => {
  const { sync, computer, clusterInfo, member, user, whoAmI } = await useMembership();
  await sync();
  await computer.run('rm', [path.join(computer.bin, 'credentials-updater')]);
  const npm = (...args: string[]) =>
    computer.run('npm', args, {
      env: { npm_config_cache: path.join(computer.home, '.npm'), npm_config_offline: 'true' },
    });

  const packed = await npm('pack', path.dirname(memberBundle), '--json', '--pack-destination', computer.home);
  expect(packed).toMatchObject({ exitCode: 0 });
  const tarball = (await readdir(computer.home)).find((name) => name.endsWith('.tgz')) ?? '';
  expect(tarball).toMatch(/^pks-credentials-updater-member-\d+\.\d+\.\d+\.tgz$/);
  const listed = await computer.run('tar', ['-tzf', path.join(computer.home, tarball)]);
  expect(new Set(listed.stdout.trim().split('\n'))).toEqual(
    new Set(['package/LICENSE', 'package/README.md', 'package/credentials-updater-member.mjs', 'package/package.json']),
  );
  const prefix = path.dirname(computer.bin);
  expect(await npm('install', '--global', '--prefix', prefix, path.join(computer.home, tarball))).toMatchObject({
    exitCode: 0,
  });

  await expectLogin(computer, clusterInfo, member.password);
  expect(await whoAmI()).toEqual({ user, stderr: '' });
});

test('the one file works wherever it lies', async () => {
  const { sync, computer, clusterInfo, member, user, whoAmI } = await useMembership();
  await sync();
  await computer.run('rm', [path.join(computer.bin, 'credentials-updater')]);
  const file = path.join(computer.home, 'my programs.mjs');
  await copyFile(memberBundle, file);

  const loggedIn = await computer.run('node', [file, 'login', '--cluster', clusterInfo], {
    input: `kim\n${member.password}\n`,
  });

  expect(loggedIn).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await whoAmI()).toEqual({ user, stderr: '' });
});

test("an operator who is a member needs no second program: the updater's has the members' commands", async () => {
  const { sync, computer, clusterInfo, member, user, whoAmI } = await useMembership();
  await sync();
  const program = path.join(project, 'dist/credentials-updater.mjs');
  const run = (...args: string[]) =>
    computer.run(process.execPath, [program, ...args], { input: `kim\n${member.password}\n` });

  expect((await run('--help')).stdout).toMatch(
    /For members, on their own computers:\n +login .*\n[^]* get-token .*\n[^]* logout /,
  );
  expect(await run('login', '--cluster', clusterInfo)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await whoAmI()).toEqual({ user, stderr: '' });
  expect(await run('logout')).toMatchObject({ exitCode: 0 });
  expect(await whoAmI()).toMatchObject({ stderr: expect.stringContaining('you are logged out of pks') });
});

async function expectLogin({ updater }: Computer, clusterInfo: string, password: string): Promise<void> {
  const loggedIn = await updater(['login', '--cluster', clusterInfo], { input: `kim\n${password}\n` });
  expect(loggedIn).toMatchObject({ exitCode: 0, stderr: '' });
}
