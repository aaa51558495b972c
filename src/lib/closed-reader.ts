/** What is printed into a pipe whose reader has gone, as after `| head`. */
import type { Writable } from 'node:stream';

/** Lets the work go on, and its exit code say how it ended: Node would end the process with an unexpected error. */
export function outliveReaders(...streams: readonly Writable[]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
