/** The overlays as they are applied. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { ClusterUnderTest } from './cluster-under-test.ts';
import { projectPath } from './project-path.ts';

const objectSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
});
export type ManifestObject = z.infer<typeof objectSchema>;

/** The objects of a rendered overlay, by kind and name. */
export function parseManifest(text: string): ManifestObject[] {
  return parseAllDocuments(text).map((document) => objectSchema.parse(document.toJS()));
}

/** A copy of deploy/ to change, which goes with the block that uses it. */
export async function copyOfDeploy(): Promise<AsyncDisposable & { readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'pks-deploy-'));
  await cp(projectPath('deploy'), directory, { recursive: true });
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

/**
 * Applies the production overlay as it stands. On a cluster with a DNS of its own, its pods are told besides where the
 * PoolC API of this test is: there the host of the endpoint would lead to the club's.
 */
export async function applyProduction({ kubectl, needsHostAlias }: ClusterUnderTest): Promise<string> {
  if (!needsHostAlias) return kubectl(['apply', '-k', projectPath('deploy/overlays/production')]);

  await using deploy = await copyOfDeploy();
  const address = await kubectl([
    'get',
    'service',
    'poolc-api',
    '-n',
    'poolc-site',
    '-o',
    'jsonpath={.spec.clusterIP}',
  ]);
  const overlay = join(deploy.directory, 'overlays/existing-cluster');
  await mkdir(overlay);
  await writeFile(
    join(overlay, 'kustomization.yaml'),
    `resources: [../production]
patches:
  - target: { kind: CronJob }
    patch: |
      - op: add
        path: /spec/jobTemplate/spec/template/spec/hostAliases
        value: [{ ip: "${address}", hostnames: [api.poolc.org] }]
`,
  );
  // Awaited here: the copy goes at the end of this block.
  return await kubectl(['apply', '-k', overlay]);
}

/** What the API server would answer to each object, were it applied. @throws where it would refuse one */
export async function dryRun({ kubectl }: ClusterUnderTest, overlay: string): Promise<string[]> {
  const printed = await kubectl(['apply', '--server-side', '--force-conflicts', '--dry-run=server', '-k', overlay]);
  return printed.trim().split('\n');
}
