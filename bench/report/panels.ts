/** Line charts side by side, as SVG. All share a logarithmic x axis. */

export interface Series {
  readonly label: string;
  readonly colour: string;
  readonly dashed?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  readonly title: string;
  readonly xLabel: string;
  readonly y: {
    readonly scale: 'linear' | 'log';
    /** Ascending; the axis ends at the first one that is above every value. */
    readonly ticks: readonly number[];
    readonly format: (value: number) => string;
  };
  readonly series: readonly Series[];
  /** Points that stand for themselves, such as targets. */
  readonly marks: readonly (readonly [x: number, y: number])[];
  readonly markLabel?: string;
}

const panelWidth = 430;
const height = 360;
const plot = { left: 64, top: 44, width: 340, height: 210 } as const;
const ink = '#24292f';
const grid = '#d8dee4';

export function renderPanels(panels: readonly Panel[], xTicks: readonly number[]): string {
  const width = panelWidth * panels.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="${ink}">`,
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>`,
    ...panels.flatMap((panel, index) => [
      `<g transform="translate(${index * panelWidth} 0)">`,
      ...renderPanel(panel, xTicks),
      '</g>',
    ]),
    '</svg>',
    '',
  ].join('\n');
}

function renderPanel({ title, xLabel, y, series, marks, markLabel }: Panel, xTicks: readonly number[]): string[] {
  const values = [...series.flatMap(({ points }) => points), ...marks].map(([, value]) => value);
  const most = Math.max(...values);
  const end = y.ticks.findIndex((tick) => tick >= most);
  const ticks = end < 0 ? y.ticks : y.ticks.slice(0, end + 1);
  const xAt = scale('log', xTicks, plot.left, plot.left + plot.width);
  const yAt = scale(y.scale, ticks, plot.top + plot.height, plot.top);

  const legend: Pick<Series, 'label' | 'colour' | 'dashed'>[] = [...series];
  return [
    text(plot.left, 24, title, 'font-weight="600" font-size="14"'),
    ...ticks.flatMap((tick) => [
      line([plot.left, yAt(tick)], [plot.left + plot.width, yAt(tick)], `stroke="${grid}"`),
      text(plot.left - 8, yAt(tick) + 4, y.format(tick), 'text-anchor="end"'),
    ]),
    ...xTicks.map((tick) =>
      text(xAt(tick), plot.top + plot.height + 18, tick.toLocaleString('en-US'), 'text-anchor="middle"'),
    ),
    text(plot.left + plot.width, plot.top + plot.height + 36, xLabel, 'text-anchor="end"'),
    ...series.flatMap(({ points, colour, dashed }) => [
      `<polyline points="${points.map(([x, value]) => `${round(xAt(x))},${round(yAt(value))}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"${dashed === true ? ' stroke-dasharray="5 4"' : ''}/>`,
      ...(dashed === true
        ? []
        : points.map(
            ([x, value]) => `<circle cx="${round(xAt(x))}" cy="${round(yAt(value))}" r="3.5" fill="${colour}"/>`,
          )),
    ]),
    ...marks.map(([x, value]) =>
      line([xAt(x) - 12, yAt(value)], [xAt(x) + 12, yAt(value)], `stroke="${ink}" stroke-width="2"`),
    ),
    ...legend.flatMap(({ label, colour, dashed }, index) =>
      legendEntry(
        index,
        label,
        `stroke="${colour}" stroke-width="2"${dashed === true ? ' stroke-dasharray="5 4"' : ''}`,
      ),
    ),
    ...(markLabel === undefined || marks.length === 0
      ? []
      : legendEntry(legend.length, markLabel, `stroke="${ink}" stroke-width="2"`)),
  ];
}

function legendEntry(index: number, label: string, stroke: string): string[] {
  const x = plot.left + (index % 2) * 170;
  const y = plot.top + plot.height + 60 + Math.floor(index / 2) * 20;
  return [line([x, y - 4], [x + 24, y - 4], stroke), text(x + 30, y, label, '')];
}

/** From values to coordinates; the first tick is at `from`, the last at `to`. */
function scale(kind: 'linear' | 'log', ticks: readonly number[], from: number, to: number): (value: number) => number {
  const position = (value: number) => (kind === 'log' ? Math.log10(value) : value);
  const [low, high] = [position(ticks[0] ?? 1), position(ticks.at(-1) ?? 1)];
  return (value) => (high === low ? (from + to) / 2 : from + ((position(value) - low) / (high - low)) * (to - from));
}

function line(from: readonly [number, number], to: readonly [number, number], attributes: string): string {
  return `<line x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}" ${attributes}/>`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${round(x)}" y="${round(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escaped}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
