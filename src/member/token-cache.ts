/**
 * What is kept between two runs of the plugin: the last token, who was given it, and whether PoolC was silent. A folder
 * a cluster, of files that only their owner may read. Everything here may be missing: where nothing can be written, as
 * in a read-only home, each run asks PoolC.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import { writePrivateFile } from '../lib/private-file.ts';
import { Secret } from '../lib/secret.ts';

export interface CachedToken {
  readonly token: Secret;
  /** Milliseconds since the epoch, as the next. */
  readonly expiresAt: number;
  readonly fetchedAt: number;
}

/** A parent process was given a token at this time; `renewed` once PoolC was asked because it came back for it. */
export interface Given {
  readonly at: number;
  readonly renewed: boolean;
}

export interface TokenCache {
  read(): Promise<CachedToken | undefined>;
  write(token: CachedToken): Promise<void>;
  /** When this process was last given this very token; undefined when it was another, or none. */
  givenTo(pid: number, token: Secret): Promise<Given | undefined>;
  rememberGiven(pid: number, token: Secret, given: Given): Promise<void>;
  /** Until when PoolC is not asked again, because it has just let a request time out; milliseconds since the epoch. */
  silentUntil(): Promise<number | undefined>;
  rememberSilence(until: number): Promise<void>;
  clear(): Promise<void>;
}

const tokenSchema = z.object({ login: z.string(), token: z.string(), expiresAt: z.number(), fetchedAt: z.number() });
const givenSchema = z.object({ token: z.string(), at: z.number(), renewed: z.boolean() });
const silenceSchema = z.object({ until: z.number() });

/** A parent comes back within the second or not at all; its file is kept as long as a token is used unasked. */
const staleGivenMs = 10 * 60_000;

/** @param login what was cached for another login is not seen */
export function openTokenCache(folder: string, login: string): TokenCache {
  const tokenFile = path.join(folder, 'token.json');
  const silenceFile = path.join(folder, 'silence.json');
  const givenFile = (pid: number) => path.join(folder, `given-to-${pid}.json`);
  return {
    async read() {
      const content = await readJson(tokenFile, tokenSchema);
      if (content?.login !== login) return undefined;
      return { token: new Secret(content.token), expiresAt: content.expiresAt, fetchedAt: content.fetchedAt };
    },
    async write({ token, expiresAt, fetchedAt }) {
      await writeJson(tokenFile, tokenSchema, { login, token: token.reveal(), expiresAt, fetchedAt });
      await removeStale(folder, fetchedAt);
    },
    async givenTo(pid, token) {
      const content = await readJson(givenFile(pid), givenSchema);
      return content?.token === fingerprint(token) ? content : undefined;
    },
    rememberGiven: (pid, token, given) =>
      writeJson(givenFile(pid), givenSchema, { token: fingerprint(token), ...given }),
    silentUntil: async () => (await readJson(silenceFile, silenceSchema))?.until,
    rememberSilence: (until) => writeJson(silenceFile, silenceSchema, { until }),
    clear: () => rm(folder, { recursive: true, force: true }),
  };
}

function fingerprint(token: Secret): string {
  return createHash('sha256').update(token.reveal()).digest('base64url');
}

async function readJson<T>(file: string, schema: z.ZodMiniType<T>): Promise<T | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

async function writeJson<T>(file: string, _schema: z.ZodMiniType<T>, content: T): Promise<void> {
  await ignoringFailure(writePrivateFile(file, JSON.stringify(content)));
}

async function removeStale(folder: string, now: number): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.startsWith('given-to-'))) {
    const file = path.join(folder, name);
    const seen = await stat(file).catch(() => undefined);
    if (seen !== undefined && seen.mtimeMs < now - staleGivenMs) await ignoringFailure(rm(file, { force: true }));
  }
}

/** A cache that can't be written is no cache, and nothing worse. */
async function ignoringFailure(work: Promise<void>): Promise<void> {
  await work.catch(() => undefined);
}
