/** Argo CD's own definitions of its objects, from its Go module: they check deploy/argocd without an Argo CD. */
import { join } from 'node:path';
import { goModuleDirectory, type ModulePin } from '../go-module.ts';
import { chosenVersions, type Versions } from '../versions.ts';

export const argoCdPins: Readonly<Record<Versions, ModulePin>> = {
  oldest: { version: 'v3.1.0', sum: 'h1:2+gPskQKCyPC9DzRSWQ1AvmS3WiIlRR7bKz/FO3DozI=' },
  newest: { version: 'v3.5.7', sum: 'h1:Xm1BF+I5OgDKUG3SDK49vn2/Y5AMyaNVko+/JT08gj0=' },
};

/** The CustomResourceDefinition files. @throws where they can't be had */
export async function argoCdDefinitions(versions: Versions = chosenVersions()): Promise<string[]> {
  const directory = await goModuleDirectory('github.com/argoproj/argo-cd/v3', argoCdPins[versions]);
  return ['application-crd.yaml', 'applicationset-crd.yaml', 'appproject-crd.yaml'].map((file) =>
    join(directory, 'manifests/crds', file),
  );
}
