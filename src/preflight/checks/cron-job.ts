/** The CronJob that runs the updater: whether it is there, runs, and would get past its own settings. */

import { type Finding, failed, ok, unknown } from '../../audit/finding.ts';
import type { PreflightContext } from '../context.ts';
import type { Deployed, Variable } from '../deployed.ts';

export async function cronJob(context: PreflightContext): Promise<Finding[]> {
  const { settings, commands, unusable } = context;
  const deployed = await context.deployed();
  if (deployed === undefined && settings.directory.kind !== 'poolc')
    return [unknown(`there is no CronJob in ${settings.metadata.namespace}: what runs sync elsewhere can't be seen`)];
  if (deployed === undefined)
    return [failed(`there is no CronJob of the updater in ${settings.metadata.namespace}`, commands.applyUpdater)];
  const findings: Finding[] = deployed.missingConfigMaps.map((name) =>
    failed(
      `the CronJob takes its settings from the ConfigMap ${name}, which does not exist: its pods can't start`,
      commands.applyUpdater,
    ),
  );
  for (const variable of unusable) {
    const { kind, name } = variable.from;
    findings.push(
      failed(
        `in the ${kind} ${name}: ${variable.why}`,
        hasDefault(variable.name)
          ? { label: 'back to the default', command: unsetCommand(context, deployed, variable) }
          : { label: 'once it is fixed in the overlay', command: commands.applyUpdater },
      ),
    );
  }
  if (deployed.suspended) {
    findings.push(
      failed(
        `the CronJob ${deployed.name} is suspended: no run will renew anyone's token`,
        commands.kubectl`-n ${settings.metadata.namespace} patch cronjob/${deployed.name} --type=merge -p ${'{"spec":{"suspend":false}}'}`,
      ),
    );
  }
  return findings.length > 0 ? findings : [ok(`${deployed.name} is there and not suspended`)];
}

/** Whether a run does without it. */
function hasDefault(setting: string): boolean {
  return setting !== 'POOLC_API_ENDPOINT';
}

/** Takes a variable out of where it is written. */
export function unsetCommand(
  { settings, commands }: Pick<PreflightContext, 'settings' | 'commands'>,
  deployed: Deployed,
  { name, from }: Pick<Variable, 'from'> & { readonly name: string },
): string {
  if (from.kind === 'CronJob')
    return commands.kubectl`-n ${settings.metadata.namespace} set env cronjob/${deployed.name} ${name}-`;
  const patch = JSON.stringify([{ op: 'remove', path: `/data/${name}` }]);
  return commands.kubectl`-n ${settings.metadata.namespace} patch configmap/${from.name} --type=json -p ${patch}`;
}
