/**
 * Keeps a name for the one who had it (P9), where the record doesn't know: it was lost, or is younger than the name. Under
 * the run lock, because a run at the same moment could give the name away.
 */

import { isOwned, isUuid, nobodysUuid, printable } from '../core/model.ts';
import { isValidName } from '../core/names.ts';
import { Failure } from '../lib/failure.ts';
import { listAccounts } from '../registry/accounts.ts';
import { readReservations, recordNames, shardName, shardOf } from '../registry/names-given.ts';
import { type LockedContext, underLock } from '../run/under-lock.ts';

export interface Reservation {
  readonly name: string;
  /** In any case. */
  readonly uuid: string;
}

export type ReserveOutcome = 'reserved' | 'reserved before';

/** @throws Failure (usage) where the name is another's, or can't be one */
export async function reserve(context: LockedContext, wanted: Reservation): Promise<ReserveOutcome> {
  const { name, uuid } = checked(wanted);
  return underLock(context, async () => {
    const { client, settings, signal } = context;
    const known = (await readReservations(client, settings.metadata.namespace, signal)).get(name);
    if (known === uuid) return 'reserved before';
    const account = (await listAccounts(client, settings.accounts.namespace, signal))
      .filter(isOwned)
      .find((each) => each.name === name);
    const holder = account?.uuid ?? (known === nobodysUuid ? undefined : known);
    if (holder !== undefined && holder !== uuid) {
      throw new Failure(
        'usage',
        `${name} ${account === undefined ? 'is reserved for' : 'is the account of'} ${holder}; nothing was changed`,
        { hint: account === undefined ? correction(settings.metadata.namespace, name) : neverPassedOn },
      );
    }
    await recordNames(client, settings.metadata.namespace, [{ name, uuid }], signal);
    return 'reserved';
  });
}

const neverPassedOn = 'a name that was given to one member is never given to another';

/** A mistyped UUID is nobody's, and only its author knows that: no command takes a record back. */
function correction(namespace: string, name: string): string {
  const edit = `kubectl -n ${namespace} edit configmap ${shardName(shardOf(name))}`;
  return `${neverPassedOn}; only if that UUID was a mistake, correct the line of ${name}: ${edit}`;
}

function checked({ name, uuid }: Reservation): Reservation {
  if (!isValidName(name)) {
    throw new Failure('usage', `${printable(name)} can't be the name of a ServiceAccount; nothing was changed`, {
      hint: 'give the name as bindings have it, such as kim or kim-3f9a',
    });
  }
  if (!isUuid(uuid)) {
    throw new Failure('usage', `${printable(uuid)} is not a UUID; nothing was changed`, {
      hint: `give the member's UUID, or ${nobodysUuid} to keep the name from everybody`,
    });
  }
  return { name, uuid: uuid.toLowerCase() };
}
