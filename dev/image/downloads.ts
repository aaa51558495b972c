/** Files named by their checksum, kept between runs in the user's cache. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Download {
  /** For people who look into the cache, and for messages. */
  readonly name: string;
  readonly algorithm: 'sha256' | 'sha512';
  readonly digest: Buffer;
  /** Puts the file somewhere below `directory`, which is removed afterwards, and says where. */
  readonly fetch: (directory: string) => Promise<string>;
}

export interface Downloads {
  /** The path of the file in the cache. @throws where what was fetched has another checksum. */
  provide(download: Download): Promise<string>;
}

/** Several downloads may share the temporary directory that their `fetch` is given. */
export async function withDownloads<T>(work: (downloads: Downloads) => Promise<T>): Promise<T> {
  const cache = join(cacheHome(), 'pks-credentials-updater', 'image');
  const directory = await mkdtemp(join(tmpdir(), 'pks-image-'));
  await mkdir(cache, { recursive: true });
  try {
    return await work({ provide: (download) => provide(download, cache, directory) });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function provide(
  { name, algorithm, digest, fetch }: Download,
  cache: string,
  directory: string,
): Promise<string> {
  const kept = join(cache, `${digest.toString('hex').slice(0, 32)}-${name}`);
  if (await hasDigest(kept, algorithm, digest)) return kept;

  const fetched = await fetch(directory);
  if (!(await hasDigest(fetched, algorithm, digest))) {
    throw new Error(`${name} is not the file that pins.json pins: its ${algorithm} differs. Nothing was made of it`);
  }
  // Copied beside it first: a reader never sees half a file.
  const partial = `${kept}.${process.pid}`;
  await copyFile(fetched, partial);
  await rename(partial, kept);
  return kept;
}

async function hasDigest(file: string, algorithm: string, digest: Buffer): Promise<boolean> {
  try {
    return createHash(algorithm)
      .update(await readFile(file))
      .digest()
      .equals(digest);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

function cacheHome(): string {
  const configured = process.env['XDG_CACHE_HOME'];
  return configured?.startsWith('/') ? configured : join(homedir(), '.cache');
}
