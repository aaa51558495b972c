/** A finished run as a person reads it: a short table and one line of conclusion. */
import { memberLabel } from '../core/model.ts';
import type { Schedule } from '../core/renewal-margin.ts';
import { renewalMarginText } from '../core/renewal-margin.ts';
import { formatDuration } from '../lib/duration.ts';
import { wrapLine, wrapMessage } from '../lib/terminal-text.ts';
import type { RunReport } from '../run/report.ts';
import type { Style } from './style.ts';

/** @param columns of the terminal; undefined for no wrapping */
export function renderRun(
  report: RunReport,
  { schedule, style, columns }: { schedule: Schedule | undefined; style: Style; columns: number | undefined },
): string {
  const wrapped = table(report, schedule, style).map((line) => wrapLine(line, columns, labelWidth + 3));
  return [...wrapped, ...conclusion(report, style).map((line) => wrapMessage(line, columns, 2)), ''].join('\n');
}

const labelWidth = 15;

function table(
  { plan, outcomes, renewalMargin, seconds }: RunReport,
  schedule: Schedule | undefined,
  style: Style,
): string[] {
  if (plan === undefined) return [];
  const failed = outcomes.failedMembers;
  const rows: [string, string][] = [
    ['members', String(plan.members)],
    ['kept', String(plan.keep.length)],
    ['joined', `${outcomes.createdAccounts.length}${listed(outcomes.createdAccounts.map(({ name }) => name))}`],
    [
      'removed',
      `${outcomes.removedAccounts.length}${listed(outcomes.removedAccounts.map(({ account }) => account.name))}`,
    ],
  ];
  if (outcomes.grantedSeconds !== undefined) rows.push(['token lifetime', formatDuration(outcomes.grantedSeconds)]);
  if (renewalMargin !== undefined && schedule !== undefined)
    rows.push(['time', renewalMarginText(renewalMargin, schedule)]);
  rows.push(['took', formatDuration(seconds)]);
  const lines = rows.map(([name, value]) => `  ${style('dim', name.padEnd(labelWidth))} ${value}`);
  for (const { member, failure } of failed.slice(0, 20))
    lines.push(`  ${style('yellow', 'no fresh token'.padEnd(labelWidth))} ${memberLabel(member)}: ${failure.message}`);
  if (failed.length > 20) lines.push(`  … and ${failed.length - 20} more`);
  const { withoutWorkspace } = outcomes;
  for (const { member, failure } of withoutWorkspace.slice(0, 20))
    lines.push(`  ${style('yellow', 'no workspace'.padEnd(labelWidth))} ${memberLabel(member)}: ${failure.message}`);
  if (withoutWorkspace.length > 20) lines.push(`  … and ${withoutWorkspace.length - 20} more`);
  return lines;
}

function conclusion({ outcome, failure, step, outcomes, exitCode }: RunReport, style: Style): string[] {
  if (failure === undefined) {
    const delivered = `${outcomes.minted} members have a fresh token`;
    if (outcome === 'done') return [style('green', `✓ done: ${delivered}`)];
    const without = outcomes.failedMembers.length;
    const workspaces = outcomes.withoutWorkspace.length;
    const more = workspaces === 0 ? '' : `, ${workspaces} have no complete workspace`;
    return [style('yellow', `! partly done: ${delivered}, ${without} have none${more} (exit code ${exitCode})`)];
  }
  const where = step === undefined ? '' : ` (step: ${step})`;
  const hint = failure.hint === undefined ? [] : [`  what to do: ${failure.hint}`];
  return [`${style('red', `✗ ${outcome}${where}:`)} ${failure.message}`, ...hint];
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return '';
  return ` (${names.toSorted().slice(0, 8).join(', ')}${names.length > 8 ? `, … ${names.length - 8} more` : ''})`;
}
