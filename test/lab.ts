/** A club that is not PoolC: a list of members in a file, and a MemberSync that names it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { type TestCluster, useCluster } from './cluster.ts';
import { type CommandOptions, type CommandResult, runCommand } from './command.ts';

export interface Lab {
  readonly cluster: TestCluster;
  readonly folder: string;
  /** Writes the MemberSync anew, with these fields besides the usual ones. */
  readonly setSpec: (fields: object) => Promise<void>;
  /** From now on the MemberSync has another name. */
  readonly rename: (name: string) => Promise<void>;
  /** The list of members. */
  readonly writeMembers: (csv: string) => Promise<void>;
  /** Runs a command with this MemberSync. */
  readonly command: (...args: readonly string[]) => Promise<CommandResult>;
  /** The same with another kubeconfig than an administrator's. */
  readonly commandWith: (kubeconfig: string, given: LabCommand) => Promise<CommandResult>;
}

export interface LabCommand extends Pick<CommandOptions, 'onStart' | 'env' | 'secrets' | 'traces'> {
  readonly args: readonly string[];
}

/**
 * @param delivery of the MemberSync, given the lab's folder and cluster
 * @param more fields of its spec
 */
export async function useLab(
  delivery: (folder: string, cluster: TestCluster) => object,
  more: (cluster: TestCluster) => object = () => ({}),
): Promise<Lab> {
  const cluster = await useCluster();
  const folder = await mkdtemp(join(tmpdir(), 'pks-lab-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const list = join(folder, 'members.csv');
  const document = join(folder, 'lab.yaml');
  let name = 'lab';
  let last = more(cluster);
  const setSpec = (fields: object) => {
    last = fields;
    return writeFile(
      document,
      stringify({
        apiVersion: 'credentials-updater.poolc.org/v1alpha1',
        kind: 'MemberSync',
        metadata: { name, namespace: cluster.systemNamespace },
        spec: {
          directory: { file: { path: list } },
          accounts: { namespace: cluster.usersNamespace },
          token: { lifetime: '1h' },
          delivery: delivery(folder, cluster),
          ...fields,
        },
      }),
    );
  };
  await setSpec(last);
  const commandWith = (kubeconfig: string, { args: [command = '', ...args], env, ...options }: LabCommand) =>
    runCommand([command, '-f', document, ...args], {
      ...options,
      env: { KUBECONFIG: kubeconfig, POOLC_API_KEY_FILE: '', ...env },
    });
  return {
    cluster,
    folder,
    setSpec,
    rename: (next) => {
      name = next;
      return setSpec(last);
    },
    writeMembers: (csv) => writeFile(list, csv),
    command: (...args) => commandWith(cluster.kubeconfig, { args }),
    commandWith,
  };
}
