/** What a member reads: once a command, in their language, with commands that work as the program was started. */

import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { memberBundle } from './computer.ts';
import { minute, useMembership } from './membership.ts';
import { atTerminal } from './terminal.ts';

const korean = { LANG: 'ko_KR.UTF-8' };
const ours = (stderr: string) => stderr.split('\n').filter((line) => line.startsWith('credentials-updater: '));

test('who is logged out or expired is told once a kubectl, however often kubectl asks, and again by the next', async () => {
  const { sync, login, computer, pass } = await useMembership({ clock: 'settable', api: { sessionSeconds: 3_600 } });
  expect(ours((await computer.kubectl('get', 'namespaces')).stderr)).toEqual([]);
  await sync();
  await login();
  await computer.updater(['logout']);
  for (const _ of [1, 2]) {
    const { exitCode, stderr } = await computer.kubectl('get', 'namespaces');
    expect(exitCode).not.toBe(0);
    expect(ours(stderr)).toEqual(['credentials-updater: you are logged out of pks']);
    // kubectl has run it more than once, and says so itself.
    expect(stderr.match(/executable credentials-updater failed/g)?.length).toBeGreaterThan(1);
  }
  // A person who runs it is told each time.
  for (const _ of [1, 2]) expect(ours((await computer.updater(['get-token'])).stderr)).toHaveLength(1);

  await login();
  await pass(8 * 24 * 60 * minute);
  const { stderr } = await computer.kubectl('get', 'namespaces');
  expect(ours(stderr)).toEqual([expect.stringContaining('your login to PoolC has expired')]);
});

test('in Korean where the locale is: login, the plugin between the lines of kubectl, logout, and a mistake', async () => {
  const { sync, computer, clusterInfo, member } = await useMembership();
  await sync();
  const loggedIn = await atTerminal(
    { env: { ...computer.env, ...korean } },
    `credentials-updater login --cluster ${clusterInfo}`,
    [
      { at: '아이디: ', type: 'kim\r' },
      { at: '비밀번호: ', type: `${member.password}\r` },
    ],
  );
  expect(loggedIn.exitCode).toBe(0);
  expect(loggedIn.shown).toMatch(/^PoolC\(127\.0\.0\.1:\d+\)에 로그인합니다\n/);
  expect(loggedIn.shown).toContain('현재 컨텍스트로 지정했습니다.\n');
  expect(loggedIn.shown).toContain('이제 실행해 보세요: kubectl get namespaces');

  const out = await computer.updater(['logout'], { env: korean });
  expect(out.stdout).toMatch(
    /^pks 클러스터에서 로그아웃했습니다\. .*\n다시 로그인하려면: credentials-updater login --name pks\n$/,
  );
  const { stderr } = await computer.run('kubectl', ['get', 'namespaces'], { env: korean });
  expect(stderr).toMatch(
    /^credentials-updater: pks 클러스터에서 로그아웃한 상태입니다\n {2}할 일: 다시 로그인하세요: credentials-updater login --name pks\n/,
  );
  const mistake = await computer.updater(['login', '--cluster', 'https://a b'], { env: { LC_ALL: 'ko_KR.UTF-8' } });
  expect(mistake).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('URL이 아닙니다') });
});

test('the bare address of the site is enough, also where it is below another path', async () => {
  const { sync, computer, club, member, user, whoAmI } = await useMembership();
  await sync();
  for (const site of [club.api.url, `${club.api.url}/`, `${club.api.url}/kubernetes`]) {
    const loggedIn = await computer.updater(['login', '--cluster', site], { input: `kim\n${member.password}\n` });
    expect(loggedIn).toMatchObject({ exitCode: 0, stderr: '' });
  }
  expect(await whoAmI()).toEqual({ user, stderr: '' });

  const noScheme = await computer.updater(['login', '--cluster', 'api.example.org']);
  expect(noScheme).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('such as https://api.example.org') });
});

test('after --keep-context the next step names the context; a conflict names both ways out', async () => {
  const { sync, computer, clusterInfo, member } = await useMembership();
  await sync();
  const input = `kim\n${member.password}\n`;
  const kept = await computer.updater(['login', '--cluster', clusterInfo, '--name', 'lab', '--keep-context'], {
    input,
  });
  expect(kept.stdout).toContain('\nTry: kubectl --context lab get namespaces\n');

  const text = await readFile(computer.kubeconfig, 'utf8');
  await writeFile(computer.kubeconfig, text.replace(/server: .*/, 'server: https://other.example:6443'));
  const conflict = await computer.updater(['login', '--cluster', clusterInfo, '--name', 'lab'], { input });
  expect(conflict).toMatchObject({ exitCode: 2 });
  expect(conflict.stderr).toMatch(/what to do: give yours another name with --name NAME, or .* with --replace\n/);
});

test('who has the one file is told the command that runs it', async () => {
  const { sync, computer, clusterInfo, member } = await useMembership();
  await sync();
  await computer.run('rm', [path.join(computer.bin, 'credentials-updater')]);
  const file = path.join(computer.home, 'my programs.mjs');
  await copyFile(memberBundle, file);
  const run = (...args: string[]) => computer.run('node', [file, ...args], { input: `kim\n${member.password}\n` });
  await run('login', '--cluster', clusterInfo);

  const command = `node '${file}' login --name pks`;
  expect((await run('logout')).stdout).toContain(`Log in again with: ${command}\n`);
  const { stderr } = await computer.kubectl('get', 'namespaces');
  expect(stderr).toContain(`what to do: log in again: ${command}\n`);
  // Pasted, it works.
  const again = await computer.run('sh', ['-c', command], { input: `kim\n${member.password}\n` });
  expect(again).toMatchObject({ exitCode: 0, stderr: '' });
});
