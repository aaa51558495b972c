/** How often somebody may ask: a token bucket for each of them, in memory, and bounded in number. Pure but for its state. */

export interface Limit {
  /** At once. */
  readonly burst: number;
  /** Refilled in this time, in milliseconds. */
  readonly windowMs: number;
}

export interface Limiter {
  /** @returns undefined when it is allowed; else how long to wait, in whole seconds, for Retry-After */
  take(who: string, now: number): number | undefined;
  /** What was taken last counts for nothing: it was not what is limited here. */
  giveBack(who: string): void;
}

/** Who came last is remembered longest; beyond this many, who has been away longest starts anew. */
const mostRemembered = 10_000;

interface Bucket {
  readonly left: number;
  readonly at: number;
}

/** @param now of `take`: milliseconds on a clock that never goes back */
export function openLimiter({ burst, windowMs }: Limit): Limiter {
  const buckets = new Map<string, Bucket>();
  const perMs = burst / windowMs;
  return {
    take: (who, now) => {
      const { left, at } = buckets.get(who) ?? { left: burst, at: now };
      const refilled = Math.min(burst, left + (now - at) * perMs);
      const allowed = refilled >= 1;
      buckets.delete(who);
      buckets.set(who, { left: allowed ? refilled - 1 : refilled, at: now });
      const [oldest] = buckets.keys();
      if (buckets.size > mostRemembered && oldest !== undefined) buckets.delete(oldest);
      return allowed ? undefined : Math.max(1, Math.ceil((1 - refilled) / perMs / 1_000));
    },
    giveBack: (who) => {
      const bucket = buckets.get(who);
      if (bucket !== undefined) buckets.set(who, { ...bucket, left: Math.min(burst, bucket.left + 1) });
    },
  };
}
