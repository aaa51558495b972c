/** `whoami`, and what `login` says of the API server: who the member is, until when, and whether kubectl would hang. */

import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createCertificateAuthority } from '../../dev/control-plane/certificates.ts';
import { hour, useMembership } from './membership.ts';

const korean = { LANG: 'ko_KR.UTF-8' };
const inSeoul = { TZ: 'Asia/Seoul' };

test('says cluster, account, token, login, context and what the API server knows', async () => {
  const { sync, login, computer, club, user } = await useMembership();
  const { server, usersNamespace } = club.cluster;
  await sync();
  await login();

  const { exitCode, stdout, stderr } = await computer.updater(['whoami'], { env: inSeoul });

  expect([exitCode, stderr]).toEqual([0, '']);
  const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d GMT\\+9';
  expect(stdout.split('\n')).toEqual([
    `cluster     pks, ${new URL(server).origin}`,
    `account     kim in namespace ${usersNamespace}`,
    expect.stringMatching(new RegExp(`^token {7}ends ${time}, in 6d2[34]h; the one that PoolC has now$`)),
    expect.stringMatching(
      new RegExp(`^login {7}PoolC \\(127\\.0\\.0\\.1:\\d+\\) as kim; ends ${time}, in \\S+; use renews it$`),
    ),
    'kubectl     context pks, the current one',
    `API server  answers, and knows you as ${user}`,
    '',
  ]);

  const inKorean = await computer.updater(['whoami'], { env: { ...inSeoul, ...korean } });
  expect(inKorean.stdout).toMatch(/^클러스터 {2}pks, .*\n계정 {6}kim \(네임스페이스 /);
  expect(inKorean.stdout).toContain('PoolC에 있는 최신 토큰');

  await computer.kubectl('config', 'set-context', 'other', '--cluster=pks');
  await computer.kubectl('config', 'use-context', 'other');
  expect((await computer.updater(['whoami'])).stdout).toContain(
    'context pks, not the current one; to make it so: kubectl config use-context pks',
  );
});

test('says what is missing, with exit code 1: no login, no token, an account that the cluster refuses', async () => {
  const { sync, login, computer, club, member, pass } = await useMembership({
    clock: 'settable',
    api: { sessionSeconds: 3_600 },
  });
  const whoami = async () => {
    const { exitCode, stdout } = await computer.updater(['whoami']);
    return [exitCode, stdout] as const;
  };
  expect(await computer.updater(['whoami'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('you have not logged in to any cluster'),
  });
  await sync();
  await login();

  await club.cluster.kubectl(['delete', 'serviceaccount', 'kim', '-n', club.cluster.usersNamespace]);
  await expect
    .poll(whoami, { timeout: 30_000, interval: 500 })
    .toEqual([1, expect.stringContaining('API server  answers, and refuses this token')]);
  club.api.setActive(member.uuid, false);
  await sync();
  expect(await whoami()).toEqual([1, expect.stringMatching(/token .*; PoolC holds no token for you any more/)]);
  await pass(2 * hour);
  expect(await whoami()).toEqual([1, expect.stringMatching(/login .*; ended .*ago\n[^]*what to do {2}log in again: /)]);
  await computer.updater(['logout']);
  expect(await whoami()).toEqual([1, expect.stringMatching(/account {5}none\n[^]*, logged out\n/)]);
});

test('off campus, the site answers and the API server does not: login and whoami say so, in the words of the operators', async () => {
  const { sync, computer, club, clusterInfo, member } = await useMembership();
  await sync();
  const { server, deaf } = await unreachableServers();
  const description = JSON.parse(await (await fetch(clusterInfo)).text());
  const file = path.join(computer.home, 'pks.json');
  const login = async (changed: object, env: Record<string, string> = {}) => {
    await writeFile(file, JSON.stringify({ ...description, ...changed }));
    const flags = ['login', '--cluster', file, '--site', club.api.url, '--replace'];
    return computer.updater(flags, { input: `kim\n${member.password}\n`, env });
  };

  const refused = await login({ server, whenUnreachable: 'Off campus, turn on the VPN\u001b[2J: vpn.example.org' });
  expect(refused).toMatchObject({ exitCode: 0, stderr: '' });
  expect(refused.stdout).toContain("But: the cluster pks can't be reached from here");
  expect(refused.stdout).toContain('Off campus, turn on the VPN\\u{1b}[2J: vpn.example.org');
  expect(refused.stdout).not.toContain('Try: kubectl');
  const shown = await computer.updater(['whoami']);
  expect(shown.exitCode).toBe(1);
  expect(shown.stdout).toContain("API server  the cluster pks can't be reached from here (");
  expect(shown.stdout).toContain('what to do  Off campus, turn on the VPN');

  const silent = await login({ server: deaf }, korean);
  expect(silent.stdout).toMatch(
    /그런데 여기에서는 pks 클러스터에 연결할 수 없습니다 .*\n {2}동아리 VPN에 연결해야 하나요\?\n/,
  );
  expect((await computer.updater(['whoami'])).stdout).toContain("what to do  does it need the club's VPN?");
});

test('a server with another CA is told apart from one that is away, and gets no token', async () => {
  const { sync, login, computer, club } = await useMembership();
  await sync();
  await login();
  const other = await createCertificateAuthority('other');
  const text = await readFile(computer.kubeconfig, 'utf8');
  const ours = Buffer.from(club.cluster.certificateAuthority).toString('base64');
  await writeFile(computer.kubeconfig, text.replace(ours, Buffer.from(other.certificate).toString('base64')));

  const { exitCode, stdout } = await computer.updater(['whoami']);

  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/API server {2}the certificate of https:\S+ can't be trusted/);
});

/** Addresses of this computer: one where nothing listens, and one that takes a connection and says nothing. */
async function unreachableServers(): Promise<{ server: string; deaf: string }> {
  const listening = createServer();
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void listening.close());
  const address = listening.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server: 'https://127.0.0.1:1', deaf: `https://127.0.0.1:${port}` };
}
