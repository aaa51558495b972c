/** The manifests for clubs that want notifications: without them nothing changes, with them the pod gets the addresses. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { kubernetes, provideBinaries } from '../../dev/control-plane/index.ts';
import { copyOfDeploy } from '../e2e/manifests.ts';

const binaries = await provideBinaries(kubernetes, ['kubectl']);

const cronJobSchema = z.object({
  spec: z.object({
    jobTemplate: z.object({
      spec: z.object({
        template: z.object({
          spec: z.object({ containers: z.array(z.object({ env: z.array(z.looseObject({ name: z.string() })) })) }),
        }),
      }),
    }),
  }),
});

async function render(overlay: string): Promise<{ readonly kind: string; readonly object: unknown }[]> {
  const { stdout } = await promisify(execFile)(binaries.path('kubectl'), ['kustomize', overlay]);
  return parseAllDocuments(stdout).map((document) => {
    const object: unknown = document.toJS();
    return { kind: z.object({ kind: z.string() }).parse(object).kind, object };
  });
}

const ofKind = (objects: Awaited<ReturnType<typeof render>>, wanted: string) =>
  objects.find(({ kind }) => kind === wanted)?.object;

test('the addresses come from a Secret that need not be there', async () => {
  await using deploy = await copyOfDeploy();
  const cronJob = cronJobSchema.parse(ofKind(await render(join(deploy.directory, 'overlays/production')), 'CronJob'));
  const [container] = cronJob.spec.jobTemplate.spec.template.spec.containers;
  for (const key of ['NOTIFY_URL', 'HEARTBEAT_URL']) {
    expect(container?.env).toContainEqual({
      name: key,
      valueFrom: { secretKeyRef: { name: 'credentials-updater-notifications', key, optional: true } },
    });
  }
});

test('one line in the overlay pushes metrics, and lets the pod reach the Pushgateway', async () => {
  await using deploy = await copyOfDeploy();
  const overlay = join(deploy.directory, 'overlays/production');
  const file = join(overlay, 'kustomization.yaml');
  const before = await render(overlay);
  const line = '  - ../../components/schedule\n';
  await writeFile(file, (await readFile(file, 'utf8')).replace(line, `${line}  - ../../components/pushgateway\n`));

  const after = await render(overlay);

  expect(ofKind(before, 'ConfigMap')).not.toHaveProperty('data.PUSHGATEWAY_URL');
  expect(ofKind(after, 'ConfigMap')).toHaveProperty('data.PUSHGATEWAY_URL', 'http://pushgateway.monitoring.svc:9091');
  const egress = (objects: typeof after) =>
    z.object({ spec: z.object({ egress: z.array(z.unknown()) }) }).parse(ofKind(objects, 'NetworkPolicy')).spec.egress;
  expect(egress(after)).toEqual([
    ...egress(before),
    {
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      ports: [{ protocol: 'TCP', port: 9091 }],
    },
  ]);
});
