/** What the next sync would do, for the checks that look ahead. */

import type { NextSync } from '../audit/context.ts';
import type { Gathered } from '../audit/gather.ts';
import { spellingFor } from '../config/definitions.ts';
import { isLocalEndpoint, planPlace, type Settings } from '../config/settings.ts';
import type { MemberId } from '../core/member-id.ts';
import type { Member } from '../core/model.ts';
import { allInOrder } from '../lib/all-in-order.ts';
import { makePlan } from '../sync/make-plan.ts';

/** @throws Failure where the directory or the accounts can't be read */
export async function planNextSync(
  settings: Settings,
  {
    members,
    isOwnId,
    gathered,
  }: { members: () => Promise<readonly Member[]>; isOwnId: (id: MemberId) => boolean; gathered: Gathered },
  signal: AbortSignal,
): Promise<NextSync> {
  const { plan, verdict } = await makePlan(
    {
      members,
      observed: async () => {
        const [accounts, namesGiven, holds] = await allInOrder([
          gathered.accounts(),
          gathered.namesGiven(),
          gathered.holds(),
        ]);
        return { accounts, namesGiven, holds };
      },
      isSnapshot: true,
      options: settings,
    },
    {
      limits: settings.guard,
      situation: {
        inPod: settings.inPod,
        loopbackDirectory: isLocalEndpoint(settings),
        firstRunConfirmed: false,
        spelling: spellingFor(settings),
      },
      place: planPlace(settings),
      isOwnId,
    },
    async (_name, work) => work(signal),
  );
  return { members: await members(), plan, refusals: verdict.refusals };
}
