/** The member's kubeconfig: which file it is, and the entry of a cluster whose user is this program as a plugin. */
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import {
  type ExecPlugin,
  type KubeconfigEntry,
  type MergeOptions,
  mergeKubeconfig,
} from '../kube/kubeconfig-document.ts';
import { updatePrivateFile } from '../lib/private-file.ts';
import type { ClusterInfo } from './cluster-info.ts';
import type { MemberEnvironment } from './environment.ts';
import { execApiVersion } from './get-token.ts';

const programName = 'credentials-updater';

export interface DescribedEntry {
  readonly name: string;
  readonly info: ClusterInfo;
  readonly namespace: string | undefined;
  /** What --cluster was: to log in again by the same words. */
  readonly describedAt: string;
}

/** The cluster, its user and its context, all of one name. */
export async function clusterEntry(
  environment: MemberEnvironment,
  { name, info, namespace, describedAt }: DescribedEntry,
): Promise<KubeconfigEntry> {
  return {
    cluster: { name, server: info.server, certificateAuthority: info.certificateAuthority },
    user: { name, credential: { exec: await plugin(environment, name, describedAt) } },
    contextName: name,
    ...(namespace === undefined ? {} : { namespace }),
  };
}

/** Whether the entry can go in, without writing anything. @throws Failure (usage) when it can't */
export async function rehearse(entry: KubeconfigEntry, options: MergeOptions): Promise<void> {
  const existing = await readFile(options.file, 'utf8').catch(() => undefined);
  mergeKubeconfig(existing, entry, options);
}

/** Writes the entry into the file, under kubectl's own lock. @throws Failure (usage) that leaves the file as it was */
export async function writeEntry(entry: KubeconfigEntry, options: MergeOptions): Promise<void> {
  await updatePrivateFile(options.file, (existing) => mergeKubeconfig(existing, entry, options));
}

async function plugin(environment: MemberEnvironment, name: string, describedAt: string): Promise<ExecPlugin> {
  const command = ['get-token', '--name', name];
  const { node, script } = environment.program;
  // By its name where kubectl will find it so, which outlives an upgrade of Node. Never so on Windows: kubectl would run
  // npm's .cmd there, and with it a shell, which would be another parent process each time.
  const onPath = environment.platform !== 'win32' && (await isOnPath(environment));
  return {
    apiVersion: execApiVersion,
    ...(onPath ? { command: programName, args: command } : { command: node, args: [path.resolve(script), ...command] }),
    interactiveMode: 'Never',
    provideClusterInfo: false,
    installHint: `${programName} is not where it was when you logged in. Install it again, and run: ${programName} login --cluster ${describedAt}`,
  };
}

/** Whether the first program of our name on PATH is this one. */
async function isOnPath({ env, program }: MemberEnvironment): Promise<boolean> {
  const own = await realpath(program.script).catch(() => undefined);
  for (const folder of (env.PATH ?? '').split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue;
    const found = await realpath(path.join(folder, programName)).catch(() => undefined);
    if (found !== undefined) return found === own;
  }
  return false;
}
