/**
 * `certificate`: signed by the real kube-controller-manager, and tried with the real kubectl. Who may have none, gets none,
 * and nothing is left behind.
 */
import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type ControlPlane, startControlPlane } from '../../dev/control-plane/index.ts';
import { temporaryDirectory } from '../../dev/control-plane/testing.ts';
import { createUpdaterAccount } from '../../dev/updater-account.ts';
import { type TestCluster, useCluster } from '../cluster.ts';
import { type CommandResult, expectExit, runCommand } from '../command.ts';

let controlPlane: ControlPlane;
beforeAll(async () => {
  controlPlane = await startControlPlane({ controllerManager: true });
});
afterAll(() => controlPlane.stop());

interface Desk {
  readonly cluster: TestCluster;
  readonly file: string;
  readonly namespace: string;
  readonly certificate: (...args: readonly string[]) => Promise<CommandResult>;
  readonly kubectl: (...args: readonly string[]) => Promise<{ stdout: string; stderr: string; exitCode: number }>;
  readonly requests: () => Promise<readonly string[]>;
}

async function useDesk({
  hasSigner = true,
  kubeconfig,
}: {
  hasSigner?: boolean;
  kubeconfig?: string;
} = {}): Promise<Desk> {
  const cluster = hasSigner ? await useCluster(controlPlane.connection) : await useCluster();
  const file = join(await temporaryDirectory(), 'kim.yaml');
  return {
    cluster,
    file,
    namespace: cluster.usersNamespace.replace('poolc-users', 'lab-kim'),
    certificate: (...args) =>
      runCommand(['certificate', ...args, '--out', file], {
        env: {
          KUBECONFIG: kubeconfig ?? cluster.kubeconfig,
          TARGET_NAMESPACE: cluster.usersNamespace,
          POD_NAMESPACE: cluster.systemNamespace,
          POOLC_API_KEY_FILE: '',
        },
      }),
    kubectl: (...args) => cluster.kubectl([...args], { kubeconfig: file }),
    requests: async () => {
      const { body } = await cluster.request('GET', '/apis/certificates.k8s.io/v1/certificatesigningrequests');
      const items = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) }).parse(body);
      return items.items.map(({ metadata }) => metadata.name);
    },
  };
}

const kubeconfigSchema = z.object({
  'current-context': z.string(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ namespace: z.string().optional() }) })),
  users: z.array(
    z.object({
      name: z.string(),
      user: z.object({ 'client-certificate-data': z.string(), 'client-key-data': z.string() }),
    }),
  ),
});
const contentOf = async (file: string) => kubeconfigSchema.parse(parse(await readFile(file, 'utf8')));

async function certificateIn(file: string): Promise<X509Certificate> {
  const [user] = (await contentOf(file)).users;
  return new X509Certificate(Buffer.from(user?.user['client-certificate-data'] ?? '', 'base64'));
}

