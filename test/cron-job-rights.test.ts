/** The rights of deploy/base/rbac.yaml, held to the API server's audit log: each is used, and nothing else is asked for (P6). */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { updaterRoles } from '../dev/updater-account.ts';
import { useClub } from './club.ts';
import { expectExit } from './command.ts';
import { compareRights, everyonesRoles, readAuditLog, roleSchema } from './rbac-audit.ts';

/** A Job of the CronJob, which leaves an Event when it is refused. */
const inAJob = { JOB_NAME: 'credentials-updater-29000000', JOB_UID: '0f7f3ab8-53a4-4d7c-9d53-0d1b6f9a10c9' };

test('used = granted, over a first run, joiners, a leaver and a refusal', { tags: 'older-versions' }, async () => {
  const club = await useClub();
  const { api, cluster } = club;
  const sync = async (exitCode: number, env: Readonly<Record<string, string>> = {}) =>
    expectExit(await club.run(['sync'], { env: { ...inAJob, ...env } }), exitCode);
  // So many that each of the eight records of names gets some, at first and later.
  const members = api.seed(60);
  await sync(0);
  api.setActive(members[0]?.uuid ?? '', false);
  api.seed(58);
  await sync(0, { ALLOW_ADDITIONS: '58' });
  for (const { uuid } of api.members()) api.setActive(uuid, false);
  await sync(4);

  const username = `system:serviceaccount:${cluster.systemNamespace}:credentials-updater`;
  const events = readAuditLog(await readFile(cluster.auditLog, 'utf8'), username);
  expect(events.length).toBeGreaterThan(100);
  const granted = updaterRoles(cluster).map(({ namespace, rules }) =>
    roleSchema.parse({ metadata: { name: 'credentials-updater', namespace }, rules }),
  );
  const everyone = await everyonesRoles(cluster);
  expect(compareRights({ events, granted, everyone })).toEqual({ grantedNotUsed: [], usedNotGranted: [] });

  // The comparison itself: one right less is seen.
  expect(compareRights({ events, granted: granted.slice(1), everyone }).usedNotGranted).not.toEqual([]);
});
