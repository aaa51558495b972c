/**
 * Moves the accounts to another directory's ids. Names and UIDs stay, so that no token breaks and no binding is lost.
 *
 * In this order, so that it can be cut short anywhere and be run again: holds first, since no sync may let anybody in
 * meanwhile; then the names given; then workspaces; the accounts at the end. As long as one account has an old id, each
 * sync is refused, with the old directory as with the new one.
 */
import pMap from 'p-map';
import type { Member } from '../core/model.ts';
import { type Matching, planRekey, type RekeyPlan } from '../core/rekey.ts';
import type { Directory } from '../directories/directory.ts';
import type { ClusterClient } from '../kube/client.ts';
import { Failure } from '../lib/failure.ts';
import { rekeyAccount } from '../registry/accounts.ts';
import { holdMember, recordNames, releaseMember } from '../registry/names-given.ts';
import { rekeyWorkspaces } from '../registry/owned-objects.ts';
import { ownerOf, readOwnership } from '../registry/owner.ts';
import { defaultSyncName } from '../registry/place.ts';
import type { LockedContext } from '../run/context.ts';
import { observe } from '../sync/make-plan.ts';
import { underLock } from './under-lock.ts';

export interface RekeyWish {
  readonly directory: Directory;
  readonly members: readonly Member[];
  readonly matching: Matching;
  readonly hasWorkspaces: boolean;
}

const atOnce = 8;

/** @throws Failure (refused) where an account would be nobody's, or two members' */
export async function findRekey(context: LockedContext, wish: RekeyWish): Promise<RekeyPlan> {
  const plan = await look(context, wish, context.target.client);
  const [first, ...more] = plan.problems;
  if (first === undefined) return plan;
  const shown = [first, ...more.slice(0, 9)].join('; ');
  throw new Failure(
    'refused',
    `the accounts can't be moved: ${shown}${more.length > 9 ? `; and ${more.length - 9} more` : ''}; nothing was changed`,
    {
      hint: 'say who is who with --match FILE, a CSV with the header from,to; remove the account of somebody who left with `credentials-updater revoke`',
    },
  );
}

/** @throws Failure (refused) where the plan is another by now */
export async function rekey(context: LockedContext, wish: RekeyWish, agreed: RekeyPlan): Promise<void> {
  const { registry, signal, clock, target } = context;
  await underLock(context, async (client) => {
    const { moves } = await look(context, wish, client);
    if (JSON.stringify(moves) !== JSON.stringify(agreed.moves))
      throw new Failure('refused', 'the accounts changed since the plan was shown; nothing was changed', {
        hint: 'run rekey again',
      });
    const since = new Date(client.serverTime ?? clock.now()).toISOString();
    const held = moves.filter((move) => move.held);
    for (const { to } of held) await holdMember(client, registry, { memberId: to, since }, signal);
    const records = moves.flatMap(({ to, names }) => names.map((name) => ({ name, memberId: to })));
    await recordNames(client, registry, records, signal);
    if (wish.hasWorkspaces) {
      const ids = new Map(moves.map(({ from, to }) => [from, to]));
      await rekeyWorkspaces(client, ownerOf(registry), ids, signal);
    }
    await pMap(
      moves.flatMap(({ to, accounts }) => accounts.map((account) => ({ account, to }))),
      ({ account, to }) => rekeyAccount(client, target.namespace, account, to, signal),
      { concurrency: atOnce, signal },
    );
    for (const { from } of held) await releaseMember(client, registry, from, signal);
  });
}

async function look(
  { target: { namespace }, registry, signal }: LockedContext,
  { directory, members, matching }: RekeyWish,
  client: ClusterClient,
): Promise<RekeyPlan> {
  const { owner } = await readOwnership(client, namespace, registry, signal);
  if (owner === undefined && registry.name !== defaultSyncName)
    throw new Failure('refused', `no MemberSync has claimed the accounts in ${namespace}; nothing was changed`, {
      hint: 'take them first: credentials-updater adopt -f FILE',
    });
  const observed = await observe({ client, namespace }, registry, signal);
  return planRekey({ ...observed, members, isOwnId: (id) => directory.isOwnId(id), matching });
}
