/** The member's kubeconfig: which file it is, and the entry of a cluster whose user is this program as a plugin. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type ExecPlugin,
  type KubeconfigEntry,
  type MergeOptions,
  mergeKubeconfig,
} from '../kube/kubeconfig-document.ts';
import { knownMessages } from '../lib/messages/member-token.ts';
import { updatePrivateFile } from '../lib/private-file.ts';
import type { ClusterInfo } from './cluster-info.ts';
import type { MemberEnvironment } from './environment.ts';
import { execApiVersion } from './get-token.ts';
import { nameOnPath, ownCommand } from './own-command.ts';

export interface DescribedEntry {
  readonly name: string;
  readonly info: ClusterInfo;
  readonly namespace: string | undefined;
  /** The words that log in again: `login --cluster …`. */
  readonly again: readonly string[];
}

/** The cluster, its user and its context, all of one name. */
export function clusterEntry(
  environment: MemberEnvironment,
  { name, info, namespace, again }: DescribedEntry,
): KubeconfigEntry {
  return {
    cluster: { name, server: info.server, certificateAuthority: info.certificateAuthority },
    user: { name, credential: { exec: plugin(environment, name, again) } },
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

function plugin(environment: MemberEnvironment, name: string, again: readonly string[]): ExecPlugin {
  const command = ['get-token', '--name', name];
  const { node, script } = environment.program;
  const onPath = nameOnPath(environment);
  const byPath = script === undefined ? { command: node, args: command } : nodeAnd(node, script, command);
  return {
    apiVersion: execApiVersion,
    ...(onPath === undefined ? byPath : { command: onPath, args: command }),
    interactiveMode: 'Never',
    provideClusterInfo: false,
    installHint: knownMessages.installHint({
      command: ownCommand(environment, ...again),
    })[environment.language],
  };
}

function nodeAnd(node: string, script: string, command: readonly string[]) {
  return { command: node, args: [path.resolve(script), ...command] };
}
