/** What an operator can run to allow what was refused: the very run again with the one setting, or a Job made from the CronJob. */
import { flagOf } from '../config/definitions.ts';
import type { Settings } from '../config/settings.ts';
import type { Refusal } from '../core/guard.ts';
import type { Directory } from '../directories/directory.ts';
import type { Message } from '../lib/message.ts';
import { guardMessages as messages } from '../lib/messages/guard.ts';
import type { CommandLine } from '../lib/shell-command.ts';

/** The run that was refused. */
export interface RefusedRun {
  readonly settings: Pick<Settings, 'inPod' | 'metadata' | 'cronJobName'>;
  readonly directory: Pick<Directory, 'whatToLookAt'>;
  readonly commandLine: CommandLine;
  /** The file of the plan that was agreed to (`--plan`), as it was given. */
  readonly planFile: string | undefined;
  /** `--first-run` was given. */
  readonly firstRun: boolean;
}

export function whatAllows(run: RefusedRun, refusals: readonly Refusal[]): Message {
  const { settings, directory, planFile, commandLine } = run;
  if (refusals.some(({ allowance }) => allowance === undefined)) {
    return messages.directoryFirst({ what: directory.whatToLookAt });
  }
  if (planFile !== undefined && refusals.some(({ allowance }) => allowance === 'new-plan'))
    return newPlan(run, planFile);
  const allowances = refusals.flatMap(({ allowance }) => (typeof allowance === 'object' ? [allowance] : []));
  if (!settings.inPod) {
    const isFirst = refusals.some(({ allowance }) => allowance === 'first-run');
    const words = [
      ...(isFirst || run.firstRun ? ['--first-run'] : []),
      ...(planFile === undefined ? [] : ['--plan', planFile]),
      ...allowances.flatMap(({ setting, value }) => [flagOf(setting), String(value)]),
    ];
    return messages.runAgain({ command: commandLine('sync', words) });
  }
  const variables = allowances.map(({ setting, value }) => `${setting}=${value}`);
  return messages.runOnce({ command: allowanceCommand(variables, settings) });
}

/** Numbered, so that nothing is applied unseen where all of it is pasted at once. */
function newPlan({ commandLine, firstRun }: RefusedRun, file: string): Message {
  const flags = firstRun ? ['--first-run'] : [];
  return messages.newPlan({
    plan: commandLine('plan', [...flags, '--out', file]),
    sync: commandLine('sync', [...flags, '--plan', file]),
  });
}

/**
 * A Job made from the CronJob with the allowance in it, so that the CronJob itself never keeps it. Its name holds the
 * time: Jobs that have ended stay for a week, and another refusal may follow before.
 */
function allowanceCommand(
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
