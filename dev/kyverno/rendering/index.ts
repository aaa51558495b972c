/**
 * Kyverno's forms of the policies. The rules are written once, as Kubernetes' own admission policies in
 * deploy/policies/builtin; what Kyverno takes in the same language (CEL) is rendered from there, for both generations of
 * its policies. What only Kyverno can do (count, look at other objects, generate) is written by hand beside it.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { celGeneration, clusterPolicyGeneration } from './generation.ts';
import { celMutation } from './mutation.ts';
import { isBuiltInOnly, type Manifest, mutatingPolicySchema, validatingPolicySchema } from './sources.ts';
import { celValidation, clusterPolicyValidation } from './validation.ts';

export const policiesDirectory = fileURLToPath(new URL('../../../deploy/policies', import.meta.url));
const RENDERED_FOLDERS = ['kyverno/rendered', 'kyverno-cel/rendered'];

export interface RenderedFile {
  /** From deploy/policies. */
  readonly path: string;
  readonly content: string;
}

export async function renderKyvernoPolicies(): Promise<RenderedFile[]> {
  const files = await Promise.all((await yamlFiles('builtin')).map(renderRules));
  return [...files.flat(), ...(await renderContents())].sort((a, b) => a.path.localeCompare(b.path));
}

/** Replaces what was rendered before. */
export async function writeKyvernoPolicies(): Promise<void> {
  for (const folder of RENDERED_FOLDERS) await rm(join(policiesDirectory, folder), { recursive: true, force: true });
  for (const { path, content } of await renderKyvernoPolicies()) {
    await mkdir(join(policiesDirectory, dirname(path)), { recursive: true });
    await writeFile(join(policiesDirectory, path), content);
  }
}

/** What lies in the rendered folders now. */
export async function readRenderedPolicies(): Promise<RenderedFile[]> {
  const paths = await Promise.all(RENDERED_FOLDERS.map(yamlFiles));
  const files = paths.flat().map(async (path) => ({
    path,
    content: await readFile(join(policiesDirectory, path), 'utf8'),
  }));
  return (await Promise.all(files)).sort((a, b) => a.path.localeCompare(b.path));
}

async function renderRules(path: string): Promise<RenderedFile[]> {
  const { description, manifests } = await readManifests(path);
  const clusterPolicies: Manifest[] = [];
  const celPolicies: Manifest[] = [];
  for (const manifest of manifests.filter((one) => !isBuiltInOnly(one))) {
    switch (manifest['kind']) {
      case 'ValidatingAdmissionPolicy': {
        const policy = validatingPolicySchema.parse(manifest);
        clusterPolicies.push(clusterPolicyValidation(policy, description));
        celPolicies.push(celValidation(policy, description));
        break;
      }
      case 'MutatingAdmissionPolicy':
        celPolicies.push(celMutation(mutatingPolicySchema.parse(manifest), description));
        break;
      default:
      // Bindings: Kyverno's policies need none.
    }
  }
  return [
    ...file('kyverno', path, clusterPolicies, `../../${path}`),
    ...file('kyverno-cel', path, celPolicies, `../../${path}`),
  ];
}

async function renderContents(): Promise<RenderedFile[]> {
  const sources = await Promise.all((await yamlFiles('namespace-contents')).map(readManifests));
  const contents = sources.flatMap(({ manifests }) => manifests);
  return [
    ...file('kyverno', 'new-namespaces.yaml', [clusterPolicyGeneration(contents)], '../../namespace-contents'),
    ...file('kyverno-cel', 'new-namespaces.yaml', [celGeneration(contents)], '../../namespace-contents'),
  ];
}

function file(variant: string, path: string, manifests: readonly Manifest[], source: string): RenderedFile[] {
  if (manifests.length === 0) return [];
  const header = `# Rendered from ${source} by \`npm run policies\`: change it there.\n`;
  const documents = manifests.map((manifest) => stringify(manifest, { lineWidth: 118, aliasDuplicateObjects: false }));
  return [{ path: `${variant}/rendered/${basename(path)}`, content: header + documents.join('---\n') }];
}

/** The objects of a file, and its first comment as text. */
async function readManifests(path: string): Promise<{ description: string; manifests: Manifest[] }> {
  const text = await readFile(join(policiesDirectory, path), 'utf8');
  const [comment = ''] = /^(#.*\n)*/.exec(text) ?? [];
  const manifests = parseAllDocuments(text).map((document): Manifest => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${path}: ${error.message}`);
    return z.record(z.string(), z.unknown()).parse(document.toJS());
  });
  return { description: comment.replaceAll(/^# ?/gm, '').replaceAll('\n', ' ').trim(), manifests };
}

async function yamlFiles(folder: string): Promise<string[]> {
  const names = await readdir(join(policiesDirectory, folder)).catch(() => []);
  return names
    .filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
    .sort()
    .map((name) => `${folder}/${name}`);
}
