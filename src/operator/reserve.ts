/**
 * Keeps a name for the one who had it (P9), where the record doesn't know: it was lost, or is younger than the name. Under
 * the run lock, because a run at the same moment could give the name away.
 */

import { type MemberId, nobodysId, parseMemberId } from '../core/member-id.ts';
import { isOwned, printable } from '../core/model.ts';
import { isValidName } from '../core/names.ts';
import { byName } from '../lib/by-name.ts';
import { Failure } from '../lib/failure.ts';
import type { CommandLine } from '../lib/shell-command.ts';
import { listAccounts } from '../registry/accounts.ts';
import { forgetName, readNamesGiven, recordNames } from '../registry/names-given.ts';
import { readOwnership } from '../registry/owner.ts';
import type { LockedContext } from '../run/context.ts';
import { underLock } from './under-lock.ts';

export interface Reservation {
  readonly name: string;
  readonly memberId: MemberId;
}

export type ReserveOutcome = 'reserved' | 'reserved before';

/** @throws Failure (usage) where the name is another's, or can't be one; Failure (refused) in another MemberSync's accounts */
export async function reserve(context: LockedContext, wanted: Reservation): Promise<ReserveOutcome> {
  const { name, memberId } = checked(wanted);
  return underLock(context, async (client) => {
    const {
      target: { namespace },
      registry,
      signal,
    } = context;
    // The name is recorded where this MemberSync looks.
    await readOwnership(client, namespace, registry, signal);
    const known = (await readNamesGiven(client, registry, signal)).get(name);
    if (known === memberId) return 'reserved before';
    const account = (await listAccounts(client, namespace, signal)).filter(isOwned).find((each) => each.name === name);
    const holder = account?.memberId ?? (known === nobodysId ? undefined : known);
    if (holder !== undefined && holder !== memberId) {
      throw new Failure(
        'usage',
        `${name} ${account === undefined ? 'is reserved for' : 'is the account of'} ${holder}; nothing was changed`,
        { hint: account === undefined ? correction(context.commandLine, name) : neverPassedOn },
      );
    }
    await recordNames(client, registry, [{ name, memberId }], signal);
    return 'reserved';
  });
}

const neverPassedOn = 'a name that was given to one member is never given to another';

/** A mistyped id is nobody's, and only its author knows that. */
function correction(commandLine: CommandLine, name: string): string {
  return `${neverPassedOn}; only if that id was a mistake, take it back first:\n${commandLine('reserve', ['--remove', name])}`;
}

export interface RecordedName extends Reservation {
  /** Whether a ServiceAccount of that name is there. */
  readonly inUse: boolean;
}

/** Every name in the record, sorted for people. Reads only, and needs no lock. */
export async function listReservations({ target, registry, signal }: LockedContext): Promise<RecordedName[]> {
  const { client, namespace } = target;
  await readOwnership(client, namespace, registry, signal);
  const used = new Set((await listAccounts(client, namespace, signal)).map(({ name }) => name));
  const recorded = [...(await readNamesGiven(client, registry, signal))];
  return recorded
    .map(([name, memberId]) => ({ name, memberId, inUse: used.has(name) }))
    .toSorted(byName(({ name }) => name));
}

/** @throws Failure (usage) for a name that is not in the record, or that an account has */
export async function findReservation(context: LockedContext, name: string): Promise<Reservation> {
  const found = (await listReservations(context)).find((each) => each.name === name);
  if (found === undefined) {
    throw new Failure('usage', `${printable(name)} is not recorded; nothing was changed`, {
      hint: '`reserve --list` shows the names that are',
    });
  }
  if (found.inUse)
    throw new Failure('usage', `there is a ServiceAccount ${name}: its name stays recorded; nothing was changed`);
  return found;
}

/**
 * Ends the promise that nobody inherits (P9) for one name, which an operator has agreed to. Looks again under the lock: a
 * run may have given the account back meanwhile.
 * @throws Failure (usage) where it is another's by now, or in use
 */
export async function removeReservation(context: LockedContext, agreed: Reservation): Promise<void> {
  await underLock(context, async (client) => {
    await findReservation(context, agreed.name);
    if (await forgetName(client, context.registry, agreed, context.signal)) return;
    throw new Failure('usage', `${agreed.name} was recorded for someone else meanwhile; nothing was changed`);
  });
}

function checked({ name, memberId }: Reservation): Reservation {
  if (!isValidName(name)) {
    throw new Failure('usage', `${printable(name)} can't be the name of a ServiceAccount; nothing was changed`, {
      hint: 'give the name as bindings have it, such as kim or kim-3f9a',
    });
  }
  const id = parseMemberId(memberId);
  if (id === undefined) {
    throw new Failure('usage', `${printable(memberId)} is not the id of a member; nothing was changed`, {
      hint: `give the member's id (a UUID for PoolC), or ${nobodysId} to keep the name from everybody`,
    });
  }
  return { name, memberId: id };
}