describe('a guest', () => {
  test('works in a namespace of their own for a day, and nowhere else; the next day renews it', async () => {
    const desk = await useDesk();
    const result = await desk.certificate('kim', '--namespace', desk.namespace);
    expectExit(result, 0);
    expect(result.stderr).toMatch(/can't be revoked before/);
    expect((await stat(desk.file)).mode & 0o777).toBe(0o600);
    const certificate = await certificateIn(desk.file);
    expect(certificate.subject).toBe('CN=kim');
    const lifetime = certificate.validToDate.getTime() - Date.now();
    expect(Math.abs(lifetime - 86_400_000)).toBeLessThan(15 * 60_000);
    expect((await desk.kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).stdout).toBe('kim');

    const can = async (...question: readonly string[]) =>
      (await desk.kubectl('auth', 'can-i', ...question)).stdout.trim();
    expect(await can('create', 'deployments.apps')).toBe('yes');
    expect(await can('create', 'rolebindings')).toBe('no');
    expect(await can('create', 'serviceaccounts/token')).toBe('no');
    expect(await can('get', 'pods', '-n', desk.cluster.usersNamespace)).toBe('no');
    expect(result.stdout + result.stderr).not.toMatch(/PRIVATE KEY|BEGIN/);

    expectExit(await desk.certificate('kim', '--namespace', desk.namespace), 0);
    expect((await certificateIn(desk.file)).serialNumber).not.toBe(certificate.serialNumber);
    expect((await contentOf(desk.file)).users).toHaveLength(1);

    const [, ending = ''] = /to end access before:\n\s*kubectl (.+)/.exec(result.stderr) ?? [];
    await desk.cluster.kubectl(
      ending
        .split(' ')
        .filter(
          (word, index, all) =>
            !/^--(kubeconfig|context)/.test(word) && !/^--(kubeconfig|context)$/.test(all[index - 1] ?? ''),
        ),
    );
    expect(await can('create', 'deployments.apps')).toBe('no');
  });

  test('with groups and a ClusterRole, merged into a kubeconfig that keeps what it has', async () => {
    const desk = await useDesk();
    const before =
      'apiVersion: v1\nkind: Config\n# mine\ncurrent-context: home\nclusters: []\nusers: []\ncontexts:\n- name: home\n  context: {cluster: home, user: me}\n';
    await writeFile(desk.file, before, { mode: 0o644 });
    expectExit(
      await desk.certificate(
        'lee@example.org',
        '--group',
        'guests',
        '--group',
        'night-shift',
        '--namespace',
        desk.namespace,
        '--cluster-role',
        'view',
        '--lifetime',
        '10m',
      ),
      0,
    );
    const text = await readFile(desk.file, 'utf8');
    expect(text).toContain('# mine');
    expect(text).toContain('current-context: home');
    expect((await stat(desk.file)).mode & 0o777).toBe(0o600);
    const context = parse(text).contexts.at(-1).name;
    const { stdout } = await desk.kubectl('--context', context, 'auth', 'whoami', '-o', 'json');
    expect(JSON.parse(stdout).status.userInfo).toMatchObject({
      username: 'lee@example.org',
      groups: expect.arrayContaining(['guests', 'night-shift']),
    });
    expect((await desk.kubectl('--context', context, 'auth', 'can-i', 'list', 'pods')).stdout.trim()).toBe('yes');
    expect((await desk.kubectl('--context', context, 'auth', 'can-i', 'create', 'pods')).stdout.trim()).toBe('no');
  });
});

test('nobody becomes more than a guest: nothing is asked of the cluster, and nothing is written', async () => {
  const desk = await useDesk();
  const before = await desk.requests();
  const refused: readonly (readonly string[])[] = [
    ['system:admin'],
    ['kim', '--group', 'system:masters'],
    ['kim\u001b[2J'],
    ['kim', '--lifetime', '10000d'],
    ['kim', '--namespace', 'kube-system'],
    ['kim', '--namespace', '../x'],
    ['kim', '--namespace', desk.cluster.usersNamespace],
    ['kim', '--namespace', desk.cluster.systemNamespace],
    ['kim', '--cluster-role', 'edit'],
  ];
  for (const result of await Promise.all(refused.map((args) => desk.certificate(...args)))) {
    expectExit(result, 2);
    expect(result.stderr).not.toContain('\u001b[2J');
  }
  expect(await desk.requests()).toEqual(before);
  await expect(stat(desk.file)).rejects.toThrow('ENOENT');
});

describe('what is in the way', () => {
  test("another's RoleBinding of that name stays as it is, and nobody gets a certificate", async () => {
    const desk = await useDesk();
    const { request } = desk.cluster;
    await request('POST', '/api/v1/namespaces', { metadata: { name: desk.namespace } });
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${desk.namespace}/rolebindings`;
    await request('POST', path, {
      metadata: { name: 'certificate:kim' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'kim' }],
    });
    const before = await desk.requests();
    const result = await desk.certificate('kim', '--namespace', desk.namespace);
    expectExit(result, 2);
    expect(result.stderr).toContain('is there already and binds another role, or others than this user');
    expect(await desk.requests()).toEqual(before);
  });

  test('another credential of that name in the kubeconfig is not overwritten', async () => {
    const desk = await useDesk();
    expectExit(await desk.certificate('kim'), 0);
    const [user] = (await contentOf(desk.file)).users;
    const text = `apiVersion: v1\nkind: Config\nusers:\n- name: ${user?.name}\n  user: {token: mine}\n`;
    await writeFile(desk.file, text);
    const result = await desk.certificate('kim');
    expectExit(result, 2);
    expect(result.stderr).toContain('with a credential of another kind (token)');
    expect(await readFile(desk.file, 'utf8')).toBe(text);
    expectExit(await desk.certificate('kim', '--replace'), 0);
  });

  test('an operator who may ask, and may not approve', async () => {
    const { cluster } = await useDesk();
    const rules = [
      { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create', 'get'] },
    ];
    const { kubeconfig } = await createUpdaterAccount(cluster, cluster, []);
    await cluster.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: cluster.usersNamespace },
      rules,
    });
    await cluster.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: cluster.usersNamespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: cluster.usersNamespace },
      subjects: [
        {
          kind: 'Group',
          apiGroup: 'rbac.authorization.k8s.io',
          name: `system:serviceaccounts:${cluster.systemNamespace}`,
        },
      ],
    });
    const desk = await useDesk({ kubeconfig });
    const result = await desk.certificate('kim');
    expectExit(result, 1);
    expect(result.stderr).toContain('it may not be approved');
    expect(result.stderr).toContain('approve on the signer kubernetes.io/kube-apiserver-client');
    await expect(stat(desk.file)).rejects.toThrow('ENOENT');
  });

  test('a cluster where nobody signs', async () => {
    const desk = await useDesk({ hasSigner: false });
    const result = await desk.certificate('kim', '--namespace', desk.namespace, '--wait', '1s');
    expectExit(result, 1);
    expect(result.stderr).toContain('nobody signed it within 1 s');
    await expect(stat(desk.file)).rejects.toThrow('ENOENT');
    const { status } = await desk.cluster.request('GET', `/api/v1/namespaces/${desk.namespace}`);
    expect(status).toBe(404);
  });
});
