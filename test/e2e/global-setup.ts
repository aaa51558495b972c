/** One cluster for all end-to-end tests, with the images in it. */
import type { TestProject } from 'vitest/node';
import { kubernetes, provideBinaries } from '../../dev/control-plane/index.ts';
import { hostArchitecture } from '../../dev/image/architecture.ts';
import { buildImage, imageNames, imageReference } from '../../dev/image/images.ts';
import { startCluster } from '../../dev/node/index.ts';
import type { ClusterFacts } from './cluster-under-test.ts';
import { type KubectlAccess, kubectlFor } from './kubectl.ts';
import { projectPath } from './project-path.ts';

const say = (line: string): void => console.error(line);

/** Returns the teardown. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kubeconfig = process.env['E2E_EXISTING_KUBECONFIG'];
  const started = kubeconfig === undefined ? await startOwnCluster() : await useExistingCluster(kubeconfig);
  project.provide('clusterUnderTest', started.facts);
  return started.stop;
}

interface StartedCluster {
  readonly facts: ClusterFacts;
  readonly stop: () => Promise<void>;
}

async function startOwnCluster(): Promise<StartedCluster> {
  const cluster = await startCluster({
    dnsAliases: { 'api.poolc.org': 'poolc-api.poolc-site.svc.cluster.local' },
    onProgress: say,
  });
  try {
    const { kubeconfig, kubectlPath, auditLog } = cluster.controlPlane;
    const access = { program: kubectlPath, kubeconfig };
    const images: string[] = [];
    for (const name of imageNames) {
      const image = await buildImage(name, hostArchitecture());
      await cluster.importImage(image.archive);
      for (const wanted of await referencesInManifests(access, image.reference)) {
        await cluster.tagImage(image.reference, wanted);
      }
      images.push(image.reference);
      say(`image: ${image.reference} (${image.digest})`);
    }
    return {
      facts: { ...access, auditLog, images, needsHostAlias: false },
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** How the overlays name this image: after a release by its digest, which a newer source doesn't have. */
async function referencesInManifests(access: KubectlAccess, reference: string): Promise<string[]> {
  const repository = reference.slice(0, reference.lastIndexOf(':'));
  const found = new Set<string>();
  for (const overlay of ['production', 'test']) {
    const rendered = await kubectlFor(access)(['kustomize', projectPath(`deploy/overlays/${overlay}`)]);
    for (const [, image = ''] of rendered.matchAll(/image: (\S+)/g)) {
      if (/^[@:]/.test(image.slice(repository.length)) && image.startsWith(repository)) found.add(image);
    }
  }
  return [...found].filter((image) => image !== reference);
}

/** The images must be there already: run.ts says how. */
async function useExistingCluster(kubeconfig: string): Promise<StartedCluster> {
  const kubectl = await provideBinaries(kubernetes, ['kubectl'], { onProgress: say });
  await refuseClusterInUse({ program: kubectl.path('kubectl'), kubeconfig });
  const facts = {
    program: kubectl.path('kubectl'),
    kubeconfig,
    auditLog: undefined,
    images: imageNames.map(imageReference),
    needsHostAlias: true,
  };
  return { facts, stop: async () => {} };
}

async function refuseClusterInUse(access: KubectlAccess): Promise<void> {
  const names = ['poolc-system', 'poolc-users', 'poolc-users-test-system', 'poolc-users-test', 'poolc-site', 'argocd'];
  const found = await kubectlFor(access)(['get', 'namespace', '--ignore-not-found', '--output=name', ...names]);
  if (found.trim() === '') return;
  throw new Error(
    `The cluster of ${access.kubeconfig} holds ${found.trim().replaceAll('\n', ', ')}: it looks like one in use. ` +
      'Use a cluster that can be thrown away, or delete these first.',
  );
}
