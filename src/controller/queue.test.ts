import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../lib/clock.ts';
import { WorkQueue } from './queue.ts';

/** Time that goes on when it is told to. */
class FakeClock implements Clock {
  #now = 0;
  #sleepers: { at: number; wake: () => void }[] = [];
  now = () => this.#now;
  monotonic = () => this.#now;
  sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      this.#sleepers.push({ at: this.#now + ms, wake: resolve });
      signal?.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
    });
  async pass(ms: number): Promise<void> {
    await settled();
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#sleepers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#sleepers = this.#sleepers.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await settled();
    }
    this.#now = end;
  }
}

async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn();
}

function started(work: (key: string) => Promise<number | undefined>, concurrency = 2) {
  const clock = new FakeClock();
  const failures: number[] = [];
  const stop = new AbortController();
  const queue = new WorkQueue({
    clock,
    random: () => 1,
    concurrency,
    work,
    onFailure: (_, __, againMs) => failures.push(againMs),
    firstRetryMs: 1_000,
    longestRetryMs: 8_000,
  });
  const ended = queue.run(stop.signal);
  return { clock, queue, failures, stop, ended };
}

describe('the work queue', () => {
  test('works on each key that was added, once', async () => {
    const done: string[] = [];
    const { queue } = started(async (key) => void done.push(key));
    for (const key of ['a', 'b', 'a']) queue.add(key);
    await settled();
    expect(done).toEqual(['a', 'b']);
    expect(queue.depth).toBe(0);
  });

  test('works on one key by one at a time, and once more when it was added meanwhile', async () => {
    const gates: PromiseWithResolvers<undefined>[] = [];
    const { queue } = started(() => {
      gates.push(Promise.withResolvers());
      return gates.at(-1)?.promise ?? Promise.resolve(undefined);
    });
    queue.add('a');
    await settled();
    for (let times = 0; times < 3; times++) queue.add('a');
    await settled();
    expect(gates).toHaveLength(1);
    gates[0]?.resolve(undefined);
    await settled();
    expect(gates).toHaveLength(2);
  });

  test('works on no more keys at once than it may', async () => {
    const gates = new Map<string, PromiseWithResolvers<undefined>>();
    const { queue } = started((key) => {
      gates.set(key, Promise.withResolvers());
      return gates.get(key)?.promise ?? Promise.resolve(undefined);
    });
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await settled();
    expect([...gates.keys()]).toEqual(['a', 'b']);
    gates.get('a')?.resolve(undefined);
    await settled();
    expect([...gates.keys()]).toEqual(['a', 'b', 'c']);
  });

  test('comes back when the work says so, and earlier when somebody adds the key', async () => {
    const times: number[] = [];
    const { queue, clock } = started(async () => {
      times.push(clock.now());
      return 60_000;
    });
    queue.add('a');
    await clock.pass(60_000);
    expect(times).toEqual([0, 60_000]);
    queue.add('a', 10_000);
    queue.add('a', 30_000);
    await clock.pass(10_000);
    expect(times).toEqual([0, 60_000, 70_000]);
  });

  test('backs off while the work fails, and begins anew after a success', async () => {
    const times: number[] = [];
    let fails = true;
    const { queue, clock, failures } = started(async () => {
      times.push(clock.now());
      if (fails) throw new Error('no');
      return undefined;
    });
    queue.add('a');
    await clock.pass(30_000);
    expect(failures).toEqual([1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
    expect(times).toEqual([0, 1_000, 3_000, 7_000, 15_000, 23_000]);
    fails = false;
    await clock.pass(8_000);
    fails = true;
    queue.add('a');
    await clock.pass(0);
    expect(failures.at(-1)).toBe(1_000);
  });

  test('forgets a key that is gone, also one that is being worked on', async () => {
    const gate = Promise.withResolvers<number>();
    let times = 0;
    const { queue, clock } = started(() => {
      times++;
      return gate.promise;
    });
    queue.add('a');
    queue.add('b', 1_000);
    await settled();
    queue.remove('a');
    queue.remove('b');
    gate.resolve(10);
    await clock.pass(60_000);
    expect(times).toBe(1);
  });

  test('ends when what is under way has ended, and begins nothing more', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { queue, stop, ended } = started(() => gate.promise, 1);
    let over = false;
    void ended.then(() => {
      over = true;
    });
    queue.add('a');
    queue.add('b');
    await settled();
    stop.abort();
    await settled();
    expect(over).toBe(false);
    gate.resolve(undefined);
    await ended;
    expect(over).toBe(true);
  });

  test('says how long something has waited that could be worked on', async () => {
    const hangs = Promise.withResolvers<undefined>();
    const { clock, queue } = started(() => hangs.promise, 1);
    queue.add('a');
    queue.add('b');
    await clock.pass(5_000);
    // There is no room for the other one.
    expect(queue.overdueMs).toBe(0);
    const idle = new WorkQueue({
      clock,
      random: () => 1,
      concurrency: 1,
      work: () => hangs.promise,
      onFailure: () => undefined,
    });
    expect(idle.overdueMs).toBe(0);
    idle.add('a', 1_000);
    await clock.pass(500);
    expect(idle.overdueMs).toBe(0);
    await clock.pass(4_500);
    expect(idle.overdueMs).toBe(4_000);
  });
});
