/**
 * Takes a member's access away at once: deletes their accounts, so that every token ever minted for them is rejected
 * (the API server's cache of a success lasts about 10 s). Works with the directory down. Under the run lock, because a
 * run at the same moment would create the account again.
 */

import { isOwned } from '../core/model.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { deleteAccount, listAccounts } from '../registry/accounts.ts';
import { holdMember, readHolds, recordNames, releaseMember } from '../registry/names-given.ts';
import { type LockedContext, underLock } from '../run/under-lock.ts';
import { type DirectoryAnswer, type FoundMember, findMember } from './find-member.ts';

export interface RevokeTarget extends FoundMember {
  readonly held: boolean;
}

/** @throws Failure (usage) when nobody is meant, or two are */
export async function findRevokeTarget(
  context: LockedContext,
  wanted: string,
  directory: DirectoryAnswer,
): Promise<RevokeTarget> {
  const { client, settings, signal } = context;
  const accounts = (await listAccounts(client, settings.accounts.namespace, signal)).filter(isOwned);
  const holds = await readHolds(client, settings.metadata.namespace, signal);
  const found = findMember(wanted, { accounts, directory, knownOtherwise: holds });
  return { ...found, held: holds.has(found.uuid) };
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
  return underLock(context, async () => {
    const { client, settings, signal, log, clock } = context;
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
    const { uuid } = target;
    let { accounts } = target;
    await attempt('the accounts could not be listed again', async () => {
      // A run that we waited for may have created one.
      const owned = (await listAccounts(client, settings.accounts.namespace, signal)).filter(isOwned);
      accounts = owned.filter((account) => account.uuid === uuid);
    });
    await attempt('the name could not be recorded', () =>
      recordNames(
        client,
        settings.metadata.namespace,
        accounts.map(({ name }) => ({ name, uuid })),
        signal,
      ),
    );
    if (hold)
      await attempt('the hold could not be written', () =>
        holdMember(
          client,
          settings.metadata.namespace,
          { uuid, since: new Date(client.serverTime ?? clock.now()).toISOString() },
          signal,
        ),
      );
    const removed: string[] = [];
    for (const account of accounts) {
      await attempt(`${account.name} could not be removed`, async () => {
        await deleteAccount(client, settings.accounts.namespace, account, signal);
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
  await underLock(context, () =>
    releaseMember(context.client, context.settings.metadata.namespace, target.uuid, context.signal),
  );
}
