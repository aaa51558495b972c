/** Renewal goes on whatever the directory says (P3). Tokens of ten minutes, renewed within the first: real ones. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { condition, ready } from '../../dev/controller/status.ts';
import { tokenReviewer } from '../accounts.ts';
import { clubUnderFire, faithful, probe } from './controllers.ts';
import { printFigure } from './figures.ts';
import { scale } from './scale.ts';

const lifetimeMs = 600_000;

test('a directory that is away stops no renewal, and changes no membership', { timeout: scale.timeoutMs }, async () => {
  const lab = await clubUnderFire();
  const controller = await lab.controller();
  await lab.until('Ready', async () => ready(await lab.status())?.status === 'True');
  const first = await lab.tokens();
  const { request, systemNamespace, usersNamespace } = lab.cluster;
  const prober = probe(lab);
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
  await sleep(scale.lifetimesAway * lifetimeMs);
  expect(await lab.accounts()).toEqual(faithful.toSorted());
  expect(condition(await lab.status(), 'DirectoryTrusted')).toMatchObject({ reason: 'DirectoryUnreachable' });
  expect(condition(await lab.status(), 'Delivered')).toMatchObject({ status: 'True' });
  const whoIs = tokenReviewer(lab.cluster);
  for (const [account, token] of await lab.tokens())
    expect(await whoIs(token)).toBe(`system:serviceaccount:${usersNamespace}:${account}`);
  const { probes, rejections } = await prober.stop();
  expect(rejections).toEqual([]);
  printFigure(
    'controller, directory away',
    `the directory away for ${scale.lifetimesAway} more token lifetimes after everyone was renewed; ${probes} uses of tokens, 0 rejected`,
  );
});
