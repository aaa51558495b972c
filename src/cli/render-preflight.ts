/** Preflight's report as a person reads it: one line a check, and below it what to run. */
import type { Finding, Fix, Status } from '../audit/finding.ts';
import { en, inLanguage, type Language, type Message, type Text } from '../lib/message.ts';
import { preflightMessages as messages } from '../lib/messages/preflight.ts';
import { withoutInvisible, wrapLine } from '../lib/terminal-text.ts';
import type { CheckResult, PreflightReport } from '../preflight/preflight.ts';
import type { Style } from './style.ts';

const marks: Record<Status, { mark: string; word: Message | undefined; colour: Parameters<Style>[0] }> = {
  ok: { mark: '✓', word: undefined, colour: 'green' },
  warning: { mark: '!', word: messages.warning(), colour: 'yellow' },
  failed: { mark: '✗', word: messages.failed(), colour: 'red' },
  unknown: { mark: '?', word: messages.unknown(), colour: 'cyan' },
};
const nameWidth = 15;
const indent = 2 + nameWidth + 1;

export interface RenderOptions {
  readonly style: Style;
  /** Of the terminal; undefined for no wrapping. */
  readonly columns: number | undefined;
  readonly language: Language;
}

export function renderPreflight(report: PreflightReport, options: RenderOptions): string {
  const { server, user, results } = report;
  const lines = [
    options.style('dim', wrapLine(messages.asUser({ server, user })[options.language], options.columns, 2)),
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

function headLine(name: string, { status, message }: Finding, { style, columns, language }: RenderOptions): string {
  const { mark, word, colour } = marks[status];
  // A message may quote what the API server or the PoolC API has said.
  const text = withoutInvisible(inLanguage(message, language));
  const lead = word === undefined ? '' : `${word[language]}: `;
  const line = wrapLine(`${mark} ${name.padEnd(nameWidth)} ${lead}${text}`, columns, indent);
  const coloured = line.replace(mark, style(colour, mark));
  return lead === '' ? coloured : coloured.replace(lead.trimEnd(), style(colour, lead.trimEnd()));
}

function stepLine(step: Text, { style, columns, language }: RenderOptions): string {
  const lead = ' '.repeat(4);
  return style('dim', wrapLine(`${lead}${withoutInvisible(inLanguage(step, language))}`, columns, lead.length + 10));
}

/** A command stays whole, however long: it is there to be copied. */
function fixLines({ label, command }: Fix, { style, columns, language }: RenderOptions): string[] {
  const lead = ' '.repeat(4);
  return [
    ...(label === undefined ? [] : [style('dim', wrapLine(`${lead}# ${inLanguage(label, language)}`, columns, 6))]),
    `${lead}${style('bold', command)}`,
  ];
}

function sameFixes(one: Finding, other: Finding | undefined): boolean {
  return (
    other !== undefined &&
    one.fixes.length === other.fixes.length &&
    one.fixes.every(
      ({ command, label }, index) =>
        command === other.fixes[index]?.command && sameText(label, other.fixes[index]?.label),
    )
  );
}

function sameText(one: Text | undefined, other: Text | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return en(one) === en(other);
}

const counted = {
  failed: messages.countFailed,
  warning: messages.countWarning,
  unknown: messages.countUnknown,
  ok: messages.countOk,
} as const;

function summary({ counts }: PreflightReport, { style, columns, language }: RenderOptions): string {
  const parts = (['failed', 'warning', 'unknown', 'ok'] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => style(marks[status].colour, counted[status]({ count: counts[status] })[language]));
  const conclusion =
    counts.failed > 0
      ? messages.notReady()
      : counts.unknown > 0
        ? messages.needsRights()
        : counts.warning > 0
          ? messages.nothingFailed()
          : messages.allInPlace();
  return `${parts.join(', ')}\n${wrapLine(conclusion[language], columns)}`;
}
