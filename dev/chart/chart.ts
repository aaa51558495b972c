/** The Helm chart, file by file, made from what kustomize renders of deploy/overlays/production. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { kubernetes, provideBinaries } from '../control-plane/index.ts';
import { readDeployment } from './deployment.ts';
import { templatesOf } from './templates.ts';
import { valuesFile, valuesSchemaFile } from './values.ts';

export const chartDirectory = fileURLToPath(new URL('../../deploy/chart', import.meta.url));

/** Written by hand: they have no object of deploy/base to come from. */
const byHand = ['templates/_names.tpl', 'templates/NOTES.txt'];

/** Content by path in the chart. */
export async function chartFiles(): Promise<ReadonlyMap<string, string>> {
  const manifest = await renderOverlay(fileURLToPath(new URL('../../deploy/overlays/production', import.meta.url)));
  const deployment = readDeployment(manifest);
  const written = await Promise.all(
    byHand.map(async (path) => [path, await readFile(new URL(path, import.meta.url), 'utf8')] as const),
  );
  return new Map([
    ['Chart.yaml', chartYaml()],
    ['values.yaml', valuesFile(deployment)],
    ['values.schema.json', valuesSchemaFile(deployment)],
    ...templatesOf(manifest, deployment).map(({ file, content }) => [`templates/${file}`, content] as const),
    ...written,
  ]);
}

/** What `kubectl apply -k DIRECTORY` would apply. */
export async function renderOverlay(directory: string): Promise<string> {
  const binaries = await provideBinaries(kubernetes, ['kubectl'], { onProgress: (line) => console.error(line) });
  const { stdout } = await promisify(execFile)(binaries.path('kubectl'), ['kustomize', directory]);
  return stdout;
}

function chartYaml(): string {
  const { version, description, homepage, repository } = packageJson;
  return stringify({
    apiVersion: 'v2',
    name: 'credentials-updater',
    description,
    type: 'application',
    version,
    appVersion: version,
    // ValidatingAdmissionPolicy.
    kubeVersion: '>=1.30.0-0',
    home: homepage,
    sources: [repository.url.replace(/^git\+|\.git$/g, '')],
  });
}
