/**
 * What the plugin has just said to a kubectl. kubectl runs a plugin that fails again for each of its requests, two to
 * five times a command, and knows nothing of the run before: the member would read the same words each time.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import { writePrivateFile } from '../lib/private-file.ts';
import type { MemberEnvironment } from './environment.ts';

const saidSchema = z.object({ to: z.number(), what: z.string(), at: z.number() });

/** A kubectl that works for longer, as with --watch, is told again. */
const rememberedMs = 60_000;

/** `note`: with a token. `failure`: without one. */
export type Said = 'note' | 'failure';

/**
 * Whether the member has read this from the same kubectl a moment ago; if not, remembers that it is said now. A person who
 * runs the program is always told. Where nothing can be written, it is said each time.
 */
export async function isSaidAgain(
  { env, parentPid, clock }: MemberEnvironment,
  folder: string,
  what: Said,
): Promise<boolean> {
  const { KUBERNETES_EXEC_INFO: askedByKubectl } = env;
  if (askedByKubectl === undefined) return false;
  const file = path.join(folder, 'said.json');
  const now = clock.now();
  const last = await readSaid(file);
  if (last?.to === parentPid && last.what === what && last.at <= now && now - last.at < rememberedMs) return true;
  await writePrivateFile(file, JSON.stringify({ to: parentPid, what, at: now })).catch(() => undefined);
  return false;
}

async function readSaid(file: string): Promise<z.infer<typeof saidSchema> | undefined> {
  try {
    return saidSchema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
