/** List and watch on a real API server, over a wire that breaks: whatever happens, nothing is missed. */
import { expect, test } from 'vitest';
import type { OpenStream } from '../../dev/fault-proxy/index.ts';
import { patience, useWatch, type WatchedWire } from './watched.ts';

/** Waits until what is known is what the cluster has. */
async function expectInStep(wire: WatchedWire, expected: readonly string[]): Promise<void> {
  await expect.poll(wire.known, patience).toEqual(expected);
  expect(wire.contradictions).toEqual([]);
}

test('what is created, changed and deleted is known, each with what was before', async () => {
  const wire = await useWatch();
  expect(wire.known()).toEqual(['kept=1']);
  await wire.set('a', '1');
  await wire.set('a', '2');
  await wire.set('b', '1');
  await wire.set('a', undefined);
  await expectInStep(wire, ['b=1', 'kept=1']);
  expect(wire.changes).toEqual(['kept: none -> 1', 'a: none -> 1', 'a: 1 -> 2', 'b: none -> 1', 'a: 2 -> none']);
  expect([wire.lists(), wire.watches()]).toEqual([1, 1]);
});

test.each<[how: string, breakIt: (wire: WatchedWire, stream: OpenStream) => Promise<void> | void]>([
  ['the connection is reset', (_, stream) => stream.reset()],
  [
    'an event is cut off in its middle',
    async (wire, stream) => {
      stream.cutNextLine();
      await wire.set('kept', '1.5');
      await expect.poll(() => stream.isOpen, patience).toBe(false);
    },
  ],
  ['the API server ends it', (_, stream) => stream.end()],
  ['an event is no JSON', (_, stream) => stream.say('{"type":"ADDED","object":{"meta')],
])('%s: it goes on where it was, without another list', async (_, breakIt) => {
  const wire = await useWatch();
  const stream = await wire.openStream();
  await wire.set('a', '1');
  await expect.poll(wire.known, patience).toContain('a=1');
  // Nothing is told until the changes that nobody watched are made.
  const go = Promise.withResolvers<void>();
  const { hit } = wire.proxy.addFault(
    { path: /watch=true/, nth: 1 },
    { kind: 'hold', until: go.promise, answered: false },
  );
  await breakIt(wire, stream);
  await hit;
  await wire.set('a', undefined);
  await wire.set('b', '1');
  await wire.set('b', '2');
  await wire.set('kept', '2');
  go.resolve();
  await expectInStep(wire, ['b=2', 'kept=2']);
  expect(wire.proxy.streams.at(-1)).not.toBe(stream);
  expect(wire.changes).toEqual(
    expect.arrayContaining(['a: 1 -> none', 'b: none -> 1', 'b: 1 -> 2', expect.stringMatching(/^kept: .* -> 2$/)]),
  );
  expect(wire.lists()).toBe(1);
});

test('a half-closed connection, which is silent for ever, is given up, and what happened meanwhile is not missed', async () => {
  const wire = await useWatch({ idleMs: 1_500 });
  const stream = await wire.openStream();
  stream.silence();
  await wire.set('a', '1');
  await wire.set('kept', undefined);
  await expectInStep(wire, ['a=1']);
  expect(stream.lines.join('')).not.toContain('"kept"');
  expect(wire.lists()).toBe(1);
});

