import { describe, expect, test } from 'vitest';
import { quantile, spreadOf } from './statistics.ts';

describe('samples', () => {
  test('have a middle, an end and another end, in whatever order they come', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
    expect(spreadOf([7])).toEqual({ median: 7, least: 7, most: 7 });
  });

  test('are interpolated between two of them', () => {
    expect(quantile([10, 20], 0.5)).toBe(15);
    expect(quantile([0, 100], 0.99)).toBeCloseTo(99);
    expect(quantile([4, 1, 3, 2, 0], 1)).toBe(4);
  });

  test('that are none have no middle', () => {
    expect(() => quantile([], 0.5)).toThrow('there are no samples');
  });
});
