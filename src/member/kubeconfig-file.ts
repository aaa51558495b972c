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
/** As a plugin of kubectl: `kubectl credentials`. */
const pluginName = 'kubectl-credentials';

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
  const onPath = await nameOnPath(environment);
  const byPath = script === undefined ? { command: node, args: command } : nodeAnd(node, script, command);
  return {
    apiVersion: execApiVersion,
    ...(onPath === undefined ? byPath : { command: onPath, args: command }),
    interactiveMode: 'Never',
    provideClusterInfo: false,
    installHint: `${programName} is not where it was when you logged in. Install it again, and run: ${programName} login --cluster ${describedAt}`,
  };
}

function nodeAnd(node: string, script: string, command: readonly string[]) {
  return { command: node, args: [path.resolve(script), ...command] };
}

/**
 * The name by which kubectl finds this program on PATH: it outlives an upgrade of Node, and of a program that krew has put
 * into a folder of its version. Never npm's on Windows: kubectl would run a .cmd there, and with it a shell, which would be
 * another parent process each time.
 */
async function nameOnPath({ env, platform, program }: MemberEnvironment): Promise<string | undefined> {
  const isSingleExecutable = program.script === undefined;
  if (platform === 'win32' && !isSingleExecutable) return undefined;
  const own = await realpath(program.script ?? program.node).catch(() => undefined);
  for (const name of [programName, pluginName])
    if (own !== undefined && own === (await firstOnPath(env, platform === 'win32' ? `${name}.exe` : name))) return name;
  return undefined;
}

async function firstOnPath({ PATH = '' }: MemberEnvironment['env'], file: string): Promise<string | undefined> {
  for (const folder of PATH.split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue;
    const found = await realpath(path.join(folder, file)).catch(() => undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}
