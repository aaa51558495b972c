/** The directory as a help, not a need: an action that can do without it does not wait for it. */
import type { Member } from '../core/model.ts';
import { durationText } from '../lib/duration.ts';
import { toFailure } from '../lib/failure.ts';
import type { Text } from '../lib/message.ts';
import { statusMessages as messages } from '../lib/messages/status.ts';

/** What the directory said, or why it could not be asked. */
export type DirectoryAnswer = { readonly members: readonly Member[] } | { readonly unavailable: Text };

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
    return {
      unavailable: brief.aborted
        ? messages.noAnswer({ patience: durationText(patienceSeconds) })
        : toFailure(error).said,
    };
  }
}
