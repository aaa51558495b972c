/** The objects for Argo CD, judged by a real API server with Argo CD's own definitions: the newest's, or the oldest's. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { argoCdDefinitions } from '../../dev/argocd/definitions.ts';
import { chosenVersions } from '../../dev/versions.ts';
import {
  type AppProject,
  appProjectKind,
  permits,
  permitsNamespace,
  permitsRepository,
} from '../../src/audit/argocd-projects.ts';
import { type TestCluster, useCluster } from '../cluster.ts';
import { parseManifest } from '../e2e/manifests.ts';
import { platformProjects } from '../pks/projects.ts';

const deploy = join(import.meta.dirname, '../../deploy');
const allowed = z.array(z.looseObject({ group: z.string(), kind: z.string() }));
const projectSchema = z.looseObject({
  spec: z.looseObject({
    destinations: z.array(z.object({ namespace: z.string() })),
    clusterResourceWhitelist: allowed,
    namespaceResourceWhitelist: allowed,
  }),
});

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await useCluster();
  const definitions = (await argoCdDefinitions()).flatMap((file) => ['-f', file]);
  await kubectl(['apply', '--server-side', '--force-conflicts', ...definitions]);
  await cluster.kubectl(['create', 'namespace', 'argocd']);
});

async function kubectl(args: readonly string[], input = ''): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl(args, { input });
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** A definition is served a moment after it was accepted; long, where the machine has other things to do. */
const dryRun = (args: readonly string[], input?: string): Promise<string> =>
  vi.waitFor(() => kubectl(['apply', '--server-side', '--dry-run=server', ...args], input), { timeout: 120_000 });

const tags = 'older-versions';

describe("Argo CD's objects", { tags }, () => {
  test("are accepted by the API server under Argo CD's own definitions", async () => {
    expect((await dryRun(['-k', join(deploy, 'argocd')])).trim().split('\n').toSorted()).toEqual([
      'applicationset.argoproj.io/credentials-updater serverside-applied (server dry run)',
      'appproject.argoproj.io/credentials-updater serverside-applied (server dry run)',
    ]);
  });

  test('use no field that the oldest supported Argo CD lacks, which it refuses', async () => {
    const project = projectSchema.parse(parse(await readFile(join(deploy, 'argocd/project.yaml'), 'utf8')));
    const [first, ...others] = project.spec.clusterResourceWhitelist;
    const clusterResourceWhitelist = [{ ...first, name: 'poolc-*' }, ...others];
    const narrowed = stringify({ ...project, spec: { ...project.spec, clusterResourceWhitelist } });
    // Argo CD 3.3 brought it.
    await dryRun(['-k', join(deploy, 'argocd')]);
    const { stderr } = await cluster.kubectl(
      ['apply', '--server-side', '--dry-run=server', '-n', 'argocd', '-f', '-'],
      { input: narrowed },
    );
    const refusal = /clusterResourceWhitelist\[0\]\.name: field not declared in schema/;
    expect(stderr).toMatch(chosenVersions() === 'newest' ? /^$/ : refusal);
  });

  test('allow every kind and namespace of the overlays, and no others', async () => {
    const { spec } = projectSchema.parse(parse(await readFile(join(deploy, 'argocd/project.yaml'), 'utf8')));
    const kinds = new Set<string>();
    const namespaces = new Set<string>();
    for (const overlay of ['production', 'staging', 'test']) {
      for (const { kind, metadata } of parseManifest(await kubectl(['kustomize', join(deploy, 'overlays', overlay)]))) {
        kinds.add(kind);
        if (metadata.namespace !== undefined) namespaces.add(metadata.namespace);
      }
    }
    const granted = [...spec.clusterResourceWhitelist, ...spec.namespaceResourceWhitelist].map(({ kind }) => kind);
    // The club adds its sealed API key to production's overlay.
    expect(new Set(granted)).toEqual(kinds.add('SealedSecret'));
    expect(new Set(spec.destinations.map(({ namespace }) => namespace))).toEqual(namespaces);
  });
});

describe("PKS's projects", { tags }, () => {
  const parts = ['updater', 'rest'];
  const objectsOf = async (part: string) =>
    parseManifest(await kubectl(['kustomize', join(deploy, 'overlays/pks', part)])).map(
      ({ apiVersion, kind, metadata }) => ({
        group: apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '',
        kind,
        namespace: metadata.namespace,
      }),
    );
  const read = async (name: string): Promise<AppProject> =>
    appProjectKind.item.parse(JSON.parse(await kubectl(['-n', 'argocd', 'get', 'appproject', name, '-o', 'json'])));
  const patch = (name: string) =>
    kubectl([
      '-n',
      'argocd',
      'patch',
      'appproject',
      name,
      '--type=json',
      '--patch-file',
      join(deploy, `argocd/pks/${name}.yaml`),
    ]);

  beforeAll(async () => {
    for (const project of platformProjects)
      await vi.waitFor(() => kubectl(['apply', '-f', '-'], JSON.stringify(project)), { timeout: 120_000 });
  });

  test('allow the updater as they are, and the rest once they are patched', async () => {
    const [updater = [], rest = []] = await Promise.all(parts.map(objectsOf));
    expect([updater.length, rest.length]).toEqual([10, 6]);
    const before = await read('poolc-system-proj');
    expect(updater.filter((object) => !permits(before, object))).toEqual([]);
    expect(rest.filter((object) => permits(before, object))).toEqual([]);
    await patch('poolc-system-proj');
    const after = await read('poolc-system-proj');
    expect([...updater, ...rest].filter((object) => !permits(after, object))).toEqual([]);
    expect(permitsNamespace(after, 'kube-system')).toBe(false);
  });

  test('allow the members’ policies in admin-proj, once it reads this repository', async () => {
    const repository = 'https://github.com/PoolC/pks-credentials-updater';
    expect(permitsRepository(await read('admin-proj'), repository)).toBe(false);
    await patch('admin-proj');
    const project = await read('admin-proj');
    expect(permitsRepository(project, repository)).toBe(true);
    const objects = parseManifest(await kubectl(['kustomize', join(deploy, 'policies/kyverno')]));
    for (const { apiVersion, kind, metadata } of objects)
      expect(permits(project, { group: apiVersion.split('/')[0] ?? '', kind, namespace: metadata.namespace })).toBe(
        true,
      );
  });

  test('two parts that share no object make up the whole of production', async () => {
    const names = async (overlay: string) =>
      parseManifest(await kubectl(['kustomize', join(deploy, 'overlays', overlay)])).map(
        ({ kind, metadata: { namespace = '', name } }) => `${kind} ${namespace}/${name}`,
      );
    const [updater = [], rest = []] = await Promise.all(parts.map((part) => names(`pks/${part}`)));
    expect([...updater, ...rest].toSorted()).toEqual((await names('production')).toSorted());
  });
});
