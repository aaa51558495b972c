import { formatDuration } from '../src/lib/duration.ts';

/** How long ago this was, for people. `since`: what `performance.now()` said then. */
export function elapsed(since: number): string {
  return formatDuration((performance.now() - since) / 1000);
}
