/** What an operator changes by hand happens under the run lock, as all that changes accounts or their record. */
import type { LockedContext } from './context.ts';
import { acquireLock } from './run-lock.ts';

/** @throws Failure (lock) where a run holds it for longer than LOCK_WAIT, or it was lost */
export async function underLock<T>(context: LockedContext, work: () => Promise<T>): Promise<T> {
  const lock = await acquireLock(context, context.signal);
  context.target.client.setFence(lock.assertHeld);
  try {
    return await work();
  } finally {
    context.target.client.setFence(undefined);
    await lock.release();
  }
}
