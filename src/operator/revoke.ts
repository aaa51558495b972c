/**
 * Takes a member's access away at once: deletes their accounts, so that every token ever minted for them is rejected
 * (the API server's cache of a success lasts about 10 s). Works with the directory down. Under the run lock, because a
 * run at the same moment would create the account again.
 */

import { isOwned } from '../core/model.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { deleteAccount, listAccounts } from '../registry/accounts.ts';
import { holdMember, readHolds, recordNames, releaseMember } from '../registry/names-given.ts';
import { readOwnership } from '../registry/owner.ts';
import type { LockedContext } from '../run/context.ts';
import type { DirectoryAnswer } from './ask-directory.ts';
import { type FoundMember, findMember } from './find-member.ts';
import { underLock } from './under-lock.ts';

export interface RevokeTarget extends FoundMember {
  readonly held: boolean;
}

/** @throws Failure (usage) when nobody is meant, or two are; Failure (refused) when the accounts are another MemberSync's */
export async function findRevokeTarget(
  context: LockedContext,
  wanted: string,
  directory: DirectoryAnswer,
): Promise<RevokeTarget> {
  const {
    target: { client, namespace },
    registry,
    signal,
  } = context;
  // A hold is written where this MemberSync looks: another's would create the account again.
  await readOwnership(client, namespace, registry, signal);
  const accounts = (await listAccounts(client, namespace, signal)).filter(isOwned);
  const holds = await readHolds(client, registry, signal);
  const found = findMember(wanted, { accounts, directory, knownOtherwise: holds, commandLine: context.commandLine });
  return { ...found, held: holds.has(found.memberId) };
}

export interface Revocation {
  readonly removed: readonly string[];
  readonly held: boolean;
}

/**
 * Removes the accounts, and with `hold` keeps the UUID out of every later run.
 * @throws Failure; what could be done is done before it is thrown
 */
export async function revoke(
  context: LockedContext,
  target: RevokeTarget,
  { hold }: { hold: boolean },
): Promise<Revocation> {
  return underLock(context, async (client) => {
    const {
      target: { namespace },
      registry,
      signal,
      log,
      clock,
    } = context;
    let problem: Failure | undefined;
    const attempt = async (what: string, work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const failure = toFailure(error);
        log.error(`${what}: ${failure.message}`);
        problem ??= failure;
      }
    };
    const { memberId } = target;
    let { accounts } = target;
    await attempt('the accounts could not be listed again', async () => {
      // A run that we waited for may have created one.
      const owned = (await listAccounts(client, namespace, signal)).filter(isOwned);
      accounts = owned.filter((account) => account.memberId === memberId);
    });
    await attempt('the name could not be recorded', () =>
      recordNames(
        client,
        registry,
        accounts.map(({ name }) => ({ name, memberId })),
        signal,
      ),
    );
    if (hold)
      await attempt('the hold could not be written', () =>
        holdMember(
          client,
          registry,
          { memberId, since: new Date(client.serverTime ?? clock.now()).toISOString() },
          signal,
        ),
      );
    const removed: string[] = [];
    for (const account of accounts) {
      await attempt(`${account.name} could not be removed`, async () => {
        await deleteAccount(client, namespace, account, signal);
        removed.push(account.name);
      });
    }
    if (problem !== undefined) {
      throw new Failure(
        problem.kind,
        `not all was done (removed: ${removed.join(', ') || 'nothing'}): ${problem.message}`,
        {
          cause: problem,
          hint: problem.hint ?? 'run revoke again',
        },
      );
    }
    return { removed, held: hold || target.held };
  });
}

/** Ends a hold: the next sync gives the member an account again, if the directory lists them. */
export async function release(context: LockedContext, target: RevokeTarget): Promise<void> {
  await underLock(context, (client) => releaseMember(client, context.registry, target.memberId, context.signal));
}
