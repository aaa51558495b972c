/** Figures as people read them. */

import { type Spread, spreadOf } from '../statistics.ts';
import type { Unit } from '../targets.ts';

export const notMeasured = '–';

/** Three digits that mean something, and thousands apart: 1,234 · 123 · 12.3 · 1.23 · 0.123. */
export function figure(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', {
    minimumFractionDigits: Math.min(3, digits),
    maximumFractionDigits: Math.min(3, digits),
  });
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

export function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

/** The median, and between which values the samples lie where there are several: `1,410 (1,380–1,432)`. */
export function spread(samples: readonly number[], format: (value: number) => string = figure): string {
  if (samples.length === 0) return notMeasured;
  const { median, least, most }: Spread = spreadOf(samples);
  if (samples.length === 1 || format(least) === format(most)) return format(median);
  return `${format(median)} (${format(least)}–${format(most)})`;
}

export function inUnit(value: number, unit: Unit): string {
  switch (unit) {
    case 'share':
      return percent(value);
    case 's':
      return `${value.toFixed(value < 10 ? 2 : 1)} s`;
    case 'ms':
      return value < 10 ? `${value.toFixed(3)} ms` : `${value.toFixed(0)} ms`;
    case 'count':
      return count(value);
    case 'MiB':
      return `${value.toFixed(0)} MiB`;
    case 'times':
      return `${value.toFixed(1)} ×`;
  }
}
