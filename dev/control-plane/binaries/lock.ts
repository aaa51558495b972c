/**
 * A lock between processes that can't go stale: SQLite's exclusive transaction rests on the kernel's file locks, which
 * end with the process that holds them, however it ends. The database itself stays empty.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;
const SQLITE_BUSY = 5;

/** Runs `work` while holding `file`. `onWait` is called once, with who holds it, if it must be waited for. */
export async function withLock<T>(file: string, work: () => Promise<T>, onWait: (holder: string) => void): Promise<T> {
  const database = new DatabaseSync(file);
  const holderFile = `${file}.holder`;
  try {
    let waiting = false;
    while (!tryLock(database)) {
      if (!waiting) onWait(readHolder(holderFile));
      waiting = true;
      await sleep(POLL_MS);
    }
    writeFileSync(holderFile, `process ${process.pid}`);
    return await work();
  } finally {
    if (database.isTransaction) {
      rmSync(holderFile, { force: true });
    }
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}

function readHolder(holderFile: string): string {
  try {
    return readFileSync(holderFile, 'utf8');
  } catch {
    return 'another process';
  }
}
