/** The Helm chart says what the Kustomize base says, and installs on a real API server. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { chartDirectory, chartFiles, renderOverlay } from '../../dev/chart/chart.ts';
import { chartSettings } from '../../dev/chart/values.ts';
import { provideHelm } from '../../dev/helm/index.ts';
import { startPoolcApi } from '../../dev/poolc-api/index.ts';
import { readSettings } from '../../src/config/settings.ts';
import { accountsOf } from '../accounts.ts';
import { useCluster } from '../cluster.ts';
import { expectExit, runCommand } from '../command.ts';

const deploy = join(import.meta.dirname, '../../deploy');
const production = join(deploy, 'overlays/production');
const endpoint = 'https://api.poolc.org/kubernetes/';

const objectSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
type KubernetesObject = z.infer<typeof objectSchema>;
const configMapSchema = z.looseObject({ kind: z.literal('ConfigMap'), data: z.record(z.string(), z.string()) });

/** By kind, namespace and name. */
function objectsOf(manifest: string): Map<string, KubernetesObject> {
  const objects = parseAllDocuments(manifest)
    .map((document): unknown => document.toJS())
    .filter((object) => object !== null)
    .map((object) => objectSchema.parse(object));
  const byName = new Map(
    objects.map((object) => [[object.kind, object.metadata.namespace, object.metadata.name].join(' '), object]),
  );
  expect(byName.size).toBe(objects.length);
  return byName;
}

/** Helm would make it before what it counts. */
function withoutQuota(objects: Map<string, KubernetesObject>): Map<string, KubernetesObject> {
  return new Map([...objects].filter(([, { kind }]) => kind !== 'ResourceQuota'));
}

interface Values {
  readonly [name: string]: unknown;
}

/** Go builds Helm where it has never been built. */
const BUILD_TIMEOUT_MS = 1_200_000;
beforeAll(() => provideHelm(), BUILD_TIMEOUT_MS);

async function helm(args: readonly string[], values: Values, env: NodeJS.ProcessEnv = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'pks-chart-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'values.yaml');
  await writeFile(file, JSON.stringify(values));
  // Nothing of the developer's own is read, and nothing is left in their home.
  const own = { HELM_CONFIG_HOME: folder, HELM_CACHE_HOME: folder, HELM_DATA_HOME: folder };
  return promisify(execFile)(await provideHelm(), [...args, '--values', file], {
    env: { ...process.env, ...own, ...env },
  });
}

async function template(values: Values, namespace = 'poolc-system'): Promise<string> {
  const where = ['--namespace', namespace, '--kube-version', '1.36.3'];
  return (await helm(['template', 'credentials-updater', chartDirectory, ...where], values)).stdout;
}

test('the files in deploy/chart are those that `npm run chart` makes', async () => {
  const made = await chartFiles();
  const entries = await readdir(chartDirectory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const there = files.map(async (file) => [relative(chartDirectory, file), await readFile(file, 'utf8')] as const);
  expect(new Map(await Promise.all(there))).toEqual(made);
});

describe('the chart renders what kustomize renders', () => {
  test('of the overlay of production', async () => {
    const wanted = withoutQuota(objectsOf(await renderOverlay(production)));
    expect(wanted.size).toBeGreaterThan(8);
    expect(objectsOf(await template({ endpoint }))).toEqual(wanted);
  });

  test('of an overlay with another schedule, other settings and metrics', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'pks-chart-'));
    onTestFinished(() => rm(copy, { recursive: true, force: true }));
    await cp(deploy, copy, { recursive: true });
    const folder = join(copy, 'overlays/other');
    await mkdir(folder);
    const schedule = '7 3 * * *';
    await writeFile(
      join(folder, 'kustomization.yaml'),
      JSON.stringify({
        resources: ['../production'],
        components: ['../../components/pushgateway'],
        patches: [
          {
            target: { kind: 'ConfigMap', name: 'credentials-updater-cm' },
            patch: JSON.stringify([
              { op: 'add', path: '/data/MAX_ADDITIONS', value: '1000000' },
              { op: 'add', path: '/data/LOG_LEVEL', value: 'debug' },
            ]),
          },
          {
            target: { kind: 'CronJob' },
            patch: JSON.stringify([{ op: 'replace', path: '/spec/schedule', value: schedule }]),
          },
        ],
        // Kustomize takes SCHEDULE for SCHEDULE_TIMEZONE too: as in components/schedule, that one goes last.
        replacements: [
          ['spec.schedule', 'SCHEDULE'],
          ['spec.timeZone', 'SCHEDULE_TIMEZONE'],
        ].map(([fieldPath, variable]) => ({
          source: { kind: 'CronJob', fieldPath },
          targets: [
            {
              select: { kind: 'CronJob' },
              fieldPaths: [`spec.jobTemplate.spec.template.spec.containers.0.env.[name=${variable}].value`],
            },
          ],
        })),
      }),
    );
    const rendered = await template({
      endpoint,
      schedule,
      settings: {
        MAX_ADDITIONS: 1_000_000,
        LOG_LEVEL: 'debug',
        PUSHGATEWAY_URL: 'http://pushgateway.monitoring.svc:9091',
      },
      networkPolicy: {
        extraEgress: [
          {
            to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
            ports: [{ protocol: 'TCP', port: 9091 }],
          },
        ],
      },
    });
    expect(objectsOf(rendered)).toEqual(withoutQuota(objectsOf(await renderOverlay(folder))));
  });
});

