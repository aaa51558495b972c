/** Whether somebody is a member now: whether the account that they mean is there, ours, and still the same. */
import { type Account, isOwned, type OwnedAccount } from '../core/model.ts';
import { findAccount, listAccounts } from '../registry/accounts.ts';
import type { GatewayContext } from './context.ts';
import { Refused } from './refusal.ts';

/** @throws Refused (account_gone) unless exactly this account exists: a namesake has another UID */
export async function requireAccount(
  { client, namespace }: Pick<GatewayContext, 'client' | 'namespace'>,
  { name, uid }: Pick<Account, 'name' | 'uid'>,
  signal: AbortSignal,
): Promise<OwnedAccount> {
  const account = await findAccount(client, namespace, name, signal);
  if (account !== undefined && account.uid === uid && isOwned(account) && !account.terminating) return account;
  throw new Refused('account_gone', `the account ${name} is not a member's any more`, {
    hint: 'if you are a member, ask the operators; a new account needs its devices to log in again',
  });
}

/** How long a list of all accounts serves: everybody's login asks for it. */
const freshMs = 5_000;

export interface AccountsById {
  find(memberId: string): Promise<OwnedAccount | undefined>;
}

/**
 * The accounts by member id, from a list of all of them. Who isn't found is looked for once more in a fresh one: they may
 * have joined a moment ago. A leaver gains nothing by an old list, because each session asks for the account itself.
 */
/** @param signal for as long as the gateway serves: one list may be for several who wait */
export function openAccountsById({ client, namespace, clock }: GatewayContext, signal: AbortSignal): AccountsById {
  type ById = ReadonlyMap<string, OwnedAccount>;
  let read: { readonly at: number; readonly accounts: Promise<ById> } | undefined;
  const fresh = (): Promise<ById> => {
    const accounts = listAccounts(client, namespace, signal).then(byMemberId);
    const own = { at: clock.monotonic(), accounts };
    read = own;
    accounts.catch(() => {
      // What could not be read is read again by the next one.
      if (read === own) read = undefined;
    });
    return accounts;
  };
  return {
    find: async (memberId) => {
      const isFresh = read !== undefined && clock.monotonic() - read.at <= freshMs;
      if (read !== undefined && isFresh) {
        const found = (await read.accounts).get(memberId);
        if (found !== undefined) return found;
      }
      return (await fresh()).get(memberId);
    },
  };
}

/** Of two accounts with one id, neither is anybody's here: a sync warns about them. */
function byMemberId(accounts: readonly Account[]): ReadonlyMap<string, OwnedAccount> {
  const groups = Map.groupBy(accounts.filter(isOwned), ({ memberId }) => memberId);
  return new Map(
    [...groups].flatMap(([memberId, [account, another]]) =>
      account === undefined || another !== undefined || account.terminating ? [] : [[memberId, account] as const],
    ),
  );
}
