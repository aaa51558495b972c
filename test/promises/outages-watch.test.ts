/** The API server and etcd end under a watch, on a control plane of this file's own: it lists again, and misses nothing. */
import { expect, test } from 'vitest';
import { useCluster } from '../cluster.ts';
import { patience, useWatch, type WatchedWire } from '../controller/watched.ts';
import { useControlPlane } from './outages.ts';

const controlPlane = useControlPlane();

test.each([
  ['is killed', { abruptly: true }],
  ['is stopped', { abruptly: false }],
])('an API server that %s and starts again knows no old version: what changed meanwhile is listed', async (_, how) => {
  const existing = await useCluster(controlPlane().connection);
  const wire = await useWatch({ existing, before: { kept: '1', leaves: '1' } });
  (await wire.openStream()).reset();
  // Its memory of changes ends with it, so that a version from before is gone (410).
  const go = Promise.withResolvers<void>();
  const held = wire.proxy.addFault({ path: /configmaps/ }, { kind: 'hold', until: go.promise, answered: false });
  await controlPlane().stopApiServer(how);
  await controlPlane().startApiServer();
  await wire.set('leaves', undefined);
  await wire.set('comes', '1');
  await wire.set('kept', '2');
  held.remove();
  go.resolve();
  await expectInStep(wire, ['comes=1', 'kept=2']);
  await wire.set('comes', '2');
  await expectInStep(wire, ['comes=2', 'kept=2']);
});

test('etcd is frozen, and killed: what changed afterwards is known', async () => {
  const wire = await useWatch({ existing: await useCluster(controlPlane().connection), idleMs: 3_000 });
  await wire.openStream();
  controlPlane().pauseEtcd();
  // Nothing is said while it is away, and the watch is opened more than once.
  await expect.poll(wire.watches, patience).toBeGreaterThan(1);
  controlPlane().resumeEtcd();
  await wire.set('a', '1');
  await expectInStep(wire, ['a=1', 'kept=1']);
  await controlPlane().stopEtcd({ abruptly: true });
  await controlPlane().startEtcd();
  await expect.poll(async () => (await wire.cluster.request('GET', '/readyz')).status, patience).toBe(200);
  await wire.set('b', '1');
  await wire.set('kept', undefined);
  await expectInStep(wire, ['a=1', 'b=1']);
});

async function expectInStep(wire: WatchedWire, expected: readonly string[]): Promise<void> {
  await expect.poll(wire.known, patience).toEqual(expected);
  expect(wire.contradictions).toEqual([]);
}