describe('the values', () => {
  test('name everything that a club has of its own', async () => {
    const own = {
      endpoint: 'https://api.lab.example/kubernetes/',
      apiKeySecret: 'lab-key',
      membersNamespace: 'lab-users',
      schedule: '@hourly',
      timeZone: 'Asia/Seoul',
      suspend: true,
      env: { HTTPS_PROXY: 'http://proxy.lab.example:3128' },
      notificationsSecret: 'lab-told',
      certificateAuthorities: 'lab-ca',
      image: { repository: 'registry.lab.example/updater', digest: `sha256:${'a'.repeat(64)}`, pullPolicy: 'Always' },
      imagePullSecrets: [{ name: 'lab-registry' }],
      podAnnotations: { 'lab.example/team': 'ops' },
      nodeSelector: { 'lab.example/pool': 'small' },
      tolerations: [{ key: 'lab.example/busy', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
    };
    const rendered = await template(own, 'lab-system');
    for (const theirs of ['poolc-system', 'poolc-users', 'api.poolc.org', 'ghcr.io'])
      expect(rendered).not.toContain(theirs);
    const cronJob = objectsOf(rendered).get('CronJob lab-system credentials-updater');
    const podSpec = {
      nodeSelector: own.nodeSelector,
      tolerations: own.tolerations,
      affinity: own.affinity,
      imagePullSecrets: own.imagePullSecrets,
      containers: [
        expect.objectContaining({
          image: `registry.lab.example/updater@sha256:${'a'.repeat(64)}`,
          imagePullPolicy: 'Always',
          env: expect.arrayContaining([
            { name: 'SCHEDULE', value: '@hourly' },
            { name: 'SCHEDULE_TIMEZONE', value: 'Asia/Seoul' },
            { name: 'HTTPS_PROXY', value: own.env.HTTPS_PROXY },
          ]),
        }),
      ],
    };
    expect(cronJob).toMatchObject({
      spec: {
        suspend: true,
        schedule: '@hourly',
        timeZone: 'Asia/Seoul',
        jobTemplate: { spec: { template: { metadata: { annotations: own.podAnnotations }, spec: podSpec } } },
      },
    });
    for (const name of ['lab-key', 'lab-told', 'lab-ca']) expect(JSON.stringify(cronJob)).toContain(`"${name}"`);
    const policy = 'ValidatingAdmissionPolicy  credentials-updater-keep-lab-users';
    expect([...objectsOf(rendered).keys()]).toContain(policy);
  });

  test('leave out what others make', async () => {
    const kinds = async (values: Values) =>
      new Set([...objectsOf(await template({ endpoint, ...values })).values()].map(({ kind }) => kind));
    const without = {
      createMembersNamespace: false,
      protectMembersNamespace: false,
      networkPolicy: { enabled: false },
    };
    const left = await kinds(without);
    expect([...(await kinds({}))].filter((kind) => !left.has(kind)).toSorted()).toEqual([
      'Namespace',
      'NetworkPolicy',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ]);
  });

  test('take every setting, and the program reads them as they were written', async () => {
    const server = 'https://lab.example:6443';
    const examples: Readonly<Record<string, string>> = { N: '7', DURATION: '10m', LIST: 'one,two', URL: server };
    const settings = Object.fromEntries(
      chartSettings.map(({ name, placeholder, choices }) => [name, choices?.[0] ?? examples[placeholder]]),
    );
    const { data } = configMapSchema.parse(
      objectsOf(await template({ endpoint, settings })).get('ConfigMap poolc-system credentials-updater-cm'),
    );
    expect(data).toEqual({ POOLC_API_ENDPOINT: endpoint, TARGET_NAMESPACE: 'poolc-users', ...settings });
    expect(readSettings(data)).toMatchObject({
      guard: { minMembers: 7, maxAdditions: 7 },
      token: { lifetime: 600, audiences: ['one', 'two'] },
      runDeadline: 600,
      logLevel: 'debug',
    });
  });

  test.each([
    ['no endpoint', {}, 'endpoint is needed: the address of the PoolC API'],
    ['an endpoint in the clear', { endpoint: 'http://api.example.org/' }, 'endpoint'],
    ['a value that there is none of', { endpoint, replicas: 3 }, 'replicas'],
    ['a setting that there is none of', { endpoint, settings: { MAX_REMOVAL: 3 } }, 'MAX_REMOVAL'],
    ['a setting of another type', { endpoint, settings: { MIN_MEMBERS: 'many' } }, 'MIN_MEMBERS'],
    ['an allowance, which is for one run', { endpoint, settings: { ALLOW_REMOVALS: 99 } }, 'ALLOW_REMOVALS'],
    ['a namespace that can have no such name', { endpoint, membersNamespace: 'Poolc Users' }, 'membersNamespace'],
  ])('are refused with a message that names them: %s', async (_, values, named) => {
    await expect(template(values)).rejects.toThrow(named);
  });
});

test('installs, lets its own account sync, upgrades, and leaves the members their access when it goes', async () => {
  const cluster = await useCluster();
  const namespace = cluster.systemNamespace;
  const membersNamespace = `${cluster.usersNamespace}-of-chart`;
  const env = { KUBECONFIG: cluster.kubeconfig };
  const values = { endpoint, membersNamespace, settings: { MIN_MEMBERS: 2 } };
  const release = ['credentials-updater', chartDirectory, '--namespace', namespace];
  const kubectl = async (...args: string[]) => {
    const result = await cluster.kubectl(args);
    expect(result).toMatchObject({ exitCode: 0 });
    return result.stdout;
  };

  const { stdout: notes } = await helm(['install', ...release], values, env);
  expect(notes).toContain(`runs at "0 15 * * *" (Etc/UTC), for the members of\n${endpoint}\n`);
  expect(notes).toContain(`kubectl -n ${namespace} create secret generic credentials-updater-secret`);

  await using api = await startPoolcApi();
  api.seed(3);
  const token = (await kubectl('create', 'token', 'credentials-updater', '-n', namespace)).trim();
  const configMap: unknown = JSON.parse(
    await kubectl('get', 'configmap', 'credentials-updater-cm', '-n', namespace, '-o', 'json'),
  );
  const folder = await mkdtemp(join(tmpdir(), 'pks-chart-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'API_KEY'), api.apiKey);
  const { data } = configMapSchema.parse(configMap);
  const sync = {
    ...data,
    POD_NAMESPACE: namespace,
    POOLC_API_ENDPOINT: api.url,
    POOLC_API_KEY_FILE: join(folder, 'API_KEY'),
    KUBECONFIG: await cluster.kubeconfigFor({ token }),
  };
  expectExit(await runCommand(['sync'], { env: sync, secrets: () => [token, api.apiKey] }), 0);
  const members = { ...cluster, usersNamespace: membersNamespace };
  expect((await accountsOf(members)).size).toBe(3);

  // The account of a run that was taken over plants nothing that later runs would trust, though somebody deleted what ships.
  await kubectl('delete', 'configmaps', 'credentials-updater-ca', 'credentials-updater-holds', '-n', namespace);
  const asUpdater = async (name: string) => {
    const object = ['create', 'configmap', name, '--from-literal=ca.crt=mine', '-n', namespace];
    return cluster.kubectl([...object, '--kubeconfig', sync.KUBECONFIG]);
  };
  for (const name of ['credentials-updater-ca', 'credentials-updater-holds', 'lab-holds', 'argocd-cm'])
    await expect
      .poll(async () => (await asUpdater(name)).stderr, { timeout: 60_000, interval: 500 })
      .toContain(`the updater makes no ConfigMap ${name}: later runs would trust what is in it`);
  expect(await asUpdater('lab-summary')).toMatchObject({ exitCode: 0 });

  await kubectl(
    'create',
    'secret',
    'generic',
    'credentials-updater-secret',
    '--from-literal=API_KEY=x',
    '-n',
    namespace,
  );
  const upgraded = await helm(['upgrade', ...release], { ...values, schedule: '@hourly' }, env);
  expect(upgraded.stdout).not.toContain('create secret');
  expect(upgraded.stdout).toContain('create job --from=cronjob/credentials-updater');
  expect(await kubectl('get', 'cronjob', '-n', namespace, '-o', 'jsonpath={.items[*].spec.schedule}')).toBe('@hourly');

  expect((await cluster.kubectl(['delete', 'namespace', membersNamespace])).stderr).toContain(
    "would end every member's access",
  );
  await promisify(execFile)(await provideHelm(), ['uninstall', 'credentials-updater', '--namespace', namespace], {
    env: { ...process.env, ...env },
  });
  expect(await kubectl('get', 'cronjobs', '-n', namespace, '-o', 'name')).toBe('');
  expect((await accountsOf(members)).size).toBe(3);
});
