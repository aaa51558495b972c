/** The picture of the report: time and memory against the number of members, as an SVG that needs nothing else. */
import type { Results } from '../results.ts';
import { quantile } from '../statistics.ts';
import { memoryBounds } from '../targets.ts';
import { type Panel, renderPanels, type Series } from './panels.ts';
import { originalRate } from './tables.ts';
import type { Words } from './words.ts';

type SteadyState = NonNullable<Results['steadyState']>;

const colours = {
  sync: '#1a6dd4',
  wrk: '#5f6b7a',
  undici: '#c2571a',
  kubectl: '#8a4fb0',
  original: '#b3261e',
} as const;

export function renderPlot({ steadyState = [], alternatives }: Results, words: Words): string {
  const sizes = steadyState.map(({ members }) => members);
  const median = (value: (round: SteadyState[number]['rounds'][number]) => number | undefined): Series['points'] =>
    steadyState.flatMap(({ members, rounds }) => {
      const values = rounds.map(value).filter((one) => one !== undefined);
      return values.length === 0 ? [] : [[members, quantile(values, 0.5)] as const];
    });
  const atRate = (rate: number): Series['points'] => sizes.map((members) => [members, members / rate] as const);

  const time: Panel = {
    title: words.plot.time,
    xLabel: words.plot.memberAxis,
    y: { scale: 'log', ticks: [0.1, 1, 10, 60, 600, 3_600], format: seconds },
    series: [
      { label: words.sync, colour: colours.sync, points: median(({ sync }) => sync.seconds) },
      {
        label: `wrk (${words.steps.mint})`,
        colour: colours.wrk,
        dashed: true,
        points: steadyState.flatMap(({ members, rounds }) => {
          const rates = rounds.flatMap(({ wrk }) => wrk ?? []);
          return rates.length === 0 ? [] : [[members, members / quantile(rates, 0.5)] as const];
        }),
      },
      ...(alternatives === undefined
        ? []
        : [
            {
              label: 'kubectl create token',
              colour: colours.kubectl,
              dashed: true,
              points: atRate(alternatives.kubectl),
            },
          ]),
      { label: words.plot.original, colour: colours.original, dashed: true, points: atRate(originalRate) },
    ],
    marks: [],
  };
  const memory: Panel = {
    title: words.plot.memory,
    xLabel: words.plot.memberAxis,
    y: { scale: 'linear', ticks: [0, 64, 128, 192, 256], format: (value) => `${value} MiB` },
    series: [
      { label: words.sync, colour: colours.sync, points: median(({ sync }) => sync.peakMemoryBytes / 2 ** 20) },
      { label: words.undici, colour: colours.undici, points: median(({ undici }) => undici.peakMemoryBytes / 2 ** 20) },
    ],
    marks: memoryBounds.filter(([members]) => sizes.includes(members)),
    markLabel: words.plot.bound,
  };
  return renderPanels([time, memory], sizes);
}

function seconds(value: number): string {
  if (value >= 3_600) return `${value / 3_600} h`;
  return value >= 60 ? `${value / 60} min` : `${value} s`;
}
