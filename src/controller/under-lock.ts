/** The run lock of one MemberSync, taken while something is changed and given back: commands and CronJobs wait for it too. */
import type { DeliveryRight } from '../deliveries/delivery.ts';
import type { FencedClient } from '../kube/client.ts';
import { acquireLock, type RunLock } from '../run/run-lock.ts';
import type { FencedContext, SyncContext } from '../sync/context.ts';
import { Outcomes } from '../sync/outcomes.ts';
import { Steps } from '../sync/steps.ts';
import type { SyncState } from '../sync/sync.ts';
import type { Surroundings } from './surroundings.ts';

export interface Locked {
  readonly context: FencedContext;
  readonly client: FencedClient;
  readonly state: SyncState;
  readonly lock: RunLock;
  /** Aborted when the lock is lost, and when the pass is to end. */
  readonly signal: AbortSignal;
}

/** @throws Failure (lock) where another run holds it, or it is lost; what the work throws */
export async function underLock<T>(
  surroundings: Surroundings,
  context: SyncContext,
  signal: AbortSignal,
  work: (locked: Locked) => Promise<T>,
): Promise<T> {
  const { client, leader, lockSeconds, host, clock, random, log } = surroundings;
  const { target, registry } = context;
  // Whoever was killed holds it for its whole duration: that is waited for.
  const times = { durationSeconds: lockSeconds, waitSeconds: lockSeconds + 5 };
  const lock = await acquireLock(
    { target: { client, namespace: target.namespace }, registry, lock: times, host, clock, random, log },
    signal,
  );
  try {
    const right: DeliveryRight = {
      renew: () => lock.renew(),
      remainingMs: () => Math.min(lock.remainingMs(), leader.remainingMs()),
      assertHeld: () => {
        leader.assertHeld();
        lock.assertHeld();
      },
    };
    const fenced = client.withFence(lock.assertHeld);
    const workSignal = AbortSignal.any([signal, lock.lost]);
    const steps = new Steps(clock, workSignal);
    return await work({
      context: { ...context, target: { ...target, client: fenced } },
      client: fenced,
      state: { lock: right, steps, outcomes: new Outcomes() },
      lock,
      signal: workSignal,
    });
  } finally {
    await lock.release();
  }
}
