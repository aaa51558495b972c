import { expect, test } from 'vitest';
import { byName, compareNames } from './by-name.ts';

test('case is ignored, numbers count, and names that look the same never tie', () => {
  const names = ['lee', 'Zoe', 'adam', 'kim10', 'Kim', 'kim2', 'kim', '풀씨', '가람'];
  const sorted = ['adam', 'kim', 'Kim', 'kim2', 'kim10', 'lee', 'Zoe', '가람', '풀씨'];
  expect(names.toSorted(compareNames)).toEqual(sorted);
  expect(names.toReversed().toSorted(byName((name) => name))).toEqual(sorted);
  const [composed, decomposed] = ['é', 'e\u0301'];
  expect(compareNames(composed, decomposed)).toBe(-compareNames(decomposed, composed));
  expect(compareNames(composed, decomposed)).not.toBe(0);
});
