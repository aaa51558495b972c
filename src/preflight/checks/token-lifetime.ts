/** Whether the API server grants the lifetime that is asked for. */

import { type Finding, ok, warning } from '../../audit/finding.ts';
import { spellingFor } from '../../config/definitions.ts';
import { formatDuration } from '../../lib/duration.ts';
import type { PreflightContext } from '../context.ts';
import { askedSeconds } from '../lifetime.ts';

export async function tokenLifetime({ settings, maximumLifetime }: PreflightContext): Promise<Finding[]> {
  const { grantedSeconds, warning: said, isOfLastRun = false } = await maximumLifetime();
  const wanted = settings.token.lifetime;
  const quoted = said === undefined ? '' : ` ("${said}")`;
  if (grantedSeconds < wanted) {
    return [
      warning(
        `${spellingFor(settings)('TOKEN_LIFETIME')} is ${formatDuration(wanted)}, but ${isOfLastRun ? 'the last run was granted' : 'the API server grants'} ${formatDuration(grantedSeconds)} at most${quoted}. Lower the one, or raise kube-apiserver's --service-account-max-token-expiration`,
      ),
    ];
  }
  if (isOfLastRun) return [ok(`tokens live ${formatDuration(wanted)}, which the last run was granted`)];
  if (grantedSeconds >= askedSeconds) {
    return [ok(`tokens live ${formatDuration(wanted)}; the API server has no maximum`)];
  }
  return [ok(`tokens live ${formatDuration(wanted)}; the API server grants up to ${formatDuration(grantedSeconds)}`)];
}
