/** The rights that the controller has, held to the API server's audit log: what is granted is used, and nothing else (P6). */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { memberSyncs } from '../../dev/controller/custom-resource.ts';
import { condition, ready } from '../../dev/controller/status.ts';
import { namedKeys, parseMemberSyncObject } from '../../src/config/member-sync-object.ts';
import { controllerOwnRoles, controllerRoles } from '../../src/preflight/required-rights.ts';
import { compareRights, everyonesRoles, readAuditLog, roleSchema } from '../rbac-audit.ts';
import { useLab } from './lab.ts';

/** So many that each of the eight records of names gets some. */
const members = Array.from({ length: 60 }, (_, index) => `member${index}`);
const joiners = Array.from({ length: 58 }, (_, index) => `joiner${index}`);

test('used = granted, over a first sync, a leave, an account that came back, a refusal, joiners and the end', {
  tags: 'older-versions',
}, async () => {
  const lab = await useLab();
  const { systemNamespace, usersNamespace, request, auditLog } = lab.cluster;
  await request('POST', `/api/v1/namespaces/${systemNamespace}/secrets`, {
    metadata: { name: 'ca' },
    stringData: { 'ca.crt': lab.cluster.certificateAuthority },
  });
  const spec = {
    deletionPolicy: 'Delete',
    cluster: {
      server: lab.cluster.server,
      certificateAuthority: { secretKeyRef: { name: 'ca', key: 'ca.crt' } },
    },
  };
  await lab.setMembers(members);
  await lab.createSync(spec);
  const first = await lab.controller();
  const isReady = async () => ready(await lab.status())?.status === 'True';
  await lab.until('Ready', isReady, 120_000);
  await lab.setMembers(members.slice(1));
  await lab.until('one left', async () => !(await lab.tokens()).has('member0'));
  await request('DELETE', `/api/v1/namespaces/${usersNamespace}/serviceaccounts/member1`);
  const before = (await lab.tokens()).get('member1');
  await lab.until('a new token', async () => ![before, undefined].includes((await lab.tokens()).get('member1')));
  await lab.setMembers(members.slice(40));
  await lab.until('refused', async () => condition(await lab.status(), 'DirectoryTrusted')?.status === 'False');
  await lab.setMembers([...members.slice(1), ...joiners]);
  await lab.until('joined', async () => (await lab.tokens()).size === members.length - 1 + joiners.length, 120_000);
  await lab.until('Ready', isReady);
  const { body: object } = await request('GET', memberSyncs(systemNamespace, 'lab'));
  await lab.deleteSync();
  const isGone = async () => (await request('GET', memberSyncs(systemNamespace, 'lab'))).status === 404;
  await lab.until('gone', isGone, 120_000);
  first.signal('SIGTERM');
  await first.ended;

  const sync = parseMemberSyncObject(object);
  const roles = [...controllerOwnRoles(systemNamespace, [systemNamespace]), ...controllerRoles(sync, namedKeys(sync))];
  const granted = roles.map(({ namespace, rules }) =>
    roleSchema.parse({ metadata: { name: 'controller', namespace }, rules }),
  );
  const everyone = await everyonesRoles(lab.cluster);
  const user = `system:serviceaccount:${systemNamespace}:credentials-updater-controller`;
  const events = readAuditLog(await readFile(auditLog, 'utf8'), user);
  expect(z.array(z.unknown()).parse(events).length).toBeGreaterThan(100);
  expect(compareRights({ events, granted, everyone })).toEqual({ grantedNotUsed: [], usedNotGranted: [] });
});
