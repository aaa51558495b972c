/** The controller as a process on a real API server: what becomes of members, tokens and the object's status. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { memberSyncs } from '../../dev/controller/custom-resource.ts';
import { condition, ready } from '../../dev/controller/status.ts';
import { tokenReviewer } from '../accounts.ts';
import { type Lab, useLab } from './lab.ts';

const isReady = async (lab: Lab, name?: string) => ready(await lab.status(name))?.status === 'True';
const becomesReady = (lab: Lab) => lab.until('Ready', () => isReady(lab));

async function labWith(logins: readonly string[], spec: object = {}): Promise<Lab> {
  const lab = await useLab();
  await lab.setMembers(logins);
  await lab.createSync(spec);
  return lab;
}

test('a list in a ConfigMap becomes accounts and Secrets, and follows each change', async () => {
  const lab = await labWith(['kim', 'lee', 'park']);
  await lab.controller();
  await becomesReady(lab);
  expect(await lab.accounts()).toEqual(['kim', 'lee', 'park']);
  const first = await lab.tokens();
  const whoIs = tokenReviewer(lab.cluster);
  for (const [account, token] of first)
    expect(await whoIs(token)).toBe(`system:serviceaccount:${lab.cluster.usersNamespace}:${account}`);
  expect([...first.keys()].sort()).toEqual(['kim', 'lee', 'park']);
  expect(await lab.status()).toMatchObject({
    members: 3,
    accounts: 3,
    runs: [{ outcome: 'Changed', created: 3, delivered: 3 }],
  });
  const shown = await lab.cluster.kubectl(['get', 'msync', '-n', lab.cluster.systemNamespace, 'lab']);
  expect(shown.stdout).toMatch(/^NAME +READY.*\nlab +True +3 /);
  const waited = ['wait', '--for=condition=Ready', 'msync/lab', '-n', lab.cluster.systemNamespace, '--timeout=5s'];
  expect((await lab.cluster.kubectl(waited)).exitCode).toBe(0);

  await lab.setMembers(['kim', 'park', 'choi']);
  await lab.until('choi has a token', async () => (await lab.tokens()).has('choi'));
  await lab.until('lee is gone', async () => !(await lab.tokens()).has('lee'));
  expect(await lab.accounts()).toEqual(['choi', 'kim', 'park']);
  expect(await whoIs((await lab.tokens()).get('choi') ?? '')).toContain(':choi');
  const second = await lab.tokens();
  // Nobody else's token was made again.
  for (const account of ['kim', 'park']) expect(second.get(account)).toBe(first.get(account));
});

test('an account that somebody deleted comes back within seconds, and its new token is delivered', async () => {
  const lab = await labWith(['kim', 'lee']);
  await lab.controller();
  await becomesReady(lab);
  const before = await lab.tokens();
  const { usersNamespace, request } = lab.cluster;
  await request('DELETE', `/api/v1/namespaces/${usersNamespace}/serviceaccounts/kim`);
  await lab.until('a new token', async () => {
    const token = (await lab.tokens()).get('kim');
    return token !== undefined && token !== before.get('kim');
  });
  const whoIs = tokenReviewer(lab.cluster);
  expect(await whoIs((await lab.tokens()).get('kim') ?? '')).toBe(`system:serviceaccount:${usersNamespace}:kim`);
  expect((await lab.tokens()).get('lee')).toBe(before.get('lee'));
});

test('a controller that was killed and started again makes no token anew', async () => {
  const lab = await labWith(['kim', 'lee', 'park']);
  const first = await lab.controller();
  await becomesReady(lab);
  const before = await lab.tokens();
  const { lastSyncTime } = await lab.status();
  first.signal('SIGKILL');
  await lab.controller();
  await lab.until('it looked again', async () => (await lab.status()).lastSyncTime !== lastSyncTime);
  expect(await lab.tokens()).toEqual(before);
  expect((await lab.status()).runs).toHaveLength(1);
});

test('two MemberSyncs on one namespace: the first owns it, the second says whose it is and changes nothing', async () => {
  const lab = await labWith(['kim', 'lee']);
  await lab.controller();
  await becomesReady(lab);
  await lab.createSync({}, 'other');
  await lab.until('a reason', async () => ready(await lab.status('other')) !== undefined);
  expect(ready(await lab.status('other'))).toMatchObject({
    status: 'False',
    message: expect.stringContaining(`belong to the MemberSync ${lab.cluster.systemNamespace}/lab`),
  });
  expect(await lab.accounts()).toEqual(['kim', 'lee']);
  expect(await isReady(lab)).toBe(true);
});

test('what admission can not know is a condition that says what to do, and stops no other MemberSync', async () => {
  const lab = await labWith(['kim'], { schedule: { cron: '61 * * * *' } });
  await lab.controller();
  await lab.until('a reason', async () => ready(await lab.status()) !== undefined);
  expect(ready(await lab.status())).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
  expect(ready(await lab.status())?.message).toContain('61 * * * *');
  await lab.patchSync({ spec: { schedule: null } });
  await becomesReady(lab);
  await lab.patchSync({ spec: { directory: { file: { configMapKeyRef: { name: 'members', key: 'nothing' } } } } });
  await lab.until('another reason', async () => condition(await lab.status(), 'DirectoryTrusted')?.status === 'False');
  expect(condition(await lab.status(), 'DirectoryTrusted')?.message).toContain('has no key nothing');
  expect(await lab.accounts()).toEqual(['kim']);
  const { body } = await lab.cluster.request(
    'GET',
    `/apis/events.k8s.io/v1/namespaces/${lab.cluster.systemNamespace}/events`,
  );
  const events = z.object({ items: z.array(z.looseObject({ reason: z.string(), type: z.string() })) }).parse(body);
  expect(events.items.map(({ type, reason }) => `${type} ${reason}`)).toEqual(
    expect.arrayContaining(['Warning InvalidSpec', 'Normal Ready', 'Normal Synced', 'Warning DirectoryUnreachable']),
  );
});

test('a change that met another run is followed once that run has ended, however long the interval is', async () => {
  const lab = await labWith(['kim'], { interval: '1h' });
  await lab.controller({ LEADER_LEASE: '4s' });
  await becomesReady(lab);
  const { request, systemNamespace } = lab.cluster;
  const lease = `/apis/coordination.k8s.io/v1/namespaces/${systemNamespace}/leases/lab`;
  await request('PATCH', lease, { spec: { holderIdentity: 'somebody', leaseDurationSeconds: 600 } });
  await lab.setMembers(['kim', 'lee']);
  await lab.until('told whose it is', async () => ready(await lab.status())?.reason === 'LockedByAnother');
  expect(ready(await lab.status())?.message).toContain('somebody');
  expect(await lab.accounts()).toEqual(['kim']);
  await request('PATCH', lease, { spec: { holderIdentity: '' } });
  await lab.until('followed', async () => (await lab.accounts()).includes('lee'));
});

test('suspended, it changes nothing; sync-now is followed once', async () => {
  const lab = await labWith(['kim'], { interval: '1h', suspend: true });
  await lab.controller();
  await lab.until('Suspended', async () => condition(await lab.status(), 'Suspended')?.status === 'True');
  expect(await lab.accounts()).toEqual([]);
  await lab.patchSync({ spec: { suspend: false } });
  await becomesReady(lab);
  expect(await lab.accounts()).toEqual(['kim']);
  await lab.patchSync({
    metadata: { annotations: { 'credentials-updater.poolc.org/sync-now': '2026-11-30T00:00:00Z' } },
  });
  await lab.until('it was followed', async () => (await lab.status()).lastHandledSyncNow === '2026-11-30T00:00:00Z');
});

test('a deleted MemberSync leaves its accounts; with deletionPolicy Delete they go, and what was delivered too', async () => {
  const lab = await labWith(['kim', 'lee']);
  await lab.controller();
  await becomesReady(lab);
  const path = memberSyncs(lab.cluster.systemNamespace, 'lab');
  const isGone = async () => (await lab.cluster.request('GET', path)).status === 404;
  await lab.deleteSync();
  await lab.until('gone', isGone);
  expect(await lab.accounts()).toEqual(['kim', 'lee']);
  expect((await lab.tokens()).size).toBe(2);

  await lab.createSync({ deletionPolicy: 'Delete' });
  await becomesReady(lab);
  await lab.deleteSync();
  await lab.until('gone', isGone);
  expect(await lab.accounts()).toEqual([]);
  expect((await lab.tokens()).size).toBe(0);
});

test('when it is stopped it gives its Leases back, and the next one leads at once', async () => {
  const lab = await labWith(['kim']);
  const first = await lab.controller({ LEADER_LEASE: '60s' });
  await becomesReady(lab);
  first.signal('SIGTERM');
  expect(await first.ended).toBe(143);
  const second = await lab.controller({ LEADER_LEASE: '60s' });
  await lab.until('it leads', async () => second.log().includes('this controller leads now'), 20_000);
});
