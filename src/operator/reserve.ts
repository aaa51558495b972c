/**
 * Keeps a name for the one who had it (P9), where the record doesn't know: it was lost, or is younger than the name. Under
 * the run lock, because a run at the same moment could give the name away.
 */

import { type MemberId, nobodysId, parseMemberId } from '../core/member-id.ts';
import { isOwned, printable } from '../core/model.ts';
import { isValidName } from '../core/names.ts';
import type { ClusterClient } from '../kube/client.ts';
import { Failure } from '../lib/failure.ts';
import { commandTemplate } from '../lib/shell-command.ts';
import { listAccounts } from '../registry/accounts.ts';
import { readNamesGiven, recordNames, shardOf } from '../registry/names-given.ts';
import { namesGivenName, type RegistryPlace } from '../registry/place.ts';
import type { LockedContext } from '../run/context.ts';
import { underLock } from './under-lock.ts';

export interface Reservation {
  readonly name: string;
  readonly memberId: MemberId;
}

export type ReserveOutcome = 'reserved' | 'reserved before';

/** @throws Failure (usage) where the name is another's, or can't be one */
export async function reserve(context: LockedContext, wanted: Reservation): Promise<ReserveOutcome> {
  const { name, memberId } = checked(wanted);
  return underLock(context, async (client) => {
    const {
      target: { namespace },
      registry,
      signal,
    } = context;
    const known = (await readNamesGiven(client, registry, signal)).get(name);
    if (known === memberId) return 'reserved before';
    const account = (await listAccounts(client, namespace, signal)).filter(isOwned).find((each) => each.name === name);
    const holder = account?.memberId ?? (known === nobodysId ? undefined : known);
    if (holder !== undefined && holder !== memberId) {
      throw new Failure(
        'usage',
        `${name} ${account === undefined ? 'is reserved for' : 'is the account of'} ${holder}; nothing was changed`,
        { hint: account === undefined ? correction(client, registry, name) : neverPassedOn },
      );
    }
    await recordNames(client, registry, [{ name, memberId }], signal);
    return 'reserved';
  });
}

const neverPassedOn = 'a name that was given to one member is never given to another';

/** A mistyped id is nobody's, and only its author knows that: no command takes a record back. */
function correction({ access }: ClusterClient, registry: RegistryPlace, name: string): string {
  const kubectl = commandTemplate(access.kubectl);
  const edit = kubectl`-n ${registry.namespace} edit configmap ${namesGivenName(registry, shardOf(name))}`;
  return `${neverPassedOn}; only if that id was a mistake, correct the line of ${name}: ${edit}`;
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
