/** The environments beside each other: what each renders to, and that none can be taken for another. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type TestCluster, useCluster } from '../cluster.ts';
import { parseManifest } from '../e2e/manifests.ts';

const shipped = join(import.meta.dirname, '../../deploy');
const environments = ['production', 'staging', 'test'];

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await useCluster();
});

async function render(overlay: string, deploy = shipped): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl(['kustomize', join(deploy, 'overlays', overlay)]);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

/** A copy of deploy/ in which one file is changed. */
async function changed(file: string, from: string, to: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-deploy-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await cp(shipped, directory, { recursive: true });
  const text = await readFile(join(directory, file), 'utf8');
  expect(text).toContain(from);
  await writeFile(join(directory, file), text.replace(from, to));
  return directory;
}

describe('staging', () => {
  test('shares neither a namespace nor the name of a cluster-wide object with another environment', async () => {
    const keys = await Promise.all(
      environments.map(async (overlay) =>
        parseManifest(await render(overlay)).map(({ kind, metadata: { name, namespace } }) =>
          namespace === undefined ? `${kind} ${name}` : `in ${namespace}`,
        ),
      ),
    );
    const all = keys.flatMap((each) => [...new Set(each)]);
    expect(all.toSorted()).toEqual([...new Set(all)].toSorted());
  });

  test("has namespaces that the members' AppProject keeps them out of, as test has", async () => {
    for (const overlay of ['staging', 'test'])
      for (const { metadata } of parseManifest(await render(overlay)))
        expect(metadata.namespace ?? 'poolc-users-none').toMatch(/^poolc-users-/);
  });

  test('names nothing of production', async () => {
    const rendered = await render('staging');
    expect(rendered).not.toMatch(/poolc-system|poolc-users(?!-staging)|api\.poolc\.org/);
    expect(rendered).toContain('POOLC_API_ENDPOINT: https://dev.poolc.org/api/kubernetes/');
    expect(rendered).toContain('policyName: credentials-updater-keep-members-staging');
  });

  test.each([
    [
      'staging',
      'overlays/staging/endpoint/endpoint.yaml',
      'https://dev.poolc.org/',
      'https://api.poolc.org/',
      'api.poolc.org',
    ],
    [
      'staging',
      'overlays/production/endpoint/endpoint.yaml',
      'https://api.poolc.org/',
      'https://dev.poolc.org/',
      'dev.poolc.org',
    ],
    [
      'test',
      'overlays/staging/endpoint/endpoint.yaml',
      'https://dev.poolc.org/',
      'https://poolc-api-test/',
      'poolc-api-test',
    ],
  ])('%s does not render where %s has the host of another environment', async (overlay, file, from, to, host) => {
    await expect(render(overlay, await changed(file, from, to))).rejects.toThrow(
      new RegExp(`already registered id: UsedByOneEnvironmentOnly.*${host.replaceAll('.', '\\.')}`),
    );
  });
});
