/**
 * The one place that decides whether to try again, how long to wait before, and when to give up.
 * An attempt that fails with a transient Failure is repeated with jittered exponential back-off, or after the wait that
 * the other side asked for (Retry-After), until the budget of time is spent. Everything else is thrown at once.
 */
import type { Clock } from '../lib/clock.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { httpMessages } from '../lib/messages/http.ts';

export interface RetryPolicy {
  /** How long, in milliseconds from the first attempt, a new attempt may still be started. */
  budgetMs: number;
  /** The first wait; doubles at each further attempt. */
  firstWaitMs: number;
  /** No wait of our own is longer; a Retry-After may be, up to the budget. */
  longestWaitMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { budgetMs: 60_000, firstWaitMs: 200, longestWaitMs: 5_000 };

/** HTTP statuses that say "not now" rather than "no". */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/**
 * How long an answer asks to be waited for, in milliseconds (Retry-After, RFC 9110: seconds or an HTTP date); undefined
 * when it doesn't, or unreadably. A date is meant by the clock of the sender, which their Date header tells: ours
 * may be wrong.
 */
export function retryAfterOf(
  answer: { header(name: string): string | undefined },
  ourNowMs: number,
): number | undefined {
  const value = answer.header('retry-after');
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1_000;
  const date = Date.parse(value);
  const theirNowMs = Date.parse(answer.header('date') ?? '');
  return Number.isNaN(date) ? undefined : Math.max(0, date - (Number.isNaN(theirNowMs) ? ourNowMs : theirNowMs));
}

export interface RetryContext {
  clock: Clock;
  /** A number in [0, 1), for the jitter. */
  random: () => number;
  signal: AbortSignal;
  policy?: RetryPolicy;
  /** Told before each wait. */
  onRetry?: (failure: Failure, attempt: number, waitMs: number) => void;
}

/**
 * Runs `attempt` until it succeeds, fails for good, or the budget is spent.
 * @throws the last Failure, saying how often and for how long it was tried; the signal's reason when aborted.
 */
export async function withRetry<T>(attempt: (attemptNumber: number) => Promise<T>, context: RetryContext): Promise<T> {
  const { clock, random, signal, policy = defaultRetryPolicy } = context;
  const startedAt = clock.monotonic();
  for (let number = 1; ; number++) {
    signal.throwIfAborted();
    try {
      return await attempt(number);
    } catch (error) {
      const failure = toFailure(error);
      if (signal.aborted) throw signal.reason;
      if (!failure.transient) throw failure;
      // Full jitter above half the wait: many callers that failed together do not come back together.
      const ownWait = Math.min(policy.longestWaitMs, policy.firstWaitMs * 2 ** (number - 1)) * (0.5 + random() / 2);
      const wait = failure.retryAfterMs === undefined ? ownWait : failure.retryAfterMs + ownWait * random();
      const elapsed = clock.monotonic() - startedAt;
      if (elapsed + wait > policy.budgetMs) throw givenUp(failure, number, elapsed);
      context.onRetry?.(failure, number, wait);
      await clock.sleep(wait, signal);
    }
  }
}

function givenUp(failure: Failure, attempts: number, elapsedMs: number): Failure {
  if (attempts === 1) return failure;
  return new Failure(
    failure.kind,
    httpMessages.gaveUp({ failed: failure.said, attempts, seconds: Math.round(elapsedMs / 1_000) }),
    {
      cause: failure,
      exitCode: failure.exitCode,
      // Anyone who has more time than we had may go on trying.
      transient: failure.transient,
      ...(failure.advised === undefined ? {} : { hint: failure.advised }),
      ...(failure.status === undefined ? {} : { status: failure.status }),
      ...(failure.reason === undefined ? {} : { reason: failure.reason }),
    },
  );
}
