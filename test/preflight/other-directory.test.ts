/** What preflight says to a club that is not PoolC: its own directory is read, and no PoolC API is missed. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Lab, useLab } from '../lab.ts';

const reportSchema = z.object({
  checks: z.array(
    z.object({
      check: z.string(),
      status: z.string(),
      findings: z.array(z.object({ message: z.string(), fixes: z.array(z.object({ command: z.string() })) })),
    }),
  ),
});

/** `status: messages` of each check. */
async function preflight(lab: Lab): Promise<Map<string, string>> {
  const { stdout, stderr } = await lab.command('preflight', '--output', 'json');
  expect(stderr).toBe('');
  const { checks } = reportSchema.parse(JSON.parse(stdout));
  return new Map(
    checks.map(({ check, status, findings }) => [
      check,
      `${status}: ${findings.map(({ message }) => message).join('; ')}`,
    ]),
  );
}

test('its list is read, its accounts are its own, and what PoolC alone needs is not asked for', async () => {
  const lab = await useLab(() => ({ none: {} }));
  await lab.writeMembers('id,login\n1,kim\n2,lee\n3,park\n');
  await lab.command('sync', '--first-run');

  const checks = await preflight(lab);

  expect(checks.get('directory')).toBe('ok: the directory (file) gives a complete list: 3 members');
  expect(checks.get('endpoint')).toBe('ok: not needed: the directory is not the PoolC API');
  expect(checks.get('secret')).toBe('ok: not needed: the directory is not the PoolC API');
  expect(checks.get('cron-job')).toMatch(
    /^unknown: there is no CronJob in .*: what runs sync elsewhere can't be seen$/,
  );
  expect(checks.get('accounts')).toMatch(/^ok: /);
});

test('a club without policies is told so, and not failed for it; what gives the missing rights is its own', async () => {
  const lab = await useLab(() => ({ none: {} }));
  await lab.writeMembers('id,login\n1,kim\n');
  await lab.command('sync', '--first-run');
  const { stdout } = await lab.command('preflight', '--probe', '--output', 'json');
  const { checks } = reportSchema.parse(JSON.parse(stdout));
  const of = (name: string) => checks.find(({ check }) => check === name);
  expect(of('policies')).toMatchObject({
    status: 'warning',
    findings: [
      { message: expect.stringMatching(/^there are no policies for the members: .* That is enough where they/) },
    ],
  });
  expect(['member-role', 'trusted-namespaces', 'probe'].map((name) => [name, of(name)?.status])).toEqual([
    ['member-role', 'ok'],
    ['trusted-namespaces', 'ok'],
    ['probe', 'ok'],
  ]);
  const rights = of('updater-rights');
  expect(rights?.status).toBe('failed');
  const fixes = rights?.findings.flatMap(({ fixes: each }) => each.map(({ command }) => command)) ?? [];
  expect(fixes.join('\n')).not.toContain('deploy/');
  expect(fixes).toContainEqual(expect.stringMatching(/ rbac --file \S+lab\.yaml \| kubectl .*apply -f -$/));
});

test('a list that every sync will be refused for is said, with what is wrong with it', async () => {
  const lab = await useLab(
    () => ({ none: {} }),
    () => ({ guard: { minMembers: 3 } }),
  );
  await lab.writeMembers('id,login\n1,kim\n');
  expect((await preflight(lab)).get('directory')).toMatch(
    /^failed: the directory has 1 members, fewer than spec\.guard\.minMembers=3/,
  );
  await lab.writeMembers('id,login\n1,kim\n1,lee\n');
  expect((await preflight(lab)).get('directory')).toMatch(/^failed: .*members\.csv/);
});
