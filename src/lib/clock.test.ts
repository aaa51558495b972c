import { describe, expect, it } from 'vitest';
import { countingSuspensions } from './clock.ts';

/** A machine whose clocks are moved by hand, in milliseconds. */
function useMachine() {
  const time = { wall: 1_800_000_000_000, running: 5_000, sinceBoot: 700_000 };
  const monotonic = countingSuspensions({
    wall: () => time.wall,
    running: () => time.running,
    sinceBoot: () => time.sinceBoot,
  });
  const startedAt = monotonic();
  const pass = (ms: number, clocks: readonly (keyof typeof time)[] = ['wall', 'running', 'sinceBoot']) => {
    for (const clock of clocks) time[clock] += ms;
  };
  return { pass, elapsed: () => monotonic() - startedAt };
}

describe('the monotonic clock', () => {
  it('goes on with the running one', () => {
    const { pass, elapsed } = useMachine();
    pass(1_234);
    expect(elapsed()).toBe(1_234);
    pass(1);
    expect(elapsed()).toBe(1_235);
  });

  it('counts each time that the machine was suspended', () => {
    const { pass, elapsed } = useMachine();
    pass(1_000);
    pass(60_000, ['wall', 'sinceBoot']);
    expect(elapsed()).toBe(61_000);
    pass(2_000);
    expect(elapsed()).toBe(63_000);
    pass(90_000, ['wall', 'sinceBoot']);
    pass(500);
    expect(elapsed()).toBe(153_500);
  });

  it.each([3_600_000, -3_600_000])('is not moved by a wall clock that is set by %i ms', (ms) => {
    const { pass, elapsed } = useMachine();
    pass(1_000);
    pass(ms, ['wall']);
    expect(elapsed()).toBe(1_000);
    pass(60_000, ['wall', 'sinceBoot']);
    expect(elapsed()).toBe(61_000);
  });
});
