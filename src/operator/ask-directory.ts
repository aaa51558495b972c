/** The directory as a help, not a need: an action that can do without it does not wait for it. */
import type { Member } from '../core/model.ts';
import { toFailure } from '../lib/failure.ts';

/** What the directory said, or why it could not be asked. */
export type DirectoryAnswer = { readonly members: readonly Member[] } | { readonly unavailable: string };

const patienceSeconds = 5;

/** @throws only the reason of `signal` */
export async function askDirectory(
  read: (signal: AbortSignal) => Promise<readonly Member[]>,
  signal: AbortSignal,
): Promise<DirectoryAnswer> {
  const brief = AbortSignal.any([signal, AbortSignal.timeout(patienceSeconds * 1_000)]);
  try {
    return { members: await read(brief) };
  } catch (error) {
    signal.throwIfAborted();
    return { unavailable: brief.aborted ? `no answer within ${patienceSeconds} s` : toFailure(error).message };
  }
}
