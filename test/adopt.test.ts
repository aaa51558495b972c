/** `adopt`: accounts that nobody has claimed, and another MemberSync's with all that protects its members. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { accountsOf, createAccount, tokenReviewer } from './accounts.ts';
import { expectExit } from './command.ts';
import { useLab } from './lab.ts';

const secretSchema = z.object({ data: z.object({ token: z.string() }) });

test('accounts that nobody has claimed are refused, until they are adopted by name', async () => {
  const lab = await useLab(() => ({ none: {} }));
  await createAccount(lab.cluster, {
    name: 'kim',
    labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
    annotations: { 'credentials-updater/member-id': 'file:1' },
  });
  await lab.writeMembers('id,login\n1,kim\n');
  const refused = await lab.command('sync', '--first-run');
  expectExit(refused, 4);
  expect(`${refused.stdout}${refused.stderr}`).toContain('credentials-updater adopt -f FILE');

  const asked = await lab.command('adopt');
  expectExit(asked, 2);
  expect(asked.stderr).toContain('1 account in');
  expectExit(await lab.command('sync'), 4);
  const before = await accountsOf(lab.cluster);
  expectExit(await lab.command('adopt', '--yes'), 0);
  expectExit(await lab.command('sync'), 0);
  expect(await accountsOf(lab.cluster)).toEqual(before);
  const again = await lab.command('adopt', '--yes');
  expectExit(again, 0);
  expect(again.stdout).toContain('already; nothing was changed');
});

test("another MemberSync's accounts are taken over with holds, names and Secrets, and then it is the one that is refused", async () => {
  const workspace = { clusterRole: 'view' };
  const lab = await useLab(
    (_, { systemNamespace }) => ({ secrets: { namespace: systemNamespace } }),
    ({ usersNamespace }) => ({ workspace: { ...workspace, namespace: `{account}--${usersNamespace}` } }),
  );
  const { request, systemNamespace } = lab.cluster;
  await lab.writeMembers('id,login\n1,kim\n2,lee\n3,park\n4,choi\n');
  expectExit(await lab.command('sync', '--first-run'), 0);
  expectExit(await lab.command('revoke', 'lee', '--hold', '--yes'), 0);
  await lab.writeMembers('id,login\n1,kim\n2,lee\n3,park\n');
  expectExit(await lab.command('sync'), 0);
  const before = await accountsOf(lab.cluster);
  const secret = await request('GET', `/api/v1/namespaces/${systemNamespace}/secrets/credentials-kim`);
  const token = Buffer.from(secretSchema.parse(secret.body).data.token, 'base64').toString();

  const successor = { env: {}, args: ['sync'] };
  await lab.rename('successor');
  expectExit(await lab.commandWith(lab.cluster.kubeconfig, successor), 4);
  const refused = await lab.command('adopt', '--yes');
  expectExit(refused, 4);
  expect(refused.stderr).toContain('--take-over');
  const taken = await lab.command('adopt', '--take-over', '--yes');
  expectExit(taken, 0);
  const whoIs = tokenReviewer(lab.cluster);
  expect(await whoIs(token)).toMatch(/:kim$/);

  // choi's name is choi's for ever, lee is held out, and every Secret and workspace is the successor's: nobody is left out.
  await lab.writeMembers('id,login\n1,kim\n2,lee\n3,park\n44,choi\n');
  expectExit(await lab.command('sync'), 0);
  const after = await accountsOf(lab.cluster);
  expect(after.get('kim')?.uid).toBe(before.get('kim')?.uid);
  expect([...after.keys()].filter((name) => name.startsWith('choi'))).toEqual([expect.stringMatching(/^choi-\w+$/)]);
  expect(after.has('lee')).toBe(false);
  expect(await whoIs(token)).toMatch(/:kim$/);

  await lab.rename('lab');
  const former = await lab.command('sync');
  expectExit(former, 4);
  expect(`${former.stdout}${former.stderr}`).toContain(`belong to the MemberSync ${systemNamespace}/successor`);
  expect(await accountsOf(lab.cluster)).toEqual(after);
});
