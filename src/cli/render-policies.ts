/** The roll-out of the policies as a person reads it. What members have chosen is escaped for the terminal. */

import { ownerLabel } from '../audit/members.ts';
import type { CommandTemplate } from '../lib/shell-command.ts';
import { withoutInvisible, wrapLine } from '../lib/terminal-text.ts';
import type { Adopted } from '../rollout/adopt.ts';
import type { AdoptionDecision } from '../rollout/decide-adoption.ts';
import type { ExemptMember } from '../rollout/exempt.ts';
import type { Grant, GrantRequest } from '../rollout/grant.ts';
import type { Provided } from '../rollout/provide.ts';
import type { WouldRefuse } from '../rollout/would-refuse.ts';

export interface RolloutLook {
  /** Of the terminal; undefined for no wrapping. */
  readonly columns: number | undefined;
  /** For the commands that are left to an operator. */
  readonly kubectl: CommandTemplate;
}

/** @param isLast whether nothing is going to be done about it */
export function renderAdoptionPlan(
  { decisions, exempt }: { readonly decisions: readonly AdoptionDecision[]; readonly exempt: readonly ExemptMember[] },
  { isLast, columns, kubectl }: RolloutLook & { readonly isLast: boolean },
): string {
  const lines = decisions.flatMap((decision) => decisionLines(decision, columns, kubectl));
  const count = decisions.filter(({ kind }) => kind === 'adopt').length;
  const end =
    count === 0
      ? 'There is nothing to adopt.'
      : isLast
        ? `Nothing was changed. To label ${named(count)}: add --yes.`
        : undefined;
  const failures = exempt.flatMap(({ problem, command }) => [
    wrapLine(withoutInvisible(`failed: ${problem}`), columns, 2),
    `    ${command}`,
  ]);
  return textOf([...lines, ...failures, ...(end === undefined ? [] : [end])]);
}

function decisionLines(
  decision: AdoptionDecision,
  columns: number | undefined,
  kubectl: CommandTemplate,
): readonly string[] {
  const { namespace, everybody } = decision;
  const said = (text: string) => wrapLine(withoutInvisible(`${namespace}: ${text}`), columns, 2);
  const note = everybody ? [said("every member is admin there; such a binding can't be made anew")] : [];
  switch (decision.kind) {
    case 'adopt':
      return [said(`belongs to ${decision.owner}`), ...note];
    case 'left alone':
      return [said(`left alone: ${decision.reason}`), ...note];
    case 'undecided':
      return [
        said(`${decision.candidates.length} members are admin there: choose its owner, the others keep their rights`),
        ...decision.candidates.map(
          (owner) => `    ${kubectl`label namespace/${namespace} ${`${ownerLabel}=${owner}`}`}`,
        ),
        ...note,
      ];
  }
}

export function renderAdopted(adopted: readonly Adopted[], { columns }: RolloutLook): string {
  const problems = adopted.flatMap(({ namespace, problem }) =>
    problem === undefined ? [] : [wrapLine(withoutInvisible(`${namespace}: not labelled: ${problem}`), columns, 2)],
  );
  return textOf([...problems, `${named(adopted.length - problems.length)} labelled with their owners.`]);
}

export function renderWouldRefuse({ refused, untried }: WouldRefuse, { columns }: RolloutLook): string {
  const said = (text: string) => wrapLine(withoutInvisible(text), columns, 4);
  const lines = refused.flatMap(({ namespace, owner, object, reasons }) =>
    reasons.map((reason) =>
      said(`${namespace}${object === undefined ? '' : ` ${object}`} (${owner ?? "nobody's"}): ${reason}`),
    ),
  );
  const objects = `${refused.length} ${refused.length === 1 ? 'object' : 'objects'} would be refused`;
  return textOf([
    ...lines,
    ...untried.map((what) => said(`could not be tried: ${what}`)),
    untried.length === 0 ? `${objects}.` : `${objects}; ${untried.length} could not be tried.`,
  ]);
}

export function renderProvided(provided: readonly Provided[], { columns }: RolloutLook): string {
  const lines = provided.flatMap(({ namespace, outcome, made, missing, reason }) => {
    const done = made.length === 0 ? '' : `made ${made.join(', ')}`;
    const problem = outcome === 'failed' ? `failed: ${reason ?? ''}` : `left alone: ${reason ?? ''}`;
    const absent = missing.length === 0 ? '' : `has no ${missing.join(', ')}, which its owner may have deleted`;
    const parts = [done, absent, reason === undefined ? '' : problem].filter((part) => part !== '');
    return parts.length === 0 ? [] : [wrapLine(withoutInvisible(`${namespace}: ${parts.join('; ')}`), columns, 2)];
  });
  const count = (wanted: Provided['outcome']) => provided.filter(({ outcome }) => outcome === wanted).length;
  const failed = count('failed');
  const end = `${named(count('complete') + count('provided'))} complete${failed === 0 ? '' : `, ${failed} failed`}.`;
  return textOf([...lines, end]);
}

export function renderGrant(
  { namespace, account }: GrantRequest,
  granted: Grant,
  { columns, kubectl }: RolloutLook,
): string {
  const said = (text: string) => wrapLine(withoutInvisible(text), columns, 4);
  switch (granted.outcome) {
    case 'made':
      return textOf([
        said(`${namespace} is ${account}'s. Kyverno gives it what it comes with; otherwise run policies provide.`),
      ]);
    case 'theirs already':
      return textOf([said(`${namespace} is ${account}'s already.`)]);
    case 'inherits':
      return textOf([
        said(
          `Nothing was made: ${granted.bindings.length} bindings name ServiceAccounts of ${namespace}, so that ${account} would have what they give. Take those subjects out first:`,
        ),
        ...granted.bindings.map(({ name, namespace: where }) =>
          where === undefined
            ? `    ${kubectl`edit clusterrolebinding/${name}`}`
            : `    ${kubectl`-n ${where} edit rolebinding/${name}`}`,
        ),
      ]);
  }
}

function named(count: number): string {
  return `${count} ${count === 1 ? 'namespace' : 'namespaces'}`;
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
