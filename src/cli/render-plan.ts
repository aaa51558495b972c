/** A plan as a person reads it: a line for each change and the reason, removals last, the counts, and the guard's verdict. */
import type { Verdict } from '../core/guard.ts';
import { memberLabel } from '../core/model.ts';
import type { Keep, Plan } from '../core/plan.ts';
import { byName, compareNames } from '../lib/by-name.ts';
import { inLanguage, type Language, type Text } from '../lib/message.ts';
import { planReasons } from '../lib/messages/plan.ts';
import { planMessages as messages } from '../lib/messages/run.ts';
import { wrapLine, wrapMessage } from '../lib/terminal-text.ts';
import type { WorkspaceChange } from '../registry/workspaces.ts';
import type { WorkspacePlan } from '../sync/workspaces.ts';
import type { Style } from './style.ts';

export interface PlanLook {
  /** Those who stay as they are as well. */
  readonly all: boolean;
  /** With the ids of the members. */
  readonly wide: boolean;
  /** What a MemberSync says of it; undefined without one. */
  readonly directory: string | undefined;
  /** The sentence about the renewal margin, where there is a schedule. */
  readonly time: Text | undefined;
  /** Below the guard's refusals: a sentence, and the lines to copy. Undefined for none. */
  readonly advice: Text | undefined;
  /** What a sync would do about the members' workspaces; undefined where they have none. */
  readonly workspaces: WorkspacePlan | undefined;
  readonly style: Style;
  readonly language: Language;
  /** Of the terminal; undefined for no wrapping. */
  readonly columns: number | undefined;
}

export function renderPlan(plan: Plan, verdict: Verdict, look: PlanLook): string {
  const { directory, time, advice, style, columns, language } = look;
  const { keep, create, remove, members } = plan;
  const counts = { members, keep: keep.length, join: create.length, leave: remove.length };
  const conclusion = [
    messages.counts({ ...counts, hidden: !look.all && keep.length > 0 })[language],
    ...(directory === undefined ? [] : [messages.directory({ directory })[language]]),
    ...(time === undefined ? [] : [inLanguage(time, language)]),
    ...verdict.notes.map((note) => messages.note({ note })[language]),
    ...(verdict.refusals.length === 0 ? [style('green', messages.allowed()[language])] : []),
    ...verdict.refusals.map(({ reason }) => style('red', messages.refused({ reason })[language])),
  ].map((line) => wrapLine(line, columns, 2));
  const accounts = [...accountLines(plan, look), ...workspaceLines(look)].map((line) => wrapLine(line, columns, 4));
  const below = advice === undefined ? [] : [wrapMessage(inLanguage(advice, language), columns, 2)];
  return `${[...accounts, ...(accounts.length === 0 ? [] : ['']), ...conclusion, ...below].join('\n')}\n`;
}

/** Accounts that sync would create or remove, as `kubectl get -o name` names them. */
export function changedNames({ create, remove }: Plan): string {
  const names = [...create.map(({ name }) => name), ...remove.map(({ account }) => account.name)];
  return names
    .toSorted(compareNames)
    .map((name) => `serviceaccount/${name}\n`)
    .join('');
}

/** Workspaces as data: who gets what, which RoleBindings of leavers go, and who can have none. */
export function workspaceData({ closing, due, impossible }: WorkspacePlan) {
  return {
    remove: closing.map(({ what }) => what),
    change: due.flatMap(({ member, changes }) => changes.map(({ verb, what }) => ({ uuid: member.id, verb, what }))),
    impossible: impossible.map(({ member, failure }) => ({ uuid: member.id, reason: failure.message })),
  };
}

const signs = { create: ['green', '+'], replace: ['yellow', '~'], delete: ['red', '-'] } as const;

function workspaceLines({ workspaces, style, language }: PlanLook): string[] {
  if (workspaces === undefined) return [];
  const lineOf = ({ verb, what }: WorkspaceChange, why: string) => {
    const [colour, sign] = signs[verb];
    return `${style(colour, sign)} ${what}  ${style('dim', why)}`;
  };
  const { impossible, due, closing } = workspaces;
  return [
    ...impossible.map(
      ({ member, failure }) =>
        `${style('yellow', '!')} ${planReasons.noWorkspace({ member: memberLabel(member), why: failure.said })[language]}`,
    ),
    ...due.flatMap(({ member, changes }) =>
      changes.map((change) =>
        lineOf(
          change,
          change.isOutdated
            ? planReasons.outdatedWorkspace({ member: memberLabel(member) })[language]
            : memberLabel(member),
        ),
      ),
    ),
    ...closing.map((change) => lineOf(change, planReasons.ofLeaver()[language])),
  ];
}

/** Removals last: they stand right above the counts, where a long plan ends on a terminal. */
function accountLines(plan: Plan, { all, wide, style, language }: PlanLook): string[] {
  const { keep, create, remove, warn, record } = plan;
  // An account that is adopted stays, but gets into the record: a change.
  const recorded = new Set(record.map(({ name }) => name));
  const shown = keep.filter(({ account }) => all || recorded.has(account.name));
  const idOf = (memberId: string) => (wide ? `  ${memberId}` : '');
  const keptLine = ({ member, account, reason }: Keep) =>
    `  ${account.name}${idOf(member.id)}  ${style('dim', `${memberLabel(member)}: ${reason[language]}`)}`;
  return [
    ...shown.toSorted(byName(({ account }) => account.name)).map(keptLine),
    ...warn
      .toSorted(byName(({ about }) => about))
      .map(({ about, reason }) => `${style('yellow', '!')} ${about}  ${reason[language]}`),
    ...create
      .toSorted(byName(({ name }) => name))
      .map(
        ({ member, name, reason }) =>
          `${style('green', '+')} ${name}${idOf(member.id)}  ${style('dim', `${memberLabel(member)}: ${reason[language]}`)}`,
      ),
    ...remove
      .toSorted(byName(({ account }) => account.name))
      .map(
        ({ account, reason }) =>
          `${style('red', '-')} ${account.name}${idOf(account.memberId)}  ${style('dim', reason[language])}`,
      ),
  ];
}
