/** What an operator reads when the guard has refused: who would go, the numbers, and what allows exactly this. */
import type { Refusal } from '../core/guard.ts';
import type { Plan } from '../core/plan.ts';
import { Failure } from '../lib/failure.ts';

const screenful = 20;

export function refusalFailure(
  plan: Plan,
  refusals: readonly Refusal[],
  whatAllows: (refusals: readonly Refusal[]) => string,
): Failure {
  const reasons = refusals.map(({ reason }) => reason).join('; ');
  return new Failure('refused', `nothing was changed and nothing was sent: ${reasons}${whoWouldGo(plan)}`, {
    hint: whatAllows(refusals),
  });
}

function whoWouldGo({ remove }: Plan): string {
  const names = remove.filter(({ held }) => !held).map(({ account }) => account.name);
  if (names.length === 0) return '';
  const rest = names.length > screenful ? ` and ${names.length - screenful} more` : '';
  return `. Would be removed: ${names.slice(0, screenful).join(', ')}${rest}`;
}
