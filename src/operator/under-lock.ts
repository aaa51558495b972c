/** What an operator changes by hand happens under the run lock, as all that changes accounts or their record. */
import type { FencedClient } from '../kube/client.ts';
import type { LockedContext } from '../run/context.ts';
import { acquireLock } from '../run/run-lock.ts';

/**
 * @param work gets a client whose changes stop once the lock is lost
 * @throws Failure (lock) where a run holds it for longer than LOCK_WAIT, or it was lost
 */
export async function underLock<T>(context: LockedContext, work: (client: FencedClient) => Promise<T>): Promise<T> {
  const lock = await acquireLock(context, context.signal);
  try {
    return await work(context.target.client.withFence(lock.assertHeld));
  } finally {
    await lock.release();
  }
}
