/** Preflight's report as a person reads it: one line a check, and below it what to run. */
import type { Finding, Fix, Status } from '../audit/finding.ts';
import { withoutInvisible, wrapLine } from '../lib/terminal-text.ts';
import type { CheckResult, PreflightReport } from '../preflight/preflight.ts';
import type { Style } from './style.ts';

const marks: Record<Status, { mark: string; word: string; colour: Parameters<Style>[0] }> = {
  ok: { mark: '✓', word: 'ok', colour: 'green' },
  warning: { mark: '!', word: 'warning', colour: 'yellow' },
  failed: { mark: '✗', word: 'failed', colour: 'red' },
  unknown: { mark: '?', word: 'unknown', colour: 'cyan' },
};
const nameWidth = 15;
const indent = 2 + nameWidth + 1;

export interface RenderOptions {
  readonly style: Style;
  /** Of the terminal; undefined for no wrapping. */
  readonly columns: number | undefined;
}

export function renderPreflight(report: PreflightReport, options: RenderOptions): string {
  const { server, user, results } = report;
  const lines = [
    options.style('dim', wrapLine(`${server}, as ${user}`, options.columns, 2)),
    '',
    ...results.flatMap((result) => checkLines(result, options)),
    '',
    summary(report, options),
  ];
  return `${lines.join('\n')}\n`;
}

function checkLines({ check, findings }: CheckResult, options: RenderOptions): string[] {
  return findings.flatMap((finding, index) => {
    const name = index === 0 ? check : '';
    // What one command fixes is said first, and the command once.
    const isLastOfFix = !sameFixes(finding, findings[index + 1]);
    return [
      headLine(name, finding, options),
      ...(finding.steps ?? []).map((step) => stepLine(step, options)),
      ...(isLastOfFix ? finding.fixes.flatMap((fix) => fixLines(fix, options)) : []),
    ];
  });
}

function headLine(name: string, { status, message }: Finding, { style, columns }: RenderOptions): string {
  const { mark, word, colour } = marks[status];
  // A message may quote what the API server or the PoolC API has said.
  const text = withoutInvisible(message);
  const said = status === 'ok' ? text : `${word}: ${text}`;
  const line = wrapLine(`${mark} ${name.padEnd(nameWidth)} ${said}`, columns, indent);
  return line.replace(mark, style(colour, mark)).replace(`${word}:`, style(colour, `${word}:`));
}

function stepLine(step: string, { style, columns }: RenderOptions): string {
  const lead = ' '.repeat(4);
  return style('dim', wrapLine(`${lead}${withoutInvisible(step)}`, columns, lead.length + 10));
}

/** A command stays whole, however long: it is there to be copied. */
function fixLines({ label, command }: Fix, { style, columns }: RenderOptions): string[] {
  const lead = ' '.repeat(4);
  return [
    ...(label === undefined ? [] : [style('dim', wrapLine(`${lead}# ${label}`, columns, 6))]),
    `${lead}${style('bold', command)}`,
  ];
}

function sameFixes(one: Finding, other: Finding | undefined): boolean {
  return (
    other !== undefined &&
    one.fixes.length === other.fixes.length &&
    one.fixes.every(
      ({ command, label }, index) => command === other.fixes[index]?.command && label === other.fixes[index]?.label,
    )
  );
}

function summary({ counts }: PreflightReport, { style, columns }: RenderOptions): string {
  const parts = (['failed', 'warning', 'unknown', 'ok'] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => style(marks[status].colour, `${counts[status]} ${plural(status, counts[status])}`));
  const conclusion =
    counts.failed > 0
      ? 'Not ready: run the commands above in their order, in a checkout of this project, and preflight again.'
      : counts.unknown > 0
        ? "Nothing failed; what is unknown needs more rights: an administrator's kubeconfig."
        : counts.warning > 0
          ? 'Nothing failed.'
          : 'All is in place.';
  return `${parts.join(', ')}\n${wrapLine(conclusion, columns)}`;
}

function plural(status: Status, count: number): string {
  return status === 'warning' && count !== 1 ? 'warnings' : status;
}
