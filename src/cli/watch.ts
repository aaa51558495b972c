/** `status --watch`: the same again whenever it has changed, as `kubectl get --watch` and `watch` show it. */

import type { Clock } from '../lib/clock.ts';
import { systemClock } from '../lib/clock.ts';
import { exitCodes } from '../lib/failure.ts';
import type { DirectoryAnswer } from '../operator/ask-directory.ts';
import type { Environment } from './environment.ts';

export interface Watched {
  readonly askDirectory: () => Promise<DirectoryAnswer>;
  readonly look: (directory: DirectoryAnswer) => Promise<Look>;
}

export interface Look {
  /** What there is to show now. */
  readonly text: string;
  /** The same for as long as only time has passed. */
  readonly state: string;
}

const everyMs = 2_000;
/** The directory limits how often it is asked, and changes seldom. */
const directoryEveryMs = 60_000;
const clearScreen = '\u001b[H\u001b[2J\u001b[3J';

/** Ends with Ctrl-C alone, or where the cluster can't be read any more. @returns the exit code */
export async function watch(
  { stdout, signal }: Environment,
  { askDirectory, look }: Watched,
  clock: Clock = systemClock,
): Promise<number> {
  let shown: Look | undefined;
  let directory = await askDirectory();
  let askedAt = clock.monotonic();
  try {
    for (;;) {
      const now = await look(directory);
      // A screen is drawn anew as time passes; what is printed below each other is printed for something new alone.
      if (stdout.isTTY && now.text !== shown?.text) stdout.write(`${clearScreen}${now.text}`);
      if (!stdout.isTTY && now.state !== shown?.state) stdout.write(now.text);
      shown = now;
      await clock.sleep(everyMs, signal);
      if (clock.monotonic() - askedAt < directoryEveryMs) continue;
      directory = await askDirectory();
      askedAt = clock.monotonic();
    }
  } catch (error) {
    // How people end it; there is nothing to say.
    if (signal.aborted) return exitCodes.interrupted;
    throw error;
  }
}
