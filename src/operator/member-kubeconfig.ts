/** A kubeconfig for one member, with a token of its own: for the one whose own way doesn't work today. */

import { isOwned, type OwnedAccount } from '../core/model.ts';
import { byClaim } from '../core/plan.ts';
import { withRetry } from '../http/retry.ts';
import { mintToken } from '../issuers/token.ts';
import { checkClaims } from '../issuers/verify.ts';
import type { KubeconfigCluster, KubeconfigEntry } from '../kube/kubeconfig-document.ts';
import { Failure } from '../lib/failure.ts';
import { Secret } from '../lib/secret.ts';
import { listAccounts } from '../registry/accounts.ts';
import { readReservations } from '../registry/names-given.ts';
import type { RunContext } from '../sync/context.ts';
import { type DirectoryAnswer, type FoundMember, findMember } from './find-member.ts';

export type MemberKubeconfigContext = Pick<
  RunContext,
  'settings' | 'client' | 'clock' | 'random' | 'redactor' | 'signal'
>;

export interface MemberKubeconfig {
  readonly entry: KubeconfigEntry;
  readonly account: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly grantedSeconds: number;
}

/** @throws Failure (usage) when nobody is meant, or they have no account that is to stay */
export async function makeMemberKubeconfig(
  context: MemberKubeconfigContext,
  wanted: string,
  { directory, cluster }: { directory: DirectoryAnswer; cluster: KubeconfigCluster },
): Promise<MemberKubeconfig> {
  const { settings, client, clock, random, redactor, signal } = context;
  const owned = (await listAccounts(client, settings.accounts.namespace, signal)).filter(isOwned);
  const account = await accountInUse(context, findMember(wanted, { accounts: owned, directory }));
  const request = {
    namespace: settings.accounts.namespace,
    lifetimeSeconds: settings.token.lifetime,
    audiences: settings.token.audiences,
  };
  const minted = await withRetry(() => mintToken(client, account, request, signal), { clock, random, signal });
  redactor.add(minted.token);
  const claims = checkClaims(minted.token, {
    namespace: request.namespace,
    name: account.name,
    uid: account.uid,
    audiences: minted.audiences,
    grantedSeconds: minted.grantedSeconds,
  });
  const name = `${account.name}@${cluster.name}`;
  return {
    entry: { cluster, user: { name, credential: { token: new Secret(minted.token) } }, contextName: name },
    account: account.name,
    expiresAt: claims.expiresAt * 1_000,
    grantedSeconds: minted.grantedSeconds,
  };
}

async function accountInUse(
  { settings, client, signal }: MemberKubeconfigContext,
  { label, uuid, accounts, inDirectory }: FoundMember,
): Promise<OwnedAccount> {
  const living = accounts.filter((account) => !account.terminating);
  if (inDirectory === false) {
    throw new Failure('usage', `${label} (${uuid}) is no longer in the directory, so no token is made for them`, {
      hint: 'the next sync removes their account; if the directory is wrong, correct it first',
    });
  }
  const reservations =
    living.length > 1 ? await readReservations(client, settings.metadata.namespace, signal) : new Map<string, string>();
  const [account] = byClaim(living, reservations);
  if (account !== undefined) return account;
  throw new Failure('usage', `${label} (${uuid}) has no account yet`, {
    hint: 'run `credentials-updater sync`, which creates it',
  });
}
