/** What an operator changes by hand happens under the run lock, as all that changes accounts or their record. */
import type { RunContext } from './context.ts';
import { acquireLock } from './run-lock.ts';

export type LockedContext = Pick<
  RunContext,
  'settings' | 'client' | 'clock' | 'random' | 'log' | 'host' | 'signal' | 'commandLine'
>;

/** @throws Failure (lock) where a run holds it for longer than LOCK_WAIT, or it was lost */
export async function underLock<T>(context: LockedContext, work: () => Promise<T>): Promise<T> {
  const lock = await acquireLock(context, context.signal);
  context.client.setFence(lock.assertHeld);
  try {
    return await work();
  } finally {
    context.client.setFence(undefined);
    await lock.release();
  }
}
