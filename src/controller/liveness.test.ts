import { describe, expect, test } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { Liveness } from './liveness.ts';

/** With a grace of a minute, on a clock that goes on when it is told to. */
function useLiveness() {
  let now = 1_000;
  const liveness = new Liveness({ ...systemClock, monotonic: () => now }, 60_000);
  const pass = (ms: number) => {
    now += ms;
  };
  return { liveness, pass };
}

describe('a controller is stuck', () => {
  test('when a pass goes on though its time, and some more, is over', () => {
    const { liveness, pass } = useLiveness();
    const ended = liveness.await('the pass over poolc-system/lab', 30_000);
    liveness.await('another one', 900_000)();
    pass(90_000);
    expect(liveness.stuck()).toBeUndefined();
    pass(1);
    expect(liveness.stuck()).toBe('the pass over poolc-system/lab should have ended 1m ago');
    ended();
    expect(liveness.stuck()).toBeUndefined();
  });

  test('when its Lease ran out and its term does not end', () => {
    const { liveness, pass } = useLiveness();
    let remainingMs = 30_000;
    const ended = liveness.leads({ remainingMs: () => remainingMs, overdueMs: () => 0 });
    pass(1_000_000);
    expect(liveness.stuck()).toBeUndefined();
    remainingMs = 0;
    // A process that was frozen for long is asked as soon as it wakes up.
    pass(1_000_000);
    expect(liveness.stuck()).toBeUndefined();
    pass(60_001);
    expect(liveness.stuck()).toBe('the leadership ran out, and has not ended for 1m');
    ended();
    expect(liveness.stuck()).toBeUndefined();
  });

  test('not when it renewed its Lease at last, nor when it leads anew', () => {
    const { liveness, pass } = useLiveness();
    let remainingMs = 0;
    const term = { remainingMs: () => remainingMs, overdueMs: () => 0 };
    const ended = liveness.leads(term);
    expect(liveness.stuck()).toBeUndefined();
    remainingMs = 30_000;
    pass(60_001);
    expect(liveness.stuck()).toBeUndefined();
    remainingMs = 0;
    expect(liveness.stuck()).toBeUndefined();
    pass(59_000);
    liveness.leads({ ...term });
    // The end of the term before is told late.
    ended();
    pass(59_000);
    expect(liveness.stuck()).toBeUndefined();
    pass(60_001);
    expect(liveness.stuck()).toContain('the leadership ran out');
  });

  test('when nobody begins what is due', () => {
    const { liveness } = useLiveness();
    let overdueMs = 60_000;
    liveness.leads({ remainingMs: () => 30_000, overdueMs: () => overdueMs });
    expect(liveness.stuck()).toBeUndefined();
    overdueMs = 90_000;
    expect(liveness.stuck()).toBe('nothing was begun for 1m30s, and something is due');
  });
});
