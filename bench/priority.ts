/**
 * What is measured goes before whatever else the machine does, where the system allows that (root, on Linux). The
 * processes of a control plane are raised one by one: each is in a session of its own, and Linux weighs sessions first.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import type { ControlPlane } from '../dev/control-plane/index.ts';

const highest = -20;

/** This process, what it starts from now on, and the control plane. @returns whether that was allowed */
export async function raisePriority({ supervisor }: ControlPlane): Promise<boolean> {
  try {
    for (const pid of [process.pid, ...(await childrenOf(supervisor.pid))]) {
      for (const thread of await readdir(`/proc/${pid}/task`)) setPriority(Number(thread), highest);
      await writeFile(`/proc/${pid}/autogroup`, String(highest)).catch(ignoreMissing);
    }
    return true;
  } catch {
    return false;
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/** Not every kernel groups by session. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
