/** What came of a pass, in the words of a run. */
import type { Failure } from '../lib/failure.ts';
import type { RunOutcome } from '../notify/run-facts.ts';
import type { PassResult } from './reconcile.ts';

export function stepsOutcome({ trust, undelivered, outcomes }: PassResult): {
  readonly outcome: RunOutcome;
  readonly failure: Failure | undefined;
} {
  if (trust.kind === 'refused') return { outcome: 'refused', failure: trust.failure };
  const [left] = outcomes.accountsNotRemoved;
  const failure = (trust.kind === 'failed' ? trust.failure : undefined) ?? undelivered ?? left?.failure;
  if (failure !== undefined) return { outcome: 'failed', failure };
  const partial = outcomes.failedMembers.length + outcomes.withoutWorkspace.length > 0;
  return { outcome: partial ? 'partial' : 'done', failure: undefined };
}
