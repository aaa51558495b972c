/** Where programs are kept between runs: one folder a module, version, platform and content of go.mod and go.sum. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.ts';
import type { BinaryModule } from './programs.ts';

const SCRATCH_PREFIX = '.unfinished-';

export interface BinaryCache {
  readonly directory: string;
  /** Where the program is or would be. */
  path(program: string): string;
  /** The folders of the same module and version with another content of go.mod and go.sum. */
  earlierDirectories(): Promise<string[]>;
  /** Runs `work` while no other process fills this cache. `onWait` is called once, with who holds it. */
  fill<T>(work: (shelf: Shelf) => Promise<T>, onWait: (holder: string) => void): Promise<T>;
}

/** The cache while it is being filled. */
export interface Shelf {
  /** For unfinished things; on the cache's file system, and removed in the end. */
  readonly scratch: string;
  /** Moves a whole and checked program into the cache, in one step: what interrupts it leaves all or nothing. */
  add(program: string, finishedFile: string): Promise<void>;
}

export async function openCache<Name extends string>(
  module: BinaryModule<Name>,
  environment: NodeJS.ProcessEnv,
): Promise<BinaryCache> {
  const pins = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) pins.update(await readFile(join(module.directory, file)));
  const home = join(cacheHome(environment), 'pks-credentials-updater');
  const kind = [module.name, module.version, process.platform, process.arch].join('-');
  const key = `${kind}-${pins.digest('hex').slice(0, 12)}`;
  const directory = join(home, key);
  const path = (program: string): string => join(directory, program);
  return {
    directory,
    path,
    async earlierDirectories() {
      const others = (await readdir(home)).filter((name) => name.startsWith(`${kind}-`) && name !== key);
      return others.map((name) => join(home, name));
    },
    async fill(work, onWait) {
      await mkdir(directory, { recursive: true });
      return withLock(join(directory, '.lock'), () => withShelf(directory, path, work), onWait);
    },
  };
}

async function withShelf<T>(
  directory: string,
  path: (program: string) => string,
  work: (shelf: Shelf) => Promise<T>,
): Promise<T> {
  // Anyone who holds the lock is alone here: what lies about unfinished belongs to a process that has died.
  for (const entry of await readdir(directory)) {
    if (entry.startsWith(SCRATCH_PREFIX)) await rm(join(directory, entry), { recursive: true, force: true });
  }
  const scratch = await mkdtemp(join(directory, SCRATCH_PREFIX));
  try {
    return await work({
      scratch,
      async add(program, finishedFile) {
        await chmod(finishedFile, 0o755);
        await flushToDisk(finishedFile);
        await rename(finishedFile, path(program));
      },
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Else a power cut could leave the name of a program without its content. */
async function flushToDisk(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}

/** $XDG_CACHE_HOME, which counts only when it is absolute, else ~/.cache. */
function cacheHome({ XDG_CACHE_HOME: configured, HOME: home = homedir() }: NodeJS.ProcessEnv): string {
  return configured?.startsWith('/') ? configured : join(home, '.cache');
}
