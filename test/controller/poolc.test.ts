/** The controller with the PoolC API: one map replaces every token, so that it is sent rarely, and never without anyone. */
import { expect, test } from 'vitest';
import { ready } from '../../dev/controller/status.ts';
import { accountsOf, expectWorkingTokens } from '../accounts.ts';
import { useClub } from '../club.ts';
import { expectExit } from '../command.ts';
import { useLab } from './lab.ts';

test('takes over from the CronJob without a token broken; joiners are gathered, and a removal sends nothing', async () => {
  const club = await useClub();
  const members = club.api.seed(3);
  expectExit(await club.run(['sync', '--first-run']), 0);
  const before = club.api.storedTokens();
  const lab = await useLab(club.cluster);
  const { systemNamespace, usersNamespace, request } = club.cluster;
  await request('POST', `/api/v1/namespaces/${systemNamespace}/secrets`, {
    metadata: { name: 'api-key' },
    stringData: { API_KEY: club.api.apiKey },
  });
  const poolc = { endpoint: club.api.url, apiKey: { secretKeyRef: { name: 'api-key', key: 'API_KEY' } } };
  const spec = { directory: { poolc }, delivery: { poolc }, accounts: { namespace: usersNamespace }, interval: '10s' };
  await lab.createSync(spec, 'credentials-updater');
  await lab.controller({ DELIVERY_GATHER: '3s', DELIVERY_EVERY: '5s' });
  await lab.until('Ready', async () => ready(await lab.status('credentials-updater'))?.status === 'True');
  const sent = () => club.api.deliveries().length;
  const first = sent();

  const [leaver] = members;
  club.api.setActive(leaver?.uuid ?? '', false);
  await lab.until('removed', async () => (await accountsOf(club.cluster)).size === 2);
  for (const loginId of ['joiner1', 'joiner2']) await club.api.addMember({ loginId });
  await lab.until('made', async () => (await accountsOf(club.cluster)).size === 4);
  await lab.until('delivered', async () => club.api.storedTokens().size === 4, 90_000);
  await expectWorkingTokens(club);
  // One map for both of them, and none for the leaver; at most one that was due for accounts of the last seconds.
  expect(sent() - first).toBeLessThanOrEqual(2);
  expect([...before.keys()]).toHaveLength(3);

  // Away: nobody joins or leaves, and no map is sent.
  const accounts = await accountsOf(club.cluster);
  await club.api.close();
  await lab.until('told', async () => ready(await lab.status('credentials-updater'))?.status === 'False', 120_000);
  expect(await accountsOf(club.cluster)).toEqual(accounts);
});
