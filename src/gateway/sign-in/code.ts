/**
 * A device that an operator let in by a one-time code (registry/enrolment-codes.ts).
 *
 * - The code is a ServiceAccount token for this gateway and nobody else. A token that the API server takes never is one:
 *   who stole a token of an hour must not make a device of it that lives for a semester.
 * - Its signature must be the cluster's, its time not over, its account a member's that exists with this UID.
 * - It must be bound to a one-time Secret of that account. Deleting that Secret uses it up, before the device is made: of two
 *   at once one gets the device, and a code whose answer was lost is lost.
 *
 * By the cluster's public keys rather than a TokenReview, which would need a right in the whole cluster.
 */

import type { OwnedAccount } from '../../core/model.ts';
import { devicesOf, devicesPerAccount } from '../../registry/devices.ts';
import { spendEnrolmentCode } from '../../registry/enrolment-codes.ts';
import type { GatewayContext } from '../context.ts';
import { tooManyDevices } from '../enrol.ts';
import { requireAccount } from '../member-account.ts';
import { Refused } from '../refusal.ts';
import { readClusterToken } from './cluster-token.ts';

/** Uses the code up. @returns the account that it is for. @throws Refused, Failure (cluster) */
export async function spendCode(
  context: Pick<GatewayContext, 'client' | 'namespace' | 'origin' | 'clock'>,
  code: string,
  signal: AbortSignal,
): Promise<OwnedAccount> {
  const { client, namespace, origin, clock } = context;
  const token = await readClusterToken(context, code, signal);
  if (token === undefined) throw noCode();
  const { audiences, expiresAt, issuedAt, boundSecret } = token.claims;
  const now = (client.serverTime ?? clock.now()) / 1_000;
  const isForUs = audiences.length === 1 && audiences[0] === origin;
  if (!isForUs || boundSecret === undefined || now >= expiresAt || issuedAt > now + 60) throw noCode();
  const account = await requireAccount(context, token.account, signal);
  // Not after the code is spent: it would be lost for nothing.
  if ((await devicesOf(client, namespace, account.uid, signal)).length >= devicesPerAccount) throw tooManyDevices();
  if (!(await spendEnrolmentCode(client, namespace, boundSecret, account.uid, signal))) throw noCode();
  return account;
}

/** One answer for all: which it was is nothing that a stranger needs to know. */
function noCode(): Refused {
  return new Refused('code_refused', 'this is no code for this gateway, or it was used, withdrawn or is too old', {
    hint: 'ask the operators for another one',
  });
}
