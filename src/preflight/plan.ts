/** What the next sync would do, for the checks that look ahead. */
import type { NextSync } from '../audit/context.ts';
import type { Gathered } from '../audit/gather.ts';
import { isLocalEndpoint, type Settings } from '../config/settings.ts';
import { guard } from '../core/guard.ts';
import type { Member } from '../core/model.ts';
import { buildPlan } from '../core/plan.ts';

/** @throws Failure where the directory or the accounts can't be read */
export async function planNextSync(
  settings: Settings,
  { members, gathered }: { members: () => Promise<readonly Member[]>; gathered: Gathered },
): Promise<NextSync> {
  const [directory, accounts, reservations, holds] = await Promise.all([
    members(),
    gathered.accounts(),
    gathered.reservations(),
    gathered.holds(),
  ]);
  const plan = buildPlan({ members: directory, accounts, reservations, holds });
  const { refusals } = guard(plan, settings.guard, {
    inPod: settings.inPod,
    loopbackDirectory: isLocalEndpoint(settings),
    firstRunConfirmed: false,
  });
  return { members: directory, plan, refusals };
}
