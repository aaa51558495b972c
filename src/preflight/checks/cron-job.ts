/** The CronJob that runs the updater: whether it is there, runs, and would get past its own settings. */

import { type Finding, failed, ok, unknown } from '../../audit/finding.ts';
import { cronJobMessages as messages } from '../../lib/messages/preflight-deployment.ts';
import type { PreflightContext } from '../context.ts';
import type { Deployed, Variable } from '../deployed.ts';

export async function cronJob(context: PreflightContext): Promise<Finding[]> {
  const { settings, commands, unusable } = context;
  const deployed = await context.deployed();
  if (deployed === undefined && settings.directory.kind !== 'poolc')
    return [unknown(messages.notSeen({ namespace: settings.metadata.namespace }))];
  if (deployed === undefined)
    return [failed(messages.missing({ namespace: settings.metadata.namespace }), commands.applyUpdater)];
  const findings: Finding[] = deployed.missingConfigMaps.map((name) =>
    failed(messages.noConfigMap({ name }), commands.applyUpdater),
  );
  for (const variable of unusable) {
    const { kind, name } = variable.from;
    findings.push(
      failed(
        messages.unusable({ kind, name, why: variable.why }),
        hasDefault(variable.name)
          ? { label: messages.toDefault(), command: unsetCommand(context, deployed, variable) }
          : { label: messages.afterFix(), command: commands.applyUpdater },
      ),
    );
  }
  if (deployed.suspended) {
    findings.push(
      failed(
        messages.suspended({ name: deployed.name }),
        commands.kubectl`-n ${settings.metadata.namespace} patch cronjob/${deployed.name} --type=merge -p ${'{"spec":{"suspend":false}}'}`,
      ),
    );
  }
  return findings.length > 0 ? findings : [ok(messages.runs({ name: deployed.name }))];
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
