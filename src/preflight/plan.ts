/** What the next sync would do, for the checks that speak of it. */
import { buildPlan, type Plan } from '../core/plan.ts';
import type { PreflightContext } from './context.ts';

/** @throws Failure where the directory or the accounts can't be read */
export async function readPlan({ members, gathered }: PreflightContext): Promise<Plan> {
  const [directory, accounts, namesGiven, holds] = await Promise.all([
    members(),
    gathered.accounts(),
    gathered.namesGiven(),
    gathered.holds(),
  ]);
  return buildPlan({ members: directory, accounts, namesGiven, holds });
}
