/** ALLOW_REMOVALS and ALLOW_ADDITIONS are for one run. Left in the CronJob they switch the guard off for all of them. */

import { type Finding, failed, ok, unknown } from '../../audit/finding.ts';
import type { PreflightContext } from '../context.ts';
import { unsetCommand } from './cron-job.ts';

const oneTimeSettings = ['ALLOW_REMOVALS', 'ALLOW_ADDITIONS'];

export async function allowances(context: PreflightContext): Promise<Finding[]> {
  const deployed = await context.deployed();
  if (deployed === undefined) return [unknown('there is no CronJob to look at')];
  const findings = oneTimeSettings.flatMap((name) => {
    const variable = deployed.variables.get(name);
    if (variable === undefined) return [];
    const { value, from } = variable;
    return [
      failed(
        `${name}=${value} is left in the ${from.kind} ${from.name}: it is for one run, and holds the guard back in every one`,
        unsetCommand(context, deployed, { name, from }),
      ),
    ];
  });
  return findings.length > 0 ? findings : [ok('no allowance of a single run is left in the CronJob')];
}
