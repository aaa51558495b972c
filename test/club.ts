/** A club to test on: namespaces of the shared cluster, a PoolC API server, and the command set up to keep them equal. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ClusterConnection } from '../dev/control-plane/index.ts';
import { type PoolcApi, type PoolcApiOptions, startPoolcApi } from '../dev/poolc-api/index.ts';
import {
  createUpdaterAccount,
  type UpdaterAccount,
  type UpdaterNamespaces,
  type UpdaterRole,
  updaterRoles,
} from '../dev/updater-account.ts';
import { type TestCluster, useCluster } from './cluster.ts';
import { type CommandOptions, type CommandResult, runCommand } from './command.ts';
import { traces } from './traces.ts';

export interface ClubOptions {
  readonly api?: PoolcApiOptions;
  /** Instead of the shared control plane. */
  readonly controlPlane?: ClusterConnection;
  /** Changes the rights of the updater's account, which are otherwise those of production. */
  readonly roles?: (roles: UpdaterRole[], namespaces: UpdaterNamespaces) => readonly UpdaterRole[];
}

export interface Club {
  readonly cluster: TestCluster;
  readonly api: PoolcApi;
  readonly account: UpdaterAccount;
  /** What no run may print; may be added to. */
  readonly secrets: Set<string>;
  /** What the command is configured by. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs the command, as the updater's account. Variables in `env` replace or add to the club's. */
  readonly run: (
    args: readonly string[],
    options?: Omit<CommandOptions, 'secrets' | 'traces'>,
  ) => Promise<CommandResult>;
}

/** Call it in a test. What it starts and its files go when the test ends; its namespaces stay (cluster.ts). */
export async function useClub({
  api: apiOptions,
  controlPlane,
  roles = (all) => all,
}: ClubOptions = {}): Promise<Club> {
  const cluster = await useCluster(controlPlane);
  const api = await startPoolcApi({ limits: { requestsPerSecond: Number.POSITIVE_INFINITY }, ...apiOptions });
  onTestFinished(() => api.close());
  const directory = await mkdtemp(join(tmpdir(), 'pks-club-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const keyFile = join(directory, 'API_KEY');
  await writeFile(keyFile, `${api.apiKey}\n`);
  const account = await createUpdaterAccount(cluster, cluster, roles(updaterRoles(cluster), cluster));
  const env = {
    KUBECONFIG: account.kubeconfig,
    POOLC_API_ENDPOINT: api.url,
    POOLC_API_KEY_FILE: keyFile,
    TARGET_NAMESPACE: cluster.usersNamespace,
    POD_NAMESPACE: cluster.systemNamespace,
  };
  const secrets = new Set([api.apiKey, account.token]);
  return {
    cluster,
    api,
    account,
    secrets,
    env,
    run: (args, options = {}) =>
      runCommand(args, {
        ...options,
        env: { ...env, ...options.env },
        secrets: () => {
          for (const token of api.storedTokens().values()) secrets.add(token);
          return secrets;
        },
        traces: () => traces(cluster),
      }),
  };
}
