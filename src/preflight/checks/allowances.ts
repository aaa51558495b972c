/** ALLOW_REMOVALS and ALLOW_ADDITIONS are for one run. Left in the CronJob they switch the guard off for all of them. */

import { type Finding, failed, ok, unknown } from '../../audit/finding.ts';
import { cronJobMessages as messages } from '../../lib/messages/preflight-deployment.ts';
import type { PreflightContext } from '../context.ts';
import { unsetCommand } from './cron-job.ts';

const oneTimeSettings = ['ALLOW_REMOVALS', 'ALLOW_ADDITIONS'];

export async function allowances(context: PreflightContext): Promise<Finding[]> {
  const deployed = await context.deployed();
  if (deployed === undefined) return [unknown(messages.none())];
  const findings = oneTimeSettings.flatMap((name) => {
    const variable = deployed.variables.get(name);
    if (variable === undefined) return [];
    const { value, from } = variable;
    return [
      failed(
        messages.allowanceLeft({ setting: name, value, ...from }),
        unsetCommand(context, deployed, { name, from }),
      ),
    ];
  });
  return findings.length > 0 ? findings : [ok(messages.noAllowance())];
}
