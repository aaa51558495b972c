/**
 * The machine that a node believes it is: a process, mount and network namespace of its own and a branch of the
 * cgroups. All mounts, bridges, iptables rules and processes of the node live in there and end with its first process,
 * which the supervisor kills however this program ends. Only cgroup folders outlive that; a clean-up removes them.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { SupervisedProcess, Supervisor } from '../control-plane/index.ts';

const run = promisify(execFile);
const CGROUPS = '/sys/fs/cgroup';
const READY_TIMEOUT_MS = 10_000;
const READY_POLL_MS = 20;

/**
 * The first process. What the node's programs write to /run and /var stays in here; /run must be shared so that network
 * namespaces, which are mounts, are seen by all of them. Then it collects orphans, as an init does.
 */
const FIRST_PROCESS = `
set -eu
mount --make-rshared /
mount -t tmpfs -o mode=0755 run /run
mkdir -p "$1/var/upper" "$1/var/work"
mount -t overlay var -o "lowerdir=/var,upperdir=$1/var/upper,workdir=$1/var/work" /var
ip link set lo up
touch "$1/ready"
while :; do sleep 3600 & wait "$!" || :; done
`;

/** A process that was killed takes a moment to be gone, and its cgroup can't be removed before: again, for 20 s at most. */
const REMOVE_CGROUPS = String.raw`
for attempt in $(seq 100); do
  find "$@" -depth -type d -exec rmdir {} \; 2>/dev/null
  [ -z "$(ls -d "$@" 2>/dev/null)" ] && exit 0
  sleep 0.2
done
`;

export interface Sandbox {
  /** Unique on this machine. */
  readonly id: string;
  /** For the node's files; on the machine's own file system. */
  readonly directory: string;
  /** The branch of the cgroups that holds all pods, such as `/pks-node-1a2b3c`. */
  readonly cgroup: string;
  /** The first process's id on this machine, which names the namespaces. */
  readonly pid: number;
  /** Starts a program in there. */
  spawn(command: readonly string[], logFile: string, environment?: NodeJS.ProcessEnv): Promise<SupervisedProcess>;
  /** Runs a program in there to its end. @throws with its stderr. */
  run(command: readonly string[]): Promise<string>;
}

export async function createSandbox(supervisor: Supervisor): Promise<Sandbox> {
  const id = randomBytes(3).toString('hex');
  const directory = join(supervisor.directory, 'node');
  mkdirSync(directory);
  const cgroup = `/pks-node-${id}`;
  makeCgroups(cgroup, supervisor);

  const flags = ['--pid', '--mount', '--net', '--fork', '--kill-child', '--mount-proc'];
  const unshare = await supervisor.spawn({
    command: ['unshare', ...flags, '--', 'bash', '-c', FIRST_PROCESS, 'init', directory],
    logFile: join(directory, 'sandbox.log'),
  });
  await untilReady(unshare, directory);
  const pid = await onlyChild(unshare.pid);
  const enter = ['nsenter', '--target', String(pid), '--pid', '--mount', '--net', '--'];

  return {
    id,
    directory,
    cgroup,
    pid,
    spawn: (command, logFile, environment) =>
      supervisor.spawn({
        command: [...enter, ...command],
        logFile,
        workingDirectory: directory,
        ...(environment === undefined ? {} : { environment }),
      }),
    async run(command) {
      const [program = '', ...args] = [...enter, ...command];
      return (await run(program, args)).stdout;
    },
  };
}

async function untilReady(unshare: SupervisedProcess, directory: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!existsSync(join(directory, 'ready'))) {
    if (unshare.hasExited() || performance.now() > deadline) {
      const log = await readFile(join(directory, 'sandbox.log'), 'utf8').catch(() => '');
      throw new Error(`The node's namespaces could not be made: ${log.trim().split('\n').join(' / ')}`);
    }
    await sleep(READY_POLL_MS);
  }
}

async function onlyChild(pid: number): Promise<number> {
  const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');
  if (child === undefined || child === '') throw new Error(`unshare (process ${pid}) has started nothing`);
  return Number(child);
}

/** In each hierarchy of cgroup v1, or in the one of v2; removed from the leaves up when everything has ended. */
function makeCgroups(cgroup: string, supervisor: Supervisor): void {
  const unified = existsSync(join(CGROUPS, 'cgroup.controllers'));
  const hierarchies = unified ? [CGROUPS] : readdirSync(CGROUPS).map((name) => join(CGROUPS, name));
  const branches = hierarchies.map((hierarchy) => join(hierarchy, cgroup));
  for (const branch of branches) mkdirSync(branch);
  supervisor.addCleanup(['sh', '-c', REMOVE_CGROUPS, 'remove-cgroups', ...branches]);
}
