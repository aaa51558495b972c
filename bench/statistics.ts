/** A few samples, in one number and how far they lie apart. */

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** @throws when there is no sample */
export function spreadOf(samples: readonly number[]): Spread {
  return { median: quantile(samples, 0.5), least: Math.min(...samples), most: Math.max(...samples) };
}

/** Between two samples, the value in proportion. @throws when there is no sample */
export function quantile(samples: readonly number[], fraction: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new Error('there are no samples');
  return below + (above - below) * (position - Math.floor(position));
}
