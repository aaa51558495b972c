/**
 * A one-time code by which a member connects a device at a gateway without a login: for a machine of theirs, or while the
 * login provider is away. It is a token of their account for the gateway alone, which the API server takes from nobody.
 */

import { type Account, isOwned } from '../core/model.ts';
import { withRetry } from '../http/retry.ts';
import { mintToken } from '../issuers/token-request.ts';
import { checkClaims } from '../issuers/verify.ts';
import { Failure } from '../lib/failure.ts';
import { Secret } from '../lib/secret.ts';
import { listAccounts } from '../registry/accounts.ts';
import {
  createEnrolmentCode,
  enrolmentCodeLifetimeSeconds,
  newCodeName,
  withdrawEnrolmentCode,
} from '../registry/enrolment-codes.ts';
import type { DirectoryAnswer } from './ask-directory.ts';
import { findMember } from './find-member.ts';
import { accountInUse, type MemberAccountContext } from './member-kubeconfig.ts';

/** For taking back what failed, after a Ctrl-C too, which must not wait for long. */
const withdrawalMs = 5_000;

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
    signal,
    commandLine,
  } = context;
  const accounts = (await listAccounts(client, namespace, signal)).filter(isOwned);
  const account = await accountInUse(context, findMember(wanted, { accounts, directory, commandLine }));
  const codeName = newCodeName();
  try {
    return await mintCode(context, account, { codeName, gateway });
  } catch (error) {
    // Nobody has got that code. What stays in spite of this, a gateway sweeps away.
    await withdrawEnrolmentCode(client, namespace, codeName, AbortSignal.timeout(withdrawalMs)).catch(() => undefined);
    throw error;
  }
}

async function mintCode(
  { target: { client, namespace }, clock, random, redactor, signal }: MemberAccountContext,
  account: Pick<Account, 'name' | 'uid'>,
  { codeName, gateway }: { readonly codeName: string; readonly gateway: string },
): Promise<EnrolmentCode> {
  const secret = await createEnrolmentCode(client, namespace, codeName, account, signal);
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
