/** The plan as log lines: counts at info, each change and warning by itself. Members who merely stay are not listed. */
import { memberLabel } from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import type { Log } from '../lib/log.ts';
import { en } from '../lib/message.ts';

export function logPlan(log: Log, plan: Plan): void {
  const { keep, create, remove, warn, members } = plan;
  log.info(
    `plan: ${members} members; ${keep.length} keep their account, ${create.length} join, ${remove.length} leave`,
    {
      members,
      keep: keep.length,
      create: create.length,
      remove: remove.length,
    },
  );
  for (const { member, name, reason } of create)
    log.debug(`+ ${name} for ${memberLabel(member)}: ${en(reason)}`, { uuid: member.id, name });
  for (const { account, reason } of remove)
    log.info(`- ${account.name}: ${en(reason)}`, { uuid: account.memberId, name: account.name });
  for (const { about, reason } of warn) log.warn(`${about}: ${en(reason)}`);
}