test.each([
  [
    'the API server refuses the watch',
    async (wire: WatchedWire) => {
      const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' };
      const stream = await wire.openStream();
      wire.proxy.addFault({ path: /watch=true/, nth: 1 }, { kind: 'status', status: 410, body: JSON.stringify(gone) });
      stream.reset();
    },
  ],
  [
    'in the watch',
    async (wire: WatchedWire) => {
      const stream = await wire.openStream();
      stream.silence();
      stream.say('{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version: 1 (2)"}}');
    },
  ],
  [
    'an error of another kind in the watch',
    async (wire: WatchedWire) => {
      const stream = await wire.openStream();
      stream.silence();
      stream.say('{"type":"ERROR","object":{"kind":"Status","code":500,"message":"unable to decode an event"}}');
    },
  ],
])('410 Gone, %s: it lists again, and tells what vanished meanwhile', async (_, goes) => {
  const wire = await useWatch({ before: { kept: '1', leaves: '1', changes: '1' } });
  const go = Promise.withResolvers<void>();
  const list = { path: /configmaps\?limit/, nth: 1 };
  const { hit } = wire.proxy.addFault(list, { kind: 'hold', until: go.promise, answered: false });
  await goes(wire);
  await hit;
  await wire.set('leaves', undefined);
  await wire.set('changes', '2');
  await wire.set('comes', '1');
  go.resolve();
  await expectInStep(wire, ['changes=2', 'comes=1', 'kept=1']);
  expect(wire.changes.slice(3).toSorted()).toEqual([
    'changes: 1 -> 2',
    'comes: none -> 1',
    'kept: 1 -> 1',
    'leaves: 1 -> none',
  ]);
  expect(wire.lists()).toBe(2);
  await wire.set('kept', '2');
  await expectInStep(wire, ['changes=2', 'comes=1', 'kept=2']);
});

test('a list that the connection breaks off is begun anew, and nothing counts as gone meanwhile', async () => {
  const wire = await useWatch();
  wire.proxy.addFault({ path: /configmaps\?limit/, nth: 1 }, { kind: 'truncate' });
  const stream = await wire.openStream();
  stream.silence();
  stream.say('{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version: 1 (2)"}}');
  await expect.poll(wire.lists, patience).toBe(3);
  await wire.set('a', '1');
  await expectInStep(wire, ['a=1', 'kept=1']);
  expect(wire.changes).not.toContain('kept: 1 -> none');
});

test.each([
  ['says nothing', ''],
  ['says one thing', '{"type":"BOOKMARK","object":{}}\n'],
])('a watch that %s and is ended at once, again and again, is not asked for without a pause', async (_, body) => {
  const wire = await useWatch();
  const stream = await wire.openStream();
  const rule = wire.proxy.addFault({ path: /watch=true/ }, { kind: 'status', status: 200, body });
  const before = wire.waits.length;
  stream.reset();
  await expect.poll(() => rule.hits, patience).toBeGreaterThan(3);
  const attempts = rule.hits;
  rule.remove();
  // One wait before each attempt, and the waits grow.
  expect(wire.waits.length - before).toBeGreaterThanOrEqual(attempts);
  expect(Math.max(...wire.waits.slice(before))).toBeGreaterThan(1_000);
  await wire.set('a', '1');
  await expectInStep(wire, ['a=1', 'kept=1']);
});

test('an object that can not be read keeps no other out, in a list and in a watch, and counts as not there', async () => {
  const wire = await useWatch({ before: { kept: '1', spoilt: '1' } });
  const spoil = (name: string) =>
    wire.cluster.request('PUT', `${wire.collection}/${name}`, { metadata: { name }, data: { other: 'x' } });
  await spoil('spoilt');
  await wire.set('a', '1');
  await expectInStep(wire, ['a=1', 'kept=1']);
  expect(wire.warnings.join()).toContain('spoilt');
  const stream = await wire.openStream();
  stream.say('{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version: 1 (2)"}}');
  await expect.poll(wire.lists, patience).toBe(2);
  await wire.set('b', '1');
  await expectInStep(wire, ['a=1', 'b=1', 'kept=1']);
});

test('it is current again as soon as the API server accepts the watch', async () => {
  const wire = await useWatch();
  const stream = await wire.openStream();
  const go = Promise.withResolvers<void>();
  const { hit } = wire.proxy.addFault(
    { path: /watch=true/, nth: 1 },
    { kind: 'hold', until: go.promise, answered: false },
  );
  stream.reset();
  await hit;
  expect(wire.watched.isCurrent).toBe(false);
  go.resolve();
  // Without a single event: those come when something changes, and bookmarks once a minute.
  await expect.poll(() => wire.watched.isCurrent, { timeout: 10_000 }).toBe(true);
  expect((await wire.openStream()).lines).toEqual([]);
});
