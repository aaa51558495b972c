/**
 * Where tokens go: one POST that replaces every stored token in one transaction (P4). An unknown outcome (a time-out
 * after the server's commit, a reset connection) is repeated with the very same map, which makes it known.
 */
import { printable } from '../core/model.ts';
import { withRetry } from '../http/retry.ts';
import { Failure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import { callPoolc, type PoolcApi } from '../poolc/api.ts';
import type { PoolcSpelling } from '../poolc/spelling.ts';
import type { Delivery, SendOptions } from './delivery.ts';
import { TokenMap } from './token-map.ts';

/** The proxy in front of the PoolC API refuses a larger body. */
const bodyLimit = 55 * 1024 * 1024;
/** The proxy gives up after 60 s; what comes later is unknown and repeated. */
const attemptTimeoutMs = 65_000;
/** An attempt ends this long before the lock may be another's; with a short lock, after three quarters of what is left. */
const lockMarginMs = 5_000;

/** The PoolC API as a delivery. @param spelling as its directory learned it */
export function poolcDelivery(
  api: PoolcApi,
  { random, log, spelling }: { random: () => number; log: Log; spelling: PoolcSpelling },
): Delivery {
  return {
    kind: 'poolc',
    address: api.endpoint.href,
    replaces: 'all',
    takesCredentials: true,
    begin: () => {
      const map = new TokenMap();
      return {
        holds: (piece) => map.holds(piece),
        add: ({ member, credential }) => map.add(spelling.of(member.id), credential.secret.reveal()),
        send: async ({ right, signal }) => {
          await send(api, map, { right, signal, random, log });
          return [];
        },
      };
    },
  };
}

/**
 * Sends the map until it is acknowledged.
 * @throws Failure (delivery) for a map that must not be sent, a refusal, or when the time for retries is over; Failure (lock)
 */
async function send(
  api: PoolcApi,
  map: TokenMap,
  { right, signal, random, log }: Pick<SendOptions, 'right' | 'signal'> & { random: () => number; log: Log },
): Promise<void> {
  checkMap(map);
  await withRetry(
    async () => {
      // Right before each attempt: anyone who was frozen and wakes up must not deliver a stale map.
      await right.renew();
      right.assertHeld();
      const remainingMs = right.remainingMs();
      const timeoutMs = Math.min(attemptTimeoutMs, remainingMs - Math.min(lockMarginMs, remainingMs / 4));
      const answer = await callPoolc(api, 'delivery', {
        method: 'POST',
        body: { length: map.byteLength, chunks: () => map.json(() => right.assertHeld()) },
        timeoutMs: Math.max(1, Math.floor(timeoutMs)),
        longestAnswer: 64 * 1024,
        signal,
      });
      if (!isAcknowledgement(answer.body)) {
        throw new Failure(
          'delivery',
          `the delivery was answered with ${printable(answer.header('content-type') ?? 'a text of no known type')}, which is no acknowledgement: something in between answers for the PoolC API`,
          {
            transient: true,
            hint: 'is POOLC_API_ENDPOINT the PoolC API itself?',
          },
        );
      }
    },
    {
      clock: api.clock,
      random,
      signal,
      policy: { budgetMs: 240_000, firstWaitMs: 1_000, longestWaitMs: 10_000 },
      onRetry: (failure, attempt) =>
        log.warn(`${failure.message}; sending the same map again (attempt ${attempt + 1})`),
    },
  );
}

/** The API acknowledges with an empty body. What frameworks write for nothing counts as well, what says something doesn't. */
function isAcknowledgement(body: Buffer): boolean {
  return ['', 'null', '{}'].includes(body.toString('utf8').trim());
}

function checkMap(map: TokenMap): void {
  if (map.size === 0) {
    throw new Failure(
      'delivery',
      'no token to deliver: an empty map would wipe every stored token, so nothing was sent',
    );
  }
  if (map.byteLength > bodyLimit) {
    const perMember = Math.round(map.byteLength / map.size);
    throw new Failure(
      'delivery',
      `the map of ${map.size} tokens is ${map.byteLength} bytes (about ${perMember} for each member), above the ${bodyLimit} bytes that the proxy in front of the PoolC API takes; nothing was sent`,
      {
        hint: `raise the proxy's body limit to at least ${Math.ceil(map.byteLength / 1024 / 1024)} MB, or shorten TOKEN_AUDIENCES`,
      },
    );
  }
}
