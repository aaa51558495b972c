/** One `credentials-updater sync`, the bundle as it is shipped, measured from outside. */
import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Club } from '../club.ts';
import { updaterNodeFlags } from '../image-flags.ts';
import { measureProgram } from '../measured-program.ts';
import type { SyncSample } from '../results.ts';

const bundle = join(import.meta.dirname, '../../dist/credentials-updater.mjs');

export interface SyncOptions {
  /** Another bundle of the program than this checkout's. */
  readonly program?: string | undefined;
  /** MINT_CONCURRENCY; the program's own default unless given. */
  readonly connections?: number | undefined;
  /** The image's unless given. */
  readonly nodeFlags?: readonly string[] | undefined;
}

/** @throws when the run did not end as done */
export async function runSync(
  club: Club,
  { program = bundle, connections, nodeFlags = updaterNodeFlags }: SyncOptions = {},
): Promise<SyncSample> {
  const { auditLog } = club.controlPlane;
  // The API server appends to it, so that it goes on at its new end. Whatever was in it belongs to runs before.
  await truncate(auditLog, 0);
  const run = await measureProgram({
    nodeFlags,
    command: [program, 'sync', '--output', 'json'],
    env: { ...club.env, ...(connections === undefined ? {} : { MINT_CONCURRENCY: String(connections) }) },
  });
  const lastLine = run.stdout.trimEnd().split('\n').at(-1) ?? '';
  const summary = summarySchema.safeParse(JSON.parse(lastLine === '' ? '{}' : lastLine));
  if (run.exitCode !== 0 || !summary.success)
    throw new Error(`a sync of ${club.members} members ended with ${run.exitCode}: ${lastLine}${run.stderr}`);
  const { firstAt, requests, refused } = await seenByServer(auditLog, club.updater);
  return {
    startedAt: run.startedAt,
    seconds: run.seconds,
    cpuSeconds: run.cpuSeconds,
    peakMemoryBytes: run.peakMemoryBytes,
    allocatedBytes: run.allocatedBytes,
    secondsToFirstRequest: (firstAt - run.startedAt) / 1_000,
    requests,
    refusedRequests: refused,
    minted: summary.data.minted,
    stepSeconds: stepsOf(summary.data),
  };
}

const summarySchema = z.looseObject({ outcome: z.literal('done'), minted: z.number(), requests: z.number() });

/** `stepSeconds.mint` and the like, by step. */
function stepsOf(summary: Readonly<Record<string, unknown>>): Record<string, number> {
  const prefix = 'stepSeconds.';
  return Object.fromEntries(
    Object.entries(summary)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), z.number().parse(value)]),
  );
}

const eventSchema = z.object({
  requestReceivedTimestamp: z.string(),
  user: z.object({ username: z.string() }),
  userAgent: z.string().default(''),
  responseStatus: z.object({ code: z.number() }).optional(),
});

interface Seen {
  readonly firstAt: number;
  readonly requests: number;
  readonly refused: number;
}

/** What the API server wrote down about a user's requests. */
async function seenByServer(auditLog: string, username: string): Promise<Seen> {
  let seen = countRequests(await readFile(auditLog, 'utf8'), username);
  // An answer may be read before its line is written.
  for (;;) {
    await sleep(100);
    const later = countRequests(await readFile(auditLog, 'utf8'), username);
    if (later.requests === seen.requests) return later;
    seen = later;
  }
}

function countRequests(auditLog: string, username: string): Seen {
  const seen = { firstAt: Number.POSITIVE_INFINITY, requests: 0, refused: 0 };
  for (const line of auditLog.split('\n')) {
    // The last line may not be whole yet.
    if (!line.includes(username) || !line.endsWith('}')) continue;
    const { user, userAgent, requestReceivedTimestamp, responseStatus } = eventSchema.parse(JSON.parse(line));
    // Another program's last requests, under the same account, may still be written.
    if (user.username !== username || !userAgent.startsWith('credentials-updater/')) continue;
    seen.requests++;
    seen.firstAt = Math.min(seen.firstAt, Date.parse(requestReceivedTimestamp));
    if (responseStatus?.code === 429) seen.refused++;
  }
  return seen;
}
