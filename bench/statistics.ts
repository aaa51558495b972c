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

/** What each further unit of x adds to y: the slope of the straight line that fits best. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [xMean, yMean] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const covariance = mean(points.map(([x, y]) => (x - xMean) * (y - yMean)));
  return covariance / mean(points.map(([x]) => (x - xMean) ** 2));
}
