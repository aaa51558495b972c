/** Whether the API server grants the lifetime that is asked for. */

import { type Finding, ok, warning } from '../../audit/finding.ts';
import { spellingFor } from '../../config/definitions.ts';
import { durationText } from '../../lib/duration.ts';
import { timeMessages as messages } from '../../lib/messages/preflight-deployment.ts';
import type { PreflightContext } from '../context.ts';
import { askedSeconds } from '../lifetime.ts';

export async function tokenLifetime({ settings, maximumLifetime }: PreflightContext): Promise<Finding[]> {
  const { grantedSeconds, warning: said, isOfLastRun = false } = await maximumLifetime();
  const wanted = settings.token.lifetime;
  const lifetimes = { wanted: durationText(wanted), granted: durationText(grantedSeconds) };
  if (grantedSeconds < wanted) {
    const setting = spellingFor(settings)('TOKEN_LIFETIME');
    return [warning(messages.shortened({ ...lifetimes, setting, isOfLastRun, said }))];
  }
  if (isOfLastRun) return [ok(messages.asLastRun(lifetimes))];
  if (grantedSeconds >= askedSeconds) {
    return [ok(messages.noMaximum(lifetimes))];
  }
  return [ok(messages.withinMaximum(lifetimes))];
}
