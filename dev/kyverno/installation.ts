/** What Kyverno's own installation puts into a cluster, read from the pinned Go module. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { kyvernoModule } from './programs.ts';

export interface KyvernoInstallation {
  /** CustomResourceDefinitions, ServiceAccounts, RBAC, configuration: all but what needs a node to run on. */
  readonly manifests: readonly unknown[];
  /** How a controller's container is started. */
  container(deployment: string): Container;
}

export interface Container {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const manifestSchema = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
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

export async function readInstallation(): Promise<KyvernoInstallation> {
  const file = join(await moduleDirectory(), 'config', 'install-latest-testing.yaml');
  const manifests = parseAllDocuments(await readFile(file, 'utf8')).flatMap((document) => {
    const manifest = manifestSchema.safeParse(document.toJS());
    return manifest.success ? [manifest.data] : [];
  });
  return {
    manifests: manifests.filter(({ kind }) => kind !== 'Deployment'),
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
async function moduleDirectory(): Promise<string> {
  const { goModule, version, directory } = kyvernoModule;
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
