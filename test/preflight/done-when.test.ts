/** Preflight on a control plane of its own, from bare to green by its own commands, and back by one thing at a time. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { removeNamespace } from '../namespace-removal.ts';
import { type Desk, deskTimeoutMs, expectFoundAndMended, openDesk, problems, runFixes, said } from './desk.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
}, deskTimeoutMs);
afterAll(() => desk.close());

it('finds everything missing on a bare control plane; what it says to run makes it all green', async () => {
  const bare = await desk.preflight();
  expect(bare.exitCode).toBe(1);
  await runFixes(desk, bare);

  const green = await desk.preflight(['--probe']);
  expect(problems(green)).toEqual({});
  expect(green.exitCode).toBe(0);
});

it.each<[check: string, says: RegExp, remove: readonly string[]]>([
  ['secret', /does not exist/, ['-n', 'poolc-system', 'delete', 'secret', 'credentials-updater-secret']],
  ['member-role', /names the ClusterRole poolc-member, which does not/, ['delete', 'clusterrole', 'poolc-member']],
  ['member-role', /no ClusterRoleBinding names the group/, ['delete', 'clusterrolebinding', 'poolc-member']],
  ['policies', /missing: members-workloads/, ['delete', 'validatingadmissionpolicy', 'members-workloads']],
  ['policies', /members-access has no binding/, ['delete', 'validatingadmissionpolicybinding', 'members-access']],
])('%s fails (%s) after kubectl %j, and its command brings it back', async (check, says, remove) => {
  await desk.kubectl(...remove);
  // Without a key nobody asks the directory, nor what is planned for its members.
  const unasked = check === 'secret' ? ({ directory: 'unknown', names: 'unknown' } as const) : {};
  await expectFoundAndMended(desk, { finds: { [check]: 'failed', ...unasked }, says });
});

it('finds the namespace of the updater gone with all that was in it, and brings it back', async () => {
  await removeNamespace(desk.cluster, 'poolc-system');
  const report = await desk.preflight();
  expect(report.exitCode).toBe(1);
  expect(said(report, 'namespaces')).toMatchObject({ status: 'failed' });
  await runFixes(desk, report);
  expect(problems(await desk.preflight())).toEqual({});
});

it('lets a fresh member find what RBAC leaves open, names the binding, and leaves nothing behind', async () => {
  const group = '--group=system:serviceaccounts:poolc-users';
  await desk.kubectl('create', 'clusterrolebinding', 'oops; reboot', '--clusterrole=cluster-admin', group);
  await expectFoundAndMended(
    desk,
    {
      finds: { probe: 'failed', 'member-role': 'failed' },
      says: /read the API key.*mint members' tokens.*become cluster-admin/,
    },
    ['--probe'],
  );
  expect(await desk.kubectl('-n', 'poolc-users', 'get', 'serviceaccounts', '-o', 'name')).not.toContain('probe');
});
