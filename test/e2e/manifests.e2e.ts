import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clusterUnderTest } from './cluster-under-test.ts';
import { runKubectl } from './kubectl.ts';
import { copyOfDeploy, parseManifest } from './manifests.ts';
import { projectPath } from './project-path.ts';

const cluster = clusterUnderTest();
const { kubectl } = cluster;

describe('the overlays', () => {
  it('share neither a namespace nor the name of a cluster-wide object', async () => {
    const keys = async (overlay: string): Promise<string[]> =>
      parseManifest(await kubectl(['kustomize', projectPath(`deploy/overlays/${overlay}`)])).map(
        ({ kind, metadata: { name, namespace } }) => (namespace === undefined ? `${kind} ${name}` : `in ${namespace}`),
      );
    const production = new Set(await keys('production'));
    expect((await keys('test')).filter((key) => production.has(key))).toEqual([]);
  });

  it('grant nothing cluster-wide', async () => {
    for (const overlay of ['production', 'staging', 'test']) {
      const objects = parseManifest(await kubectl(['kustomize', projectPath(`deploy/overlays/${overlay}`)]));
      expect(objects.filter(({ kind }) => kind.startsWith('Cluster'))).toEqual([]);
    }
  });

  it('write the schedule once: the program is told what the CronJob has', async () => {
    await using deploy = await copyOfDeploy();
    const file = join(deploy.directory, 'components/daily/kustomization.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('0 15 * * *', '7 3 * * *'));
    const rendered = await kubectl(['kustomize', join(deploy.directory, 'overlays/production')]);
    expect(rendered.match(/7 3 \* \* \*$/gm)).toHaveLength(2);
    expect(rendered).not.toContain('0 15');
  });

  it("go back to the club's weekly schedule by one line removed", async () => {
    await using deploy = await copyOfDeploy();
    const file = join(deploy.directory, 'overlays/production/kustomization.yaml');
    const lines = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, lines.filter((line) => !line.endsWith('components/daily')).join('\n'));
    const rendered = await kubectl(['kustomize', join(deploy.directory, 'overlays/production')]);
    expect(rendered.match(/0 15 \* \* 0$/gm)).toHaveLength(2);
  });

  it.each([
    ['the same endpoint', 'https://poolc-api-test/kubernetes/'],
    ['the same host in other words', 'https://poolc-api-test/kubernetes'],
  ])('test does not render where production has %s', async (_, endpoint) => {
    await using deploy = await copyOfDeploy();
    const file = join(deploy.directory, 'overlays/production/endpoint/endpoint.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('https://api.poolc.org/kubernetes/', endpoint));
    const { exitCode, stderr } = await runKubectl(cluster, ['kustomize', join(deploy.directory, 'overlays/test')]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/already registered id: UsedByOneEnvironmentOnly.*poolc-api-test/);
  });

  it("test does not render where its own endpoint is set to production's", async () => {
    await using deploy = await copyOfDeploy();
    const file = join(deploy.directory, 'overlays/test/environment/kustomization.yaml');
    const text = await readFile(file, 'utf8');
    // Someone points the environment at the club's site, by the shortest way.
    const changed = text
      .replace(
        'kind: Service, name: poolc-api, fieldPath: metadata.name',
        'kind: ConfigMap, name: credentials-updater-cm, fieldPath: data.SITE',
      )
      .replace(
        '- { op: add, path: /data/TOKEN_LIFETIME, value: 10m }',
        '- { op: add, path: /data/TOKEN_LIFETIME, value: 10m }\n      - { op: add, path: /data/SITE, value: api.poolc.org }',
      );
    await writeFile(file, changed);
    const { exitCode, stderr } = await runKubectl(cluster, ['kustomize', join(deploy.directory, 'overlays/test')]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/already registered id: UsedByOneEnvironmentOnly.*api\.poolc\.org/);
  });
});
