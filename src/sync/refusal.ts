/** What an operator reads when the guard has refused: who would go, the numbers, and the one setting that allows exactly this. */
import { flagOf, type Settings } from '../config.ts';
import type { Refusal } from '../plan/guard.ts';
import type { Plan } from '../plan/plan.ts';
import { Failure } from '../shared/errors.ts';
import type { RunContext } from './context.ts';

const screenful = 20;

export type RefusedContext = Pick<RunContext, 'settings' | 'commandLine' | 'agreedPlan' | 'firstRunConfirmed'>;

export function refusalFailure(context: RefusedContext, plan: Plan, refusals: readonly Refusal[]): Failure {
  const reasons = refusals.map(({ reason }) => reason).join('; ');
  return new Failure('refused', `nothing was changed and nothing was sent: ${reasons}${whoWouldGo(plan)}`, {
    hint: whatToDo(context, refusals),
  });
}

function whoWouldGo({ remove }: Plan): string {
  const names = remove.filter(({ held }) => !held).map(({ account }) => account.name);
  if (names.length === 0) return '';
  const rest = names.length > screenful ? ` and ${names.length - screenful} more` : '';
  return `. Would be removed: ${names.slice(0, screenful).join(', ')}${rest}`;
}

function whatToDo(context: RefusedContext, refusals: readonly Refusal[]): string {
  const { settings, agreedPlan } = context;
  if (refusals.some(({ allowance }) => allowance === undefined)) {
    return 'look at the directory (GET /kubernetes/ of the PoolC API): no setting allows this, the directory must be right first';
  }
  if (agreedPlan !== undefined && refusals.some(({ allowance }) => allowance === 'new-plan'))
    return newPlan(context, agreedPlan.file);
  const allowances = refusals.flatMap(({ allowance }) => (typeof allowance === 'object' ? [allowance] : []));
  if (!settings.inPod) {
    const isFirst = refusals.some(({ allowance }) => allowance === 'first-run');
    const words = [
      ...(isFirst || context.firstRunConfirmed ? ['--first-run'] : []),
      ...(agreedPlan === undefined ? [] : ['--plan', agreedPlan.file]),
      ...allowances.flatMap(({ setting, value }) => [flagOf(setting), String(value)]),
    ];
    return `check the directory first; if this is really meant, run:\n${context.commandLine('sync', words)}`;
  }
  const variables = allowances.map(({ setting, value }) => `${setting}=${value}`);
  return `check the directory first; if this is really meant, run once with the allowance:\n${allowanceCommand(variables, settings)}`;
}

/** Numbered, so that nothing is applied unseen where all of it is pasted at once. */
function newPlan({ commandLine, firstRunConfirmed }: RefusedContext, file: string): string {
  const firstRun = firstRunConfirmed ? ['--first-run'] : [];
  return [
    'make a new plan, look at it, and apply it only if it is what you mean; three steps:',
    `1. make it: ${commandLine('plan', [...firstRun, '--out', file])}`,
    '2. look at who would be created and removed, and why',
    `3. apply it: ${commandLine('sync', [...firstRun, '--plan', file])}`,
  ].join('\n');
}

/**
 * A Job made from the CronJob with the allowance in it, so that the CronJob itself never keeps it. Its name holds the
 * time: Jobs that have ended stay for a week, and another refusal may follow before.
 */
export function allowanceCommand(
  variables: readonly string[],
  { podNamespace, cronJobName }: Pick<Settings, 'podNamespace' | 'cronJobName'>,
): string {
  const kubectl = `kubectl -n ${podNamespace}`;
  return [
    `${kubectl} create job --from=cronjob/${cronJobName} ${cronJobName}-allowed-$(date +%s) --dry-run=client -o yaml`,
    `kubectl set env --local -f - ${variables.join(' ')} -o yaml`,
    `${kubectl} create -f -`,
  ].join(' | ');
}
