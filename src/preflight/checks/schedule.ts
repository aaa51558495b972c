/** Whether a token lives until the next run has delivered its successor (P7), by what is really granted. */

import { type Finding, failed, ok, unknown, warning } from '../../audit/finding.ts';
import { computeRenewalMargin, renewalMarginText, type Schedule, scheduleProblem } from '../../core/renewal-margin.ts';
import { durationText } from '../../lib/duration.ts';
import { cronJobMessages, timeMessages as messages } from '../../lib/messages/preflight-deployment.ts';
import type { PreflightContext } from '../context.ts';
import type { Deployed } from '../deployed.ts';

const daily = '0 15 * * *';

export async function schedule(context: PreflightContext): Promise<Finding[]> {
  const { settings, client, clock, gathered } = context;
  const deployed = await context.deployed();
  if (deployed === undefined) return [unknown(cronJobMessages.none())];
  // Without one of its own a CronJob runs by the time zone of kube-controller-manager, which in containers is UTC.
  const timeZone = deployed.timeZone ?? 'Etc/UTC';
  const inForce: Schedule = { expression: deployed.schedule, timeZone };
  const problem = scheduleProblem(inForce);
  const runDaily = { label: messages.runDaily(), command: setSchedule(context, deployed, daily) };
  if (problem !== undefined) return [failed(messages.scheduleUnusable({ why: problem }), runDaily)];

  const { grantedSeconds } = await context.maximumLifetime();
  const runSeconds = (await gathered.summary())?.runSeconds ?? 0;
  const margin = computeRenewalMargin(
    inForce,
    Math.min(settings.token.lifetime, grantedSeconds),
    runSeconds,
    client.serverTime ?? clock.now(),
  );
  const findings = toldOtherwise(context, deployed, timeZone);
  if (margin.marginSeconds <= 0) return [...findings, warning(renewalMarginText(margin, inForce), runDaily)];
  const { intervalSeconds, marginSeconds } = margin;
  return [
    ...findings,
    ok(messages.margin({ ...inForce, interval: durationText(intervalSeconds), margin: durationText(marginSeconds) })),
  ];
}

/** The program warns of a gap by the SCHEDULE that it is told. */
function toldOtherwise(context: PreflightContext, deployed: Deployed, timeZone: string): Finding[] {
  const told = deployed.variables.get('SCHEDULE')?.value;
  const toldZone = deployed.variables.get('SCHEDULE_TIMEZONE')?.value ?? 'Etc/UTC';
  if (told === undefined) {
    return [warning(messages.notTold(), setSchedule(context, deployed, deployed.schedule))];
  }
  if (told === deployed.schedule && toldZone === timeZone) return [];
  return [
    warning(
      messages.toldOtherwise({ told, toldZone, expression: deployed.schedule, timeZone }),
      setSchedule(context, deployed, deployed.schedule),
    ),
  ];
}

function setSchedule(
  { settings, commands }: PreflightContext,
  { name, timeZone }: Deployed,
  expression: string,
): string {
  const patch = JSON.stringify({ spec: { schedule: expression } });
  return [
    commands.kubectl`-n ${settings.metadata.namespace} patch cronjob/${name} --type=merge -p ${patch}`,
    commands.kubectl`-n ${settings.metadata.namespace} set env cronjob/${name} SCHEDULE=${expression} SCHEDULE_TIMEZONE=${timeZone ?? 'Etc/UTC'}`,
  ].join(' && ');
}
