/** The API server's clock against this machine's. */

import { type Finding, failed, ok, unknown, warning } from '../../audit/finding.ts';
import { formatDuration } from '../../lib/duration.ts';
import type { PreflightContext } from '../context.ts';

/** The Date header is cut to the second, and takes a moment to arrive. */
const toleratedSeconds = 10;
/** From here on one of the two is plainly wrong, and certificates and schedules are off. */
const wrongSeconds = 300;

export async function clock({ client, clock: ours, gathered }: PreflightContext): Promise<Finding[]> {
  await gathered.version(); // any answer brings the API server's time
  const theirs = client.serverTime;
  if (theirs === undefined) return [unknown('the API server sends no Date')];
  const aheadSeconds = (theirs - ours.now()) / 1_000;
  const off = Math.abs(aheadSeconds);
  if (off <= toleratedSeconds) return [ok(`the API server's clock agrees with ours (within ${toleratedSeconds} s)`)];
  const message = `the API server's clock is ${formatDuration(off)} ${aheadSeconds > 0 ? 'ahead of' : 'behind'} this machine's: one of the two is wrong. Runs start and tokens expire by the API server's`;
  const fix = { label: 'on the machine that is wrong', command: 'sudo timedatectl set-ntp true' };
  return [off > wrongSeconds ? failed(message, fix) : warning(message, fix)];
}
