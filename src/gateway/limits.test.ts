import { describe, expect, it } from 'vitest';
import { openLimiter } from './limits.ts';

describe('a limit of 3 in 60 s', () => {
  it('lets three through at once, and says when the next one may come', () => {
    const limiter = openLimiter({ burst: 3, windowMs: 60_000 });
    expect([1, 2, 3].map(() => limiter.take('a', 0))).toEqual([undefined, undefined, undefined]);
    expect(limiter.take('a', 0)).toBe(20);
    expect(limiter.take('a', 19_000)).toBe(1);
    expect(limiter.take('a', 20_000)).toBeUndefined();
    expect(limiter.take('a', 20_000)).toBe(20);
  });

  it('counts each of them by itself', () => {
    const limiter = openLimiter({ burst: 1, windowMs: 60_000 });
    expect(limiter.take('a', 0)).toBeUndefined();
    expect(limiter.take('b', 0)).toBeUndefined();
    expect(limiter.take('a', 0)).toBe(60);
  });

  it('never saves up more than three', () => {
    const limiter = openLimiter({ burst: 3, windowMs: 60_000 });
    limiter.take('a', 0);
    const later = 10 * 60_000;
    expect([1, 2, 3, 4].map(() => limiter.take('a', later))).toEqual([undefined, undefined, undefined, 20]);
  });

  it('counts only what is not given back', () => {
    const limiter = openLimiter({ burst: 1, windowMs: 60_000 });
    for (let time = 0; time < 5; time++) {
      expect(limiter.take('a', time)).toBeUndefined();
      limiter.giveBack('a');
    }
    limiter.giveBack('a');
    expect(limiter.take('a', 5)).toBeUndefined();
    expect(limiter.take('a', 5)).toBe(60);
  });

  it('is not lifted by many others who ask', () => {
    const limiter = openLimiter({ burst: 1, windowMs: 60_000 });
    limiter.take('a', 0);
    for (let index = 0; index < 9_000; index++) limiter.take(`other-${index}`, 0);
    expect(limiter.take('a', 1)).toBe(60);
  });
});
