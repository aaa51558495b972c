import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

describe('a duration', () => {
  it.each([
    ['7d', 604_800],
    ['1h30m', 5_400],
    ['45s', 45],
    ['90', 90],
    ['a week', undefined],
    ['', undefined],
    ['7 d', undefined],
    ['-1h', undefined],
    ['1.5h', undefined],
  ])('"%s" is %s seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each([
    [604_800, '7d'],
    [5_400, '1h30m'],
    [90_061, '1d1h'],
    [59, '59 s'],
    [0.42, '0.4 s'],
    [-60, '-1m'],
  ])('of %s seconds is shown as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('of whole minutes below a day is read back as it is shown', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_439 }), (minutes) => {
        expect(parseDuration(formatDuration(minutes * 60))).toBe(minutes * 60);
      }),
    );
  });
});
