/** What Kyverno's own installation puts into a cluster, read from the pinned Go module. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { KyvernoModule } from './programs.ts';

export interface KyvernoInstallation {
  /** All of it; the Deployments, whose programs run outside of the cluster, are scaled to none. */
  readonly manifests: readonly unknown[];
  /** How a controller's container is started. */
  container(deployment: string): Container;
}

export interface Container {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const manifestSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.record(z.string(), z.unknown()).optional(),
  data: z.record(z.string(), z.string()).optional(),
});
const deploymentSchema = z.object({
  kind: z.literal('Deployment'),
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(
          z.object({
            args: z.array(z.string()),
            env: z.array(
              z.object({
                name: z.string(),
                value: z.string().optional(),
                valueFrom: z.object({ fieldRef: z.object({ fieldPath: z.string() }) }).optional(),
              }),
            ),
          }),
        ),
      }),
    }),
  }),
});

export async function readInstallation(
  module: KyvernoModule,
  configuration: Readonly<Record<string, string>>,
): Promise<KyvernoInstallation> {
  const file = join(await moduleDirectory(module), 'config', 'install-latest-testing.yaml');
  // For its own tests, whose images have no version.
  const text = (await readFile(file, 'utf8')).replaceAll(/(image: "[^"]+):latest"/g, `$1:${module.version}"`);
  const manifests = parseAllDocuments(text).flatMap((document) => {
    const manifest = manifestSchema.safeParse(document.toJS());
    return manifest.success ? [manifest.data] : [];
  });
  return {
    manifests: manifests.map((manifest) => {
      const { kind, metadata, spec, data } = manifest;
      if (kind === 'Deployment') return { ...manifest, spec: { ...spec, replicas: 0 } };
      if (kind === 'ConfigMap' && metadata.name === 'kyverno')
        return { ...manifest, data: { ...data, ...configuration } };
      return manifest;
    }),
    container(name) {
      const manifest = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name);
      if (manifest === undefined) throw new Error(`${file} has no Deployment ${name}`);
      const { metadata, spec } = deploymentSchema.parse(manifest);
      const [container] = spec.template.spec.containers;
      if (container === undefined) throw new Error(`${file}: the Deployment ${name} has no container`);
      const fields: Record<string, string> = { 'metadata.namespace': metadata.namespace, 'metadata.name': `${name}-0` };
      return {
        args: container.args,
        environment: Object.fromEntries(
          container.env.map(({ name: variable, value, valueFrom }) => [
            variable,
            value ?? fields[valueFrom?.fieldRef.fieldPath ?? ''] ?? '',
          ]),
        ),
      };
    },
  };
}

/** Where Go keeps the module's source; it is downloaded if it isn't there. */
async function moduleDirectory({ goModule, version, directory }: KyvernoModule): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', `${goModule}@${version}`], {
      cwd: directory,
    });
    return z.object({ Dir: z.string() }).parse(JSON.parse(stdout)).Dir;
  } catch (cause) {
    throw new Error(`Kyverno's manifests lie in the Go module ${goModule} ${version}, which Go could not provide`, {
      cause,
    });
  }
}
