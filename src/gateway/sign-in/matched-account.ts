/**
 * The account of somebody who has logged in at the provider.
 *
 * - By id: the account that bears the id. Ids never change and are never given again.
 * - By login: the account of that name, if the name is a login and not made from one and an id. Logins can change, so the
 *   first person to log in is remembered with the account's UID, and from then on nobody else is let in to it, nor that
 *   person to another account.
 */
import { suffixesOf } from '../../core/member-id.ts';
import { isOwned, type OwnedAccount } from '../../core/model.ts';
import { findAccount } from '../../registry/accounts.ts';
import { claimAccount } from '../../registry/identities.ts';
import type { GatewayContext } from '../context.ts';
import type { AccountsById } from '../member-account.ts';
import { Refused } from '../refusal.ts';
import type { OidcIdentity } from './oidc.ts';

/** @returns undefined where there is no account for them. @throws Refused for an account that is somebody else's */
export async function matchedAccount(
  context: GatewayContext,
  accounts: AccountsById,
  { member, issuer, subject }: OidcIdentity,
  signal: AbortSignal,
): Promise<OwnedAccount | undefined> {
  if ('id' in member) return accounts.find(member.id);
  const { client, namespace, log } = context;
  const account = await accountOfLogin(context, member.login, signal);
  if (account === undefined) return undefined;
  if (await claimAccount(client, namespace, account, { issuer, subject }, signal)) return account;
  log.warn('a login was refused: the account is remembered for another person, or the person for another account', {
    account: account.name,
  });
  throw new Refused('no_account', 'this login was used by somebody else before, or you had another one', {
    hint: 'ask the operators',
  });
}

async function accountOfLogin(
  { client, namespace }: GatewayContext,
  login: string,
  signal: AbortSignal,
): Promise<OwnedAccount | undefined> {
  // An address is nobody's login, and what can't be a name needs no look-up.
  if (!/^[a-z0-9]([-.a-z0-9]{0,61}[a-z0-9])?$/.test(login)) return undefined;
  const account = await findAccount(client, namespace, login, signal);
  if (account === undefined || !isOwned(account) || account.terminating) return undefined;
  // `kim-1f3c` is what somebody called KIM got, and whoever is called so at the provider is another person.
  const isMade = Object.values(suffixesOf(account.memberId)).some((suffix) => account.name.endsWith(`-${suffix}`));
  return isMade ? undefined : account;
}
