/** The API server's clock against this machine's. */

import { type Finding, failed, ok, unknown, warning } from '../../audit/finding.ts';
import { durationText } from '../../lib/duration.ts';
import { timeMessages as messages } from '../../lib/messages/preflight-deployment.ts';
import type { PreflightContext } from '../context.ts';

/** The Date header is cut to the second, and takes a moment to arrive. */
const toleratedSeconds = 10;
/** From here on one of the two is plainly wrong, and certificates and schedules are off. */
const wrongSeconds = 300;

export async function clock({ client, clock: ours, gathered }: PreflightContext): Promise<Finding[]> {
  await gathered.version(); // any answer brings the API server's time
  const theirs = client.serverTime;
  if (theirs === undefined) return [unknown(messages.noDate())];
  const aheadSeconds = (theirs - ours.now()) / 1_000;
  const off = Math.abs(aheadSeconds);
  if (off <= toleratedSeconds) return [ok(messages.clocksAgree({ within: durationText(toleratedSeconds) }))];
  const message = messages.clocksDiffer({ by: durationText(off), isAhead: aheadSeconds > 0 });
  const fix = { label: messages.onWrongMachine(), command: 'sudo timedatectl set-ntp true' };
  return [off > wrongSeconds ? failed(message, fix) : warning(message, fix)];
}
