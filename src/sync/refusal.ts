/** What an operator reads when the guard has refused: who would go, the numbers, and what allows exactly this. */
import type { Refusal } from '../core/guard.ts';
import type { Plan } from '../core/plan.ts';
import { Failure } from '../lib/failure.ts';
import { joined, type Message, type Text } from '../lib/message.ts';
import { guardMessages as messages } from '../lib/messages/guard.ts';

const screenful = 20;

export function refusalFailure(
  plan: Plan,
  refusals: readonly Refusal[],
  whatAllows: (refusals: readonly Refusal[]) => Text,
): Failure {
  const reasons = joined(
    refusals.map(({ reason }) => reason),
    '; ',
  );
  return new Failure('refused', messages.refused({ reasons, removed: whoWouldGo(plan) }), {
    hint: whatAllows(refusals),
  });
}

function whoWouldGo({ remove }: Plan): Message | undefined {
  const names = remove.filter(({ held }) => !held).map(({ account }) => account.name);
  if (names.length === 0) return undefined;
  const shown = names.slice(0, screenful).join(', ');
  return messages.andMore({ names: shown, more: Math.max(0, names.length - screenful) });
}
