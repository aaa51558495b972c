/** Tries some of the minted tokens on the API server itself, before anybody gets one. */
import pMap from 'p-map';
import { memberLabel } from '../core/model.ts';
import { serviceAccountUser } from '../issuers/claims.ts';
import { reviewToken } from '../issuers/token.ts';
import { Failure } from '../lib/failure.ts';
import type { RunContext } from './context.ts';
import type { Trial } from './mint.ts';

/** A new account, or a new signing key, may not be known to every API server at once. */
const acceptanceMs = 15_000;

/**
 * Shows the chosen tokens to the API server: it must take each bearer for exactly that account.
 * @throws Failure (token) when one is still rejected after 15 s, or is taken for someone else: nothing is delivered then
 */
export async function tryLive(
  { client, settings, clock, log }: RunContext,
  trials: readonly Trial[],
  signal: AbortSignal,
): Promise<void> {
  await pMap(
    trials,
    async ({ holder: { account, member }, token }) => {
      const user = serviceAccountUser(settings.accounts.namespace, account.name);
      const giveUpAt = clock.monotonic() + acceptanceMs;
      for (;;) {
        const review = await attemptReview();
        if (review === 'unavailable') return;
        if (review !== undefined) {
          if (review.username === user) return;
          throw new Failure(
            'token',
            `the API server takes the token of ${account.name} for ${review.username}; nothing was delivered`,
          );
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
      async function attemptReview() {
        try {
          return await reviewToken(client, token.reveal(), signal);
        } catch (error) {
          if (error instanceof Failure && (error.status === 403 || error.status === 404)) {
            log.warn(`tokens can't be tried live: ${error.message}`);
            return 'unavailable' as const;
          }
          throw error;
        }
      }
    },
    { concurrency: settings.mintConcurrency, signal },
  );
}
