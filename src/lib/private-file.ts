/**
 * Files that only their owner may read (0600), because they hold a credential. Written beside the old one and put in its
 * place by a rename, so that nobody ever sees half of one; a symbolic link is followed, not replaced.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, readlink, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from './failure.ts';
import type { Text } from './message.ts';
import { generalMessages } from './messages/general.ts';

const lockAttempts = 20;
const lockPauseMs = 100;
/** Of symbolic links that are followed one after the other, as many as Linux does. */
const longestChain = 40;

/**
 * Reads a file, changes its text and writes it, under the lock that kubectl takes for a kubeconfig (FILE.lock). The
 * file's directory is made where it is missing.
 * @param change gets the text, or undefined where there is no such file; what it throws leaves everything as it is
 * @throws Failure (usage) that names the file
 */
export async function updatePrivateFile(file: string, change: (existing: string | undefined) => string): Promise<void> {
  const target = await followLinks(file);
  await attempt(file, () => makeDirectory(path.dirname(target)));
  const lock = await takeLock(target);
  try {
    await replaceFile(target, change(await readIfThere(target)));
  } finally {
    await rm(lock, { force: true });
  }
}

/**
 * Makes a new file.
 * @param otherwise what to do where there is one of that name already
 * @throws Failure (usage) when there is, whatever it holds
 */
export async function createPrivateFile(file: string, text: string, otherwise?: Text): Promise<void> {
  await updatePrivateFile(file, (existing) => {
    if (existing === undefined) return text;
    const hint = otherwise === undefined ? {} : { hint: otherwise };
    throw new Failure('usage', generalMessages.fileExists({ file }), hint);
  });
}

/**
 * Puts a file in its place, whatever was there, without a lock: for what one writer's last word may replace. The
 * directory is made where it is missing.
 * @throws Failure (usage) that names the file
 */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  await attempt(file, () => makeDirectory(path.dirname(file)));
  await replaceFile(file, text);
}

/** Removes what a process that was killed left between writing a file and putting it in its place: it holds the secret. */
export async function removeLeftovers(file: string): Promise<void> {
  const folder = path.dirname(file);
  const isLeftover = (name: string) => name.startsWith(`${path.basename(file)}.`) && name.endsWith('.tmp');
  const names = await readdir(folder).catch(() => []);
  await Promise.all(names.filter(isLeftover).map((name) => rm(path.join(folder, name), { force: true })));
}

/** Where a file really is, or will be: a link may point to what is not there yet. */
async function followLinks(file: string, links = 0): Promise<string> {
  const there = await realpath(file).catch(() => undefined);
  if (there !== undefined) return there;
  const target = await readlink(file).catch(() => undefined);
  if (target === undefined || links === longestChain) return path.resolve(file);
  return followLinks(path.resolve(path.dirname(file), target), links + 1);
}

/** With the ones above it. Not by mkdir's own `recursive`, which never returns where a file system makes no directories. */
async function makeDirectory(directory: string): Promise<void> {
  const make = () =>
    mkdir(directory, 0o700).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  try {
    await make();
  } catch (error) {
    const parent = path.dirname(directory);
    if (codeOf(error) !== 'ENOENT' || parent === directory) throw error;
    await makeDirectory(parent);
    await make();
  }
}

async function replaceFile(target: string, text: string): Promise<void> {
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await attempt(target, async () => {
      // Never wider than 0600, not even for a moment.
      await using handle = await open(temporary, 'wx', 0o600);
      await handle.writeFile(text);
      await handle.sync();
    });
    await attempt(target, () => rename(temporary, target));
  } finally {
    await rm(temporary, { force: true });
  }
}

async function takeLock(target: string): Promise<string> {
  const lock = `${target}.lock`;
  for (let attemptNumber = 1; ; attemptNumber++) {
    try {
      const handle = await open(lock, 'wx', 0o600);
      await handle.close();
      return lock;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw unwritable(target, error);
      if (attemptNumber === lockAttempts) {
        throw new Failure('usage', generalMessages.fileIsLocked({ file: target, lock }), {
          hint: generalMessages.deleteLock({ lock }),
        });
      }
      await sleep(lockPauseMs);
    }
  }
}

async function readIfThere(target: string): Promise<string | undefined> {
  try {
    return await readFile(target, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new Failure('usage', generalMessages.fileCannotBeRead({ file: target, code: codeOf(error) }), {
      cause: error,
    });
  }
}

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unwritable(file, error);
  }
}

function unwritable(file: string, error: unknown): Failure {
  return new Failure('usage', generalMessages.fileCannotBeWritten({ file, code: codeOf(error) }), { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
