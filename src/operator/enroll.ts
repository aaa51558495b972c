/**
 * A one-time code by which a member connects a device at a gateway without a login: for a machine of theirs, or while the
 * login provider is away. It is a token of their account for the gateway alone, which the API server takes from nobody.
 */

import { isOwned } from '../core/model.ts';
import { withRetry } from '../http/retry.ts';
import { mintToken } from '../issuers/token-request.ts';
import { checkClaims } from '../issuers/verify.ts';
import { Failure } from '../lib/failure.ts';
import { Secret } from '../lib/secret.ts';
import { listAccounts } from '../registry/accounts.ts';
import { createEnrolmentCode, enrolmentCodeLifetimeSeconds } from '../registry/enrolment-codes.ts';
import type { DirectoryAnswer } from './ask-directory.ts';
import { findMember } from './find-member.ts';
import { accountInUse, type MemberAccountContext } from './member-kubeconfig.ts';

export interface EnrolmentCode {
  readonly code: Secret;
  readonly account: string;
  /** The Secret whose deletion withdraws the code. */
  readonly secret: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * @param gateway its origin: the only one that takes the code
 * @throws Failure (usage) when nobody is meant, or they have no account that is to stay
 */
export async function makeEnrolmentCode(
  context: MemberAccountContext,
  wanted: string,
  { directory, gateway }: { readonly directory: DirectoryAnswer; readonly gateway: string },
): Promise<EnrolmentCode> {
  const {
    target: { client, namespace },
    clock,
    random,
    redactor,
    signal,
    commandLine,
  } = context;
  const accounts = (await listAccounts(client, namespace, signal)).filter(isOwned);
  const account = await accountInUse(context, findMember(wanted, { accounts, directory, commandLine }));
  const secret = await createEnrolmentCode(client, namespace, account, signal);
  const request = { namespace, lifetimeSeconds: enrolmentCodeLifetimeSeconds, audiences: [gateway] };
  const { name, uid } = account;
  const minted = await withRetry(() => mintToken(client, { name, uid, boundTo: secret }, request, signal), {
    clock,
    random,
    signal,
  });
  redactor.add(minted.token);
  const claims = checkClaims(minted.token, { namespace, name, uid, ...minted, audiences: [gateway] });
  if (claims.boundSecret?.uid !== secret.uid)
    throw new Failure('token', 'the API server made a code that is not bound to its Secret, so it is not given', {
      hint: 'Kubernetes 1.33 or later does',
    });
  return { code: new Secret(minted.token), account: name, secret: secret.name, expiresAt: claims.expiresAt * 1_000 };
}
