/** A kubeconfig for one member, with a token of its own: for the one whose own way doesn't work today. */

import { isOwned, type OwnedAccount } from '../core/model.ts';
import { byClaim } from '../core/plan.ts';
import { withRetry } from '../http/retry.ts';
import { type MintRequest, mintToken } from '../issuers/token-request.ts';
import { checkClaims } from '../issuers/verify.ts';
import type { KubeconfigCluster, KubeconfigEntry } from '../kube/kubeconfig-document.ts';
import type { Clock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import type { Redactor } from '../lib/redact.ts';
import { Secret } from '../lib/secret.ts';
import type { CommandLine } from '../lib/shell-command.ts';
import { listAccounts } from '../registry/accounts.ts';
import { readNamesGiven } from '../registry/names-given.ts';
import type { RegistryPlace } from '../registry/place.ts';
import type { Target } from '../sync/context.ts';
import type { DirectoryAnswer } from './ask-directory.ts';
import { type FoundMember, findMember } from './find-member.ts';

/** What is needed to find the account of a member for whom something is made by hand. */
export interface MemberAccountContext {
  readonly target: Target;
  readonly registry: RegistryPlace;
  readonly removalPolicy: 'Remove' | 'Report';
  readonly clock: Clock;
  readonly random: () => number;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
  readonly commandLine: CommandLine;
}

export interface MemberKubeconfigContext extends MemberAccountContext {
  readonly request: MintRequest;
}

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
  const {
    target: { client, namespace },
    request,
    clock,
    random,
    redactor,
    signal,
    commandLine,
  } = context;
  const owned = (await listAccounts(client, namespace, signal)).filter(isOwned);
  const account = await accountInUse(context, findMember(wanted, { accounts: owned, directory, commandLine }));
  const minted = await withRetry(() => mintToken(client, account, request, signal), { clock, random, signal });
  redactor.add(minted.token);
  const claims = checkClaims(minted.token, {
    namespace,
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

/** @throws Failure (usage) when they have no account that is to stay */
export async function accountInUse(
  { target: { client }, registry, removalPolicy, signal, commandLine }: MemberAccountContext,
  { label, memberId, accounts, inDirectory }: FoundMember,
): Promise<OwnedAccount> {
  const living = accounts.filter((account) => !account.terminating);
  if (inDirectory === false) {
    throw new Failure('usage', `${label} (${memberId}) is no longer in the directory, so no token is made for them`, {
      hint: `${removalPolicy === 'Report' ? 'their account stays, since leavers are only reported' : 'the next sync removes their account'}; if the directory is wrong, correct it first`,
    });
  }
  const namesGiven = living.length > 1 ? await readNamesGiven(client, registry, signal) : new Map<string, string>();
  const [account] = byClaim(living, namesGiven);
  if (account !== undefined) return account;
  throw new Failure('usage', `${label} (${memberId}) has no account yet`, {
    hint: `run \`${commandLine('sync')}\`, which creates it`,
  });
}
