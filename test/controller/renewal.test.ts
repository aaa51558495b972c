/** Renewal goes on whatever the directory says. Tokens of ten minutes, renewed within the first: real ones. */
import { expect, test } from 'vitest';
import { tokenReviewer } from '../accounts.ts';
import { condition, ready, useLab } from './lab.ts';

test('a directory that is away or refused stops no renewal, and changes no membership', async () => {
  const lab = await useLab();
  const logins = ['kim', 'lee', 'park', 'choi'];
  await lab.setMembers(logins);
  await lab.createSync({ token: { lifetime: '10m', renewBefore: '9m' } });
  const controller = await lab.controller();
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True');
  const first = await lab.tokens();
  const { request, systemNamespace, usersNamespace } = lab.cluster;
  await request('DELETE', `/api/v1/namespaces/${systemNamespace}/configmaps/members`);
  await lab.until('not trusted', async () => condition(await lab.status(), 'DirectoryTrusted')?.status === 'False');
  // While the controller that leads is another one than that which delivered.
  controller.signal('SIGKILL');
  await lab.controller();
  await lab.until(
    'all renewed',
    async () => [...(await lab.tokens())].every(([account, token]) => token !== first.get(account)),
    150_000,
  );
  expect(await lab.accounts()).toEqual(logins.toSorted());
  expect(condition(await lab.status(), 'DirectoryTrusted')).toMatchObject({ reason: 'DirectoryUnreachable' });
  expect(condition(await lab.status(), 'Delivered')).toMatchObject({ status: 'True' });
  const whoIs = tokenReviewer(lab.cluster);
  for (const tokens of [first, await lab.tokens()])
    for (const [account, token] of tokens)
      expect(await whoIs(token)).toBe(`system:serviceaccount:${usersNamespace}:${account}`);
});
