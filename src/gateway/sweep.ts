/**
 * Removes enrolment codes that nobody used, and devices that may not be renewed any more: unused for 30 days, or older than
 * 180. Only after their last token has ended: to delete a Secret ends the token that is bound to it (P1).
 */
import { allDevices, deleteDevice } from '../registry/devices.ts';
import { removeOldCodes } from '../registry/enrolment-codes.ts';
import type { GatewayContext } from './context.ts';
import { longestUnusedMs, oldestMs } from './renew.ts';

/** @returns how many were removed. @throws Failure (cluster) */
export async function sweepDevices(
  { client, namespace, clock, log }: Pick<GatewayContext, 'client' | 'namespace' | 'clock' | 'log'>,
  tokenLifetimeSeconds: number,
  signal: AbortSignal,
): Promise<number> {
  const now = client.serverTime ?? clock.now();
  // First: no device that can't be removed may keep them.
  await removeOldCodes(client, namespace, now, signal);
  const { devices } = await allDevices(client, namespace, signal);
  const over = devices.filter(({ createdAt, renewedAt, terminating }) => {
    const isExpired = now - renewedAt > longestUnusedMs || now - createdAt > oldestMs;
    // Twice the life of a token: an API server may grant more than was asked for.
    return isExpired && !terminating && now - renewedAt > 2_000 * tokenLifetimeSeconds;
  });
  for (const device of over) {
    await deleteDevice(client, namespace, device, signal);
    log.info('a device that may not be renewed any more was removed', {
      account: device.account.name,
      device: device.name,
    });
  }
  return over.length;
}
