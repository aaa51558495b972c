/** A plan as a person reads it: a line for each account and the reason, the counts, and the guard's verdict. */
import type { Verdict } from '../core/guard.ts';
import { memberLabel } from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import { wrapLine } from '../lib/terminal-text.ts';
import type { Style } from './style.ts';

export interface PlanLook {
  /** What a MemberSync says of it; undefined without one. */
  readonly directory: string | undefined;
  /** The sentence about slack, where there is a schedule. */
  readonly time: string | undefined;
  readonly style: Style;
  /** Of the terminal; undefined for no wrapping. */
  readonly columns: number | undefined;
}

export function renderPlan(plan: Plan, verdict: Verdict, { directory, time, style, columns }: PlanLook): string {
  const { remove, create, keep, warn, members } = plan;
  const accounts = [
    ...remove.map(({ account, reason }) => `${style('red', '-')} ${account.name}  ${style('dim', reason)}`),
    ...create.map(
      ({ member, name, reason }) =>
        `${style('green', '+')} ${name}  ${style('dim', `${memberLabel(member)}: ${reason}`)}`,
    ),
    ...keep.map(
      ({ member, account, reason }) => `  ${account.name}  ${style('dim', `${memberLabel(member)}: ${reason}`)}`,
    ),
    ...warn.map(({ about, reason }) => `${style('yellow', '!')} ${about}  ${reason}`),
  ].map((line) => wrapLine(line, columns, 4));
  const conclusion = [
    `${members} members: ${keep.length} keep their account, ${create.length} join, ${remove.length} leave`,
    ...(directory === undefined ? [] : [`directory: ${directory}`]),
    ...(time === undefined ? [] : [time]),
    ...verdict.notes.map((note) => `note: ${note}`),
    ...(verdict.refusals.length === 0 ? [style('green', 'the guard allows this; sync would apply it')] : []),
    ...verdict.refusals.map(({ reason }) => style('red', `the guard refuses this: ${reason}`)),
  ].map((line) => wrapLine(line, columns, 2));
  return `${[...accounts, '', ...conclusion].join('\n')}\n`;
}
