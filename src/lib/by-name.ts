/** The order of names in a list for people. */

// One language for all, so that a list is the same wherever it is printed.
const collator = new Intl.Collator('en', { numeric: true });

/** Capitals stand with their small letters, and member2 before member10; names that only look the same never tie. */
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b) || (a === b ? 0 : a < b ? -1 : 1);
}

/** For `toSorted`. */
export function byName<T>(nameOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => compareNames(nameOf(a), nameOf(b));
}
