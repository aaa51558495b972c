/** A kubeconfig for one member, with a token of its own: for the one whose own way doesn't work today. */
import { readReservations } from '../cluster/reservations.ts';
import { listAccounts } from '../cluster/service-accounts.ts';
import { mintToken } from '../cluster/tokens.ts';
import type { KubeconfigCluster, KubeconfigEntry } from '../credentials/kubeconfig.ts';
import { checkClaims } from '../credentials/verify.ts';
import { isOwned, type OwnedAccount } from '../plan/model.ts';
import { byClaim } from '../plan/plan.ts';
import { Failure } from '../shared/errors.ts';
import { withRetry } from '../shared/retry.ts';
import { Secret } from '../shared/secret.ts';
import type { RunContext } from './context.ts';
import { type DirectoryAnswer, type FoundMember, findMember } from './find-member.ts';

export type MemberKubeconfigContext = Pick<
  RunContext,
  'settings' | 'client' | 'clock' | 'random' | 'redactor' | 'signal' | 'commandLine'
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
  const { settings, client, clock, random, redactor, signal, commandLine } = context;
  const owned = (await listAccounts(client, settings.targetNamespace, signal)).filter(isOwned);
  const account = await accountInUse(context, findMember(wanted, { accounts: owned, directory, commandLine }));
  const request = {
    namespace: settings.targetNamespace,
    lifetimeSeconds: settings.tokenLifetimeSeconds,
    audiences: settings.tokenAudiences,
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
  { settings, client, signal, commandLine }: MemberKubeconfigContext,
  { label, uuid, accounts, inDirectory }: FoundMember,
): Promise<OwnedAccount> {
  const living = accounts.filter((account) => !account.terminating);
  if (inDirectory === false) {
    throw new Failure('usage', `${label} (${uuid}) is no longer in the directory, so no token is made for them`, {
      hint: 'the next sync removes their account; if the directory is wrong, correct it first',
    });
  }
  const reservations =
    living.length > 1 ? await readReservations(client, settings.podNamespace, signal) : new Map<string, string>();
  const [account] = byClaim(living, reservations);
  if (account !== undefined) return account;
  throw new Failure('usage', `${label} (${uuid}) has no account yet`, {
    hint: `run \`${commandLine('sync')}\`, which creates it`,
  });
}
