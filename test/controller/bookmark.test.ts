/** A bookmark of a real API server, which sends one a minute: in a file of its own, since it waits. */
import { expect, test } from 'vitest';
import { patience, useWatch } from './watched.ts';

test('a bookmark moves the place where the next watch begins, though nothing changed', async () => {
  const wire = await useWatch();
  const stream = await wire.openStream();
  // Another namespace's changes move the version of the collection.
  const other = `/api/v1/namespaces/${wire.cluster.systemNamespace}/configmaps`;
  for (const name of ['x', 'y']) await wire.cluster.request('POST', other, { metadata: { name } });
  await expect.poll(() => stream.lines.join(), { ...patience, timeout: 120_000 }).toContain('BOOKMARK');
  stream.reset();
  await expect.poll(() => wire.proxy.streams.length, patience).toBe(2);
  const [first = 0, second = 0] = wire.proxy.streams.map(({ request }) =>
    Number(new URL(request.path, 'http://proxy').searchParams.get('resourceVersion')),
  );
  expect(second).toBeGreaterThan(first);
  expect(wire.changes).toEqual(['kept: none -> 1']);
  await wire.set('kept', undefined);
  await expect.poll(wire.known, patience).toEqual([]);
  expect(wire.lists()).toBe(1);
});
