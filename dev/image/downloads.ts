/** Files named by their checksum, kept between runs in the user's cache. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KnownFile {
  /** For people who look into the cache, and for messages. */
  readonly name: string;
  readonly algorithm: 'sha256' | 'sha512';
  readonly digest: Buffer;
}

export interface Download extends KnownFile {
  /** Puts the file somewhere below `directory`, which is removed afterwards, and says where. */
  readonly fetch: (directory: string) => Promise<string>;
}

export interface Downloads {
  /** For temporary files, and removed in the end. */
  readonly directory: string;
  /** The path of the file in the cache; undefined where it isn't there. */
  find(file: KnownFile): Promise<string | undefined>;
  /** The path of the file in the cache. @throws where what was fetched has another checksum. */
  provide(download: Download): Promise<string>;
}

/** Several downloads may share the temporary directory that their `fetch` is given. */
export async function withDownloads<T>(
  work: (downloads: Downloads) => Promise<T>,
  cache = join(cacheHome(), 'pks-credentials-updater', 'image'),
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-image-'));
  await mkdir(cache, { recursive: true });
  try {
    return await work({
      directory,
      find: (file) => find(file, cache),
      provide: (download) => provide(download, cache, directory),
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function find(file: KnownFile, cache: string): Promise<string | undefined> {
  const kept = pathInCache(file, cache);
  return (await hasDigest(kept, file)) ? kept : undefined;
}

async function provide(download: Download, cache: string, directory: string): Promise<string> {
  const found = await find(download, cache);
  if (found !== undefined) return found;

  const fetched = await download.fetch(directory);
  if (!(await hasDigest(fetched, download))) {
    throw new Error(
      `${download.name} is refused: its ${download.algorithm} is not the expected ${download.digest.toString('hex')}`,
    );
  }
  const kept = pathInCache(download, cache);
  // Copied beside it first: a reader never sees half a file.
  const partial = `${kept}.${process.pid}`;
  await copyFile(fetched, partial);
  await rename(partial, kept);
  return kept;
}

function pathInCache({ name, digest }: KnownFile, cache: string): string {
  return join(cache, `${digest.toString('hex').slice(0, 32)}-${name}`);
}

async function hasDigest(file: string, { algorithm, digest }: KnownFile): Promise<boolean> {
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
