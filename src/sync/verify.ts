/** Tries some of the issued credentials on the API server itself, before anybody gets one. */
import pMap from 'p-map';
import { memberLabel } from '../core/model.ts';
import type { Issuer } from '../issuers/issuer.ts';
import { Failure } from '../lib/failure.ts';
import type { SyncContext } from './context.ts';
import type { Trial } from './issue.ts';

/** A new account, or a new signing key, may not be known to every API server at once. */
const acceptanceMs = 15_000;

/**
 * Shows the chosen credentials to the API server: it must take each bearer for exactly that account.
 * @throws Failure (token) when one is still rejected after 15 s, or is taken for someone else: nothing is delivered then
 */
export async function tryLive(
  { options, clock, log }: SyncContext,
  { issuer, trials, signal }: { issuer: Issuer; trials: readonly Trial[]; signal: AbortSignal },
): Promise<void> {
  await pMap(
    trials,
    async ({ holder: { account, member }, credential }) => {
      const giveUpAt = clock.monotonic() + acceptanceMs;
      for (;;) {
        const answer = await issuer.tryLive(account, credential, signal);
        if (answer === 'accepted') return;
        if (answer === 'not allowed') {
          log.warn("tokens can't be tried live: the cluster doesn't allow SelfSubjectReviews");
          return;
        }
        if (clock.monotonic() > giveUpAt) {
          throw new Failure(
            'token',
            `the API server still rejects a fresh token of ${memberLabel(member)} (${account.name}) after ${acceptanceMs / 1_000} s; nothing was delivered, and the tokens delivered before are untouched`,
            {
              hint: 'do all API servers have the same signing keys (--service-account-key-file), and does TOKEN_AUDIENCES name one of their --api-audiences?',
            },
          );
        }
        await clock.sleep(1_000, signal);
      }
    },
    { concurrency: options.issueConcurrency, signal },
  );
}
