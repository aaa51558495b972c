/** What a Node process took, CPU and memory, by its own account at its exit. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export const processUsageSchema = z.object({
  /** User and system time of all its threads. */
  cpuSeconds: z.number(),
  /** Its largest resident set. */
  peakMemoryBytes: z.number(),
  /** Everything that was ever allocated on the JavaScript heap. */
  allocatedBytes: z.number(),
});
export type ProcessUsage = z.infer<typeof processUsageSchema>;

/** The environment of a Node process that is to write its usage to `file` when it exits. */
export function usageEnvironment(file: string): Record<string, string> {
  const preload = join(import.meta.dirname, 'usage-at-exit.cjs');
  return { NODE_OPTIONS: `--require=${JSON.stringify(preload)}`, PROCESS_USAGE_FILE: file };
}

/** @throws when the process was killed, and so left nothing */
export async function readUsage(file: string): Promise<ProcessUsage> {
  return processUsageSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}
