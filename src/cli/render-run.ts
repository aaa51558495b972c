/** A finished run as a person reads it: a short table and one line of conclusion. */
import { memberLabel } from '../core/model.ts';
import type { Schedule } from '../core/renewal-margin.ts';
import { renewalMarginText } from '../core/renewal-margin.ts';
import { durationText } from '../lib/duration.ts';
import { inEach, inLanguage, joined, type Language, type Message, type Text } from '../lib/message.ts';
import { generalMessages } from '../lib/messages/general.ts';
import { runMessages as messages } from '../lib/messages/run.ts';
import { padEnd, wrapLine, wrapMessage } from '../lib/terminal-text.ts';
import type { RunReport } from '../run/report.ts';
import type { Style } from './style.ts';

export interface RunLook {
  readonly schedule: Schedule | undefined;
  readonly style: Style;
  /** Of the terminal; undefined for no wrapping. */
  readonly columns: number | undefined;
  readonly language: Language;
}

export function renderRun(report: RunReport, look: RunLook): string {
  const wrapped = table(report, look).map((line) => wrapLine(line, look.columns, labelWidth + 3));
  return [...wrapped, ...conclusion(report, look).map((line) => wrapMessage(line, look.columns, 2)), ''].join('\n');
}

const labelWidth = 15;
const mostFailures = 20;

function table(
  { plan, outcomes, renewalMargin, seconds }: RunReport,
  { schedule, style, language }: RunLook,
): string[] {
  if (plan === undefined) return [];
  const { createdAccounts, removedAccounts, failedMembers, withoutWorkspace, workspacesNotClosed } = outcomes;
  const removed = removedAccounts.map(({ account }) => account.name);
  const rows: [Message, Text][] = [
    [messages.members(), String(plan.members)],
    [messages.kept(), String(plan.keep.length)],
    [
      messages.joined(),
      listed(
        createdAccounts.length,
        createdAccounts.map(({ name }) => name),
      ),
    ],
    [messages.removed(), listed(removed.length, removed)],
  ];
  if (outcomes.grantedSeconds !== undefined) rows.push([messages.lifetime(), durationText(outcomes.grantedSeconds)]);
  if (renewalMargin !== undefined && schedule !== undefined)
    rows.push([messages.time(), renewalMarginText(renewalMargin, schedule)]);
  rows.push([messages.took(), durationText(seconds)]);
  const lines = rows.map(
    ([name, value]) => `  ${style('dim', padEnd(name[language], labelWidth))} ${inLanguage(value, language)}`,
  );
  for (const [label, failures] of [
    [messages.noToken(), failedMembers],
    [messages.noWorkspace(), withoutWorkspace],
  ] as const) {
    const shown = failures.slice(0, mostFailures);
    for (const { member, failure } of shown) {
      const said = inLanguage(failure.said, language);
      lines.push(`  ${style('yellow', padEnd(label[language], labelWidth))} ${memberLabel(member)}: ${said}`);
    }
    if (failures.length > shown.length)
      lines.push(`  ${messages.andMore({ count: failures.length - shown.length })[language]}`);
  }
  for (const { what, failure } of workspacesNotClosed.slice(0, mostFailures)) {
    const label = padEnd(messages.bindingStays()[language], labelWidth);
    lines.push(`  ${style('yellow', label)} ${what}: ${inLanguage(failure.said, language)}`);
  }
  return lines;
}

function conclusion({ outcome, failure, step, outcomes, exitCode }: RunReport, { style, language }: RunLook): string[] {
  const { minted, failedMembers, withoutWorkspace, workspacesNotClosed } = outcomes;
  if (outcome === 'done') return [style('green', messages.done({ minted })[language])];
  if (failure === undefined || outcome === 'partial') {
    const counts = {
      minted,
      without: failedMembers.length,
      workspaces: withoutWorkspace.length,
      bindings: workspacesNotClosed.length,
      exitCode,
    };
    return [style('yellow', messages.partly(counts)[language])];
  }
  const whatToDo = generalMessages.whatToDo()[language];
  const hint = failure.advised === undefined ? [] : [`  ${whatToDo} ${inLanguage(failure.advised, language)}`];
  const head = style('red', messages.outcome({ outcome: messages[outcome](), step })[language]);
  return [`${head} ${inLanguage(failure.said, language)}`, ...hint];
}

const mostNames = 8;

function listed(count: number, names: readonly string[]): Text {
  if (names.length === 0) return String(count);
  const shown = joined(names.toSorted().slice(0, mostNames), ', ');
  const more = names.length - mostNames;
  const all = more > 0 ? generalMessages.listed({ shown, separator: ', ', more }) : shown;
  return inEach((language) => `${count} (${all[language]})`);
}
