/** What an operator reads when the guard has refused: who would go, the numbers, and the one setting that allows exactly this. */
import type { Settings } from '../config/settings.ts';
import type { Refusal } from '../core/guard.ts';
import type { Plan } from '../core/plan.ts';
import { Failure } from '../lib/failure.ts';

const screenful = 20;

export function refusalFailure(plan: Plan, refusals: readonly Refusal[], settings: Settings): Failure {
  const reasons = refusals.map(({ reason }) => reason).join('; ');
  return new Failure('refused', `nothing was changed and nothing was sent: ${reasons}${whoWouldGo(plan)}`, {
    hint: whatToDo(refusals, settings),
  });
}

function whoWouldGo({ remove }: Plan): string {
  const names = remove.filter(({ held }) => !held).map(({ account }) => account.name);
  if (names.length === 0) return '';
  const rest = names.length > screenful ? ` and ${names.length - screenful} more` : '';
  return `. Would be removed: ${names.slice(0, screenful).join(', ')}${rest}`;
}

function whatToDo(refusals: readonly Refusal[], settings: Settings): string {
  if (refusals.some(({ allowance }) => allowance === undefined)) {
    return 'look at the directory (GET /kubernetes/ of the PoolC API): no setting allows this, the directory must be right first';
  }
  if (refusals.some(({ allowance }) => allowance === 'new-plan')) {
    return 'make a new plan, look at it, and apply that one:\ncredentials-updater plan --out plan.json && credentials-updater sync --plan plan.json';
  }
  const variables = refusals.flatMap(({ allowance }) =>
    typeof allowance === 'object' ? [`${allowance.setting}=${allowance.value}`] : [],
  );
  const flags = refusals.some(({ allowance }) => allowance === 'first-run') ? ' --first-run' : '';
  if (!settings.inPod) {
    const assignments = variables.map((variable) => `${variable} `).join('');
    return `check the directory first; if this is really meant, run:\n${assignments}credentials-updater sync${flags}`;
  }
  return `check the directory first; if this is really meant, run once with the allowance:\n${allowanceCommand(variables, settings)}`;
}

/**
 * A Job made from the CronJob with the allowance in it, so that the CronJob itself never keeps it. Its name holds the
 * time: Jobs that have ended stay for a week, and another refusal may follow before.
 */
export function allowanceCommand(
  variables: readonly string[],
  { metadata, cronJobName }: Pick<Settings, 'metadata' | 'cronJobName'>,
): string {
  const kubectl = `kubectl -n ${metadata.namespace}`;
  return [
    `${kubectl} create job --from=cronjob/${cronJobName} ${cronJobName}-allowed-$(date +%s) --dry-run=client -o yaml`,
    `kubectl set env --local -f - ${variables.join(' ')} -o yaml`,
    `${kubectl} create -f -`,
  ].join(' | ');
}
