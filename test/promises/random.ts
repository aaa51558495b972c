/** Chance that can be repeated: the seed is printed, and PROMISES_SEED sets it. */

export interface Chance {
  /** In [0, 1). */
  readonly next: () => number;
  /** A whole number from `from` to `to`, both included. */
  readonly between: (from: number, to: number) => number;
  readonly pick: <T>(choices: readonly [T, ...T[]]) => T;
}

export const seed = Number(process.env['PROMISES_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

/** @param stream one number for each independent use, so that they don't disturb each other */
export function chanceOf(stream: number): Chance {
  // mulberry32: 32 bits of state are plenty to choose test cases.
  let state = (seed + Math.imul(stream, 0x9e3779b9)) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return { next, between, pick: (choices) => choices[between(0, choices.length - 1)] ?? choices[0] };
}
