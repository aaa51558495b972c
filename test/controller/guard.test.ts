/** A wrong directory in the controller: refused, whatever is restarted or deleted, until an operator allows it, once. */
import { expect, test } from 'vitest';
import { condition, ready } from '../../dev/controller/status.ts';
import { runCommand } from '../command.ts';
import { type Lab, useLab } from './lab.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => `m${String(index).padStart(2, '0')}`);
const refused = async (lab: Lab) => condition(await lab.status(), 'DirectoryTrusted')?.reason === 'RefusedByGuard';

async function clubOf(count: number): Promise<Lab> {
  const lab = await useLab();
  await lab.setMembers(range(count));
  await lab.createSync({ delivery: { none: {} } });
  return lab;
}

const accountsAre = (lab: Lab, count: number) => async () => (await lab.accounts()).length === count;

test('a directory that loses members bit by bit is refused at the limit of the day, also across restarts and a deleted status', async () => {
  const lab = await clubOf(40);
  const first = await lab.controller();
  await lab.until('40 accounts', accountsAre(lab, 40));
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True');
  await lab.setMembers(range(35));
  await lab.until('35 accounts', accountsAre(lab, 35));
  first.signal('SIGKILL');
  const { request, systemNamespace } = lab.cluster;
  const path = `/apis/credentials-updater.poolc.org/v1alpha1/namespaces/${systemNamespace}/membersyncs/lab/status`;
  await request('PATCH', path, { status: { conditions: null, runs: null, lastSyncTime: null, accounts: null } });
  await lab.setMembers(range(30));
  await lab.controller();
  await lab.until('30 accounts', accountsAre(lab, 30));
  await lab.setMembers(range(29));
  await lab.until('refused', () => refused(lab));
  expect(await lab.accounts()).toHaveLength(30);
  const status = await lab.status();
  expect(condition(status, 'DirectoryTrusted')?.message).toContain(
    '11 accounts would be gone within a day, 1 of them now, of 40',
  );
  expect(condition(status, 'DirectoryTrusted')?.message).toContain('Would be removed: m29');
  expect(status.refused).toEqual({ removals: 1, additions: 0 });
  // Somebody joins meanwhile: the plan is refused whole.
  await lab.setMembers([...range(29), 'new']);
  await lab.patchSync({ metadata: { annotations: { 'credentials-updater.poolc.org/sync-now': 'x' } } });
  await lab.until('looked again', async () => (await lab.status()).lastHandledSyncNow === 'x');
  expect(await lab.accounts()).toHaveLength(30);
});

test('an allowance lets exactly the refused ones go, once, and stays spent while GitOps keeps it there', async () => {
  const lab = await clubOf(20);
  await lab.controller();
  await lab.until('20 accounts', accountsAre(lab, 20));
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True');
  await lab.setMembers(range(5));
  await lab.until('refused', () => refused(lab));
  expect(condition(await lab.status(), 'DirectoryTrusted')?.message).toContain(
    'credentials-updater.poolc.org/allow-removals=15',
  );
  const allow = (value: string) =>
    lab.patchSync({ metadata: { annotations: { 'credentials-updater.poolc.org/allow-removals': value } } });
  await allow('14');
  await lab.until('told why', async () =>
    (condition(await lab.status(), 'DirectoryTrusted')?.message ?? '').includes('allowance "14"'),
  );
  expect(await lab.accounts()).toHaveLength(20);
  await allow('15');
  await lab.until('5 accounts', accountsAre(lab, 5));
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True');
  // The annotation is still there. Twenty come back, and fifteen leave again.
  await lab.setMembers(range(1));
  await lab.until('refused', () => refused(lab));
  expect(await lab.accounts()).toHaveLength(5);
  expect(condition(await lab.status(), 'DirectoryTrusted')?.message).toContain('is spent already');
});

test('allow shows whom it means, and lets exactly them go', async () => {
  const lab = await clubOf(12);
  await lab.controller();
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True');
  const { kubeconfig, systemNamespace } = lab.cluster;
  const env = { KUBECONFIG: kubeconfig, POD_NAMESPACE: systemNamespace };
  const allow = (...args: string[]) => runCommand(['allow', 'lab', ...args], { env });
  expect(await allow('--removals', '3', '--yes')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('refuses nothing'),
  });
  await lab.setMembers(range(4));
  await lab.until('refused', () => refused(lab));
  expect(await allow('--removals', '7', '--yes')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('fewer than the 8 that are refused'),
  });
  const unasked = await allow('--removals', '8');
  expect(unasked).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('confirm with --yes') });
  expect(unasked.stdout.replaceAll(/\s+/g, ' ')).toContain('Would be removed: m04, m05');
  expect((await allow('--removals', '8', '--yes')).exitCode).toBe(0);
  await lab.until('4 accounts', accountsAre(lab, 4));
});

test('status, plan and revoke work on a MemberSync by name', async () => {
  const lab = await clubOf(2);
  await lab.controller();
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True');
  const { kubeconfig, systemNamespace } = lab.cluster;
  const env = { KUBECONFIG: kubeconfig, POD_NAMESPACE: systemNamespace };
  const named = (command: string, ...args: string[]) => runCommand([command, '--member-sync', 'lab', ...args], { env });
  expect(await named('status')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"m00"') });
  expect((await named('plan', '--detailed-exitcode')).exitCode).toBe(0);
  expect(await named('revoke', 'm01', '--hold', '--yes')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('removed m01'),
  });
  await lab.patchSync({ metadata: { annotations: { 'credentials-updater.poolc.org/sync-now': 'z' } } });
  await lab.until('looked again', async () => (await lab.status()).lastHandledSyncNow === 'z');
  expect(await lab.accounts()).toEqual(['m00']);
  expect(await runCommand(['plan', '--member-sync', 'nobody'], { env })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('there is no MemberSync'),
  });
});

test('an empty directory is refused, and nothing allows it', async () => {
  const lab = await clubOf(3);
  await lab.controller();
  await lab.until('3 accounts', accountsAre(lab, 3));
  await lab.setMembers([]);
  await lab.until('refused', () => refused(lab));
  expect(condition(await lab.status(), 'DirectoryTrusted')?.message).toContain('nothing allows this');
  await lab.patchSync({ metadata: { annotations: { 'credentials-updater.poolc.org/allow-removals': '3' } } });
  await lab.patchSync({ metadata: { annotations: { 'credentials-updater.poolc.org/sync-now': 'y' } } });
  await lab.until('looked again', async () => (await lab.status()).lastHandledSyncNow === 'y');
  expect(await lab.accounts()).toHaveLength(3);
});
