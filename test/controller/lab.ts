/** A lab without PoolC on the shared control plane: a list in a ConfigMap, Secrets for credentials, controllers as processes. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { createControllerAccount, grantFor } from '../../dev/controller/account.ts';
import { installCustomResource, memberSyncs } from '../../dev/controller/custom-resource.ts';
import { readStatus, type SeenStatus } from '../../dev/controller/status.ts';
import { deliveredTokens } from '../../dev/delivered-secrets.ts';
import { createNamespace, type TestCluster, useCluster } from '../cluster.ts';
import { bundledProgram, ownEnvironment } from '../command.ts';

export interface Lab {
  readonly cluster: TestCluster;
  readonly credentialsNamespace: string;
  /** What a controller proves itself with. */
  readonly controllerToken: string;
  /** Replaces the list of members. */
  readonly setMembers: (logins: readonly string[]) => Promise<void>;
  readonly createSync: (spec?: object, name?: string) => Promise<void>;
  /** Deletes it, and does not wait. */
  readonly deleteSync: (name?: string) => Promise<void>;
  readonly patchSync: (patch: object, name?: string) => Promise<void>;
  readonly status: (name?: string) => Promise<SeenStatus>;
  /** Account names by login: those that the controller owns. */
  readonly accounts: () => Promise<string[]>;
  /** Tokens by account. */
  readonly tokens: () => Promise<Map<string, string>>;
  readonly controller: (env?: Readonly<Record<string, string>>) => Promise<RunningController>;
  /** Waits until it holds, or throws what `describe` says. */
  readonly until: (what: string, holds: () => Promise<boolean>, timeoutMs?: number) => Promise<void>;
}

export interface RunningController {
  readonly pid: number;
  readonly log: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<number | null>;
}

const listSchema = z.object({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({
        name: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
      }),
    }),
  ),
});

/** Call it in a test; on a cluster of its own unless it is given one. Controllers are killed when it ends; namespaces stay. */
export async function useLab(existing?: TestCluster): Promise<Lab> {
  const cluster = existing ?? (await useCluster());
  await installCustomResource(cluster);
  const { systemNamespace, usersNamespace, request } = cluster;
  const credentialsNamespace = systemNamespace.replace('poolc-system', 'lab-credentials');
  await createNamespace(cluster, credentialsNamespace);
  const controllerToken = await createControllerAccount(cluster);
  const kubeconfig = await cluster.kubeconfigFor({ token: controllerToken });
  const configMaps = `/api/v1/namespaces/${systemNamespace}/configmaps`;
  let isMade = false;
  const setMembers = async (logins: readonly string[]) => {
    const csv = ['id,login', ...logins.map((login) => `id-${login},${login}`)].join('\n');
    const body = { metadata: { name: 'members' }, data: { 'members.csv': `${csv}\n` } };
    const { status } = isMade
      ? await request('PUT', `${configMaps}/members`, body)
      : await request('POST', configMaps, body);
    if (status >= 300) throw new Error(`the list was not written: ${status}`);
    isMade = true;
  };
  const spec = {
    directory: { file: { configMapKeyRef: { name: 'members', key: 'members.csv' } } },
    accounts: { namespace: usersNamespace },
    delivery: { secrets: { namespace: credentialsNamespace } },
    cluster: { server: cluster.server },
  };
  const controllers: RunningController[] = [];
  const until: Lab['until'] = async (what, holds, timeoutMs = 60_000) => {
    const end = Date.now() + timeoutMs;
    while (!(await holds())) {
      if (Date.now() > end) {
        const seen = (await request('GET', memberSyncs(systemNamespace))).body;
        const said = controllers.map(({ log }) => log().slice(-3_000)).join('\n');
        throw new Error(
          `${what} did not come true within ${timeoutMs / 1_000} s\n${said}\n${JSON.stringify(seen).slice(0, 6_000)}`,
        );
      }
      await sleep(100);
    }
  };
  return {
    cluster,
    credentialsNamespace,
    controllerToken,
    setMembers,
    createSync: async (more = {}, name = 'lab') => {
      const object = {
        apiVersion: 'credentials-updater.poolc.org/v1alpha1',
        kind: 'MemberSync',
        metadata: { name, namespace: systemNamespace },
        spec: { ...spec, ...more },
      };
      // Whatever else is wrong with it, its rights are those of its namespaces and Secrets.
      await grantFor(cluster, { ...object, spec: { ...object.spec, schedule: undefined } });
      const { status, body } = await request('POST', memberSyncs(systemNamespace), object);
      if (status !== 201) throw new Error(`no MemberSync: ${JSON.stringify(body)}`);
    },
    deleteSync: async (name = 'lab') => {
      await request('DELETE', memberSyncs(systemNamespace, name));
    },
    patchSync: async (patch, name = 'lab') => {
      const { status, body } = await request('PATCH', memberSyncs(systemNamespace, name), patch);
      if (status !== 200) throw new Error(`not patched: ${JSON.stringify(body)}`);
    },
    status: (name = 'lab') => readStatus(cluster, name),
    accounts: async () => {
      const { body } = await request('GET', `/api/v1/namespaces/${usersNamespace}/serviceaccounts`);
      return listSchema
        .parse(body)
        .items.filter(({ metadata }) => metadata.labels['app.kubernetes.io/managed-by'] === 'credentials-updater')
        .map(({ metadata }) => metadata.name)
        .sort();
    },
    tokens: () => deliveredTokens(cluster, credentialsNamespace),
    controller: async (env = {}) => {
      const controller = await startController(cluster, { KUBECONFIG: kubeconfig, ...env });
      controllers.push(controller);
      return controller;
    },
    until,
  };
}

async function startController(
  { systemNamespace }: TestCluster,
  env: Readonly<Record<string, string>>,
): Promise<RunningController> {
  const home = await mkdtemp(join(tmpdir(), 'pks-controller-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const child = spawn(process.execPath, [bundledProgram, 'controller', '--output', 'json'], {
    cwd: home,
    env: {
      ...ownEnvironment(home),
      POD_NAMESPACE: systemNamespace,
      LEADER_LEASE: '15s',
      HEALTH_PORT: '0',
      METRICS_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { pid: child.pid ?? 0, log: () => log, signal: (signal) => void child.kill(signal), ended };
}
