/** The key that signs tokens changes, on a control plane of this file's own. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { expectWorkingTokens, tokenReviewer } from '../accounts.ts';
import { useClub } from '../club.ts';
import { expectExit, logLines } from '../command.ts';
import { expectPromises, openScene, useControlPlane } from './outages.ts';

const controlPlane = useControlPlane();

test('P1, P7: the signing key is rotated between two runs: old tokens go on working, new ones are of the new key', {
  timeout: 600_000,
}, async () => {
  const scene = await openScene(controlPlane());
  const { club, prober } = scene;
  const whoIs = tokenReviewer(club.cluster);
  const old = club.api.storedTokens();
  const active = club.api.members().filter(({ uuid, active: stays }) => stays && old.has(uuid));

  await controlPlane().rotateSigningKey();
  await expect
    .poll(() => whoIs(club.account.token).catch(() => undefined), { timeout: 60_000 })
    .toBe(`system:serviceaccount:${club.cluster.systemNamespace}:credentials-updater`);
  const asked = prober.probes;
  await expect.poll(() => prober.probes, { timeout: 60_000 }).toBeGreaterThan(asked + 5);
  await expectPromises(scene, await scene.wire.run());

  const renewed = club.api.storedTokens();
  for (const { uuid } of active) {
    expect(keyIdOf(renewed.get(uuid))).not.toBe(keyIdOf(old.get(uuid)));
    // Anyone who has not fetched the new one from the site yet.
    expect(await whoIs(old.get(uuid) ?? '')).toBe(await whoIs(renewed.get(uuid) ?? ''));
  }
});

test('the signing key is replaced, and no old token counts any more: one run with fresh credentials gives everyone access again', {
  timeout: 600_000,
}, async () => {
  const club = await useClub({ controlPlane: controlPlane().connection });
  club.api.seed(4);
  expectExit(await club.run(['sync']), 0);
  const before = club.api.storedTokens();

  await controlPlane().rotateSigningKey({ acceptOld: false });

  const refused = await club.run(['sync']);
  expectExit(refused, 1);
  expect(logLines(refused).at(-1)?.['message']).toContain('does not accept our credentials (401)');
  expect(club.api.storedTokens()).toEqual(before);
  expectExit(await club.run(['sync'], { env: { KUBECONFIG: controlPlane().kubeconfig } }), 0);
  await expectWorkingTokens(club);
});

function keyIdOf(token = ''): string | undefined {
  return z.object({ kid: z.string() }).parse(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()))
    .kid;
}
