/** One control plane for all test files of a project; each test makes itself a place of its own (cluster.ts). */
import type { TestProject } from 'vitest/node';
import { type ClusterConnection, startControlPlane } from '../dev/control-plane/index.ts';
import { buildBundles } from './bundles.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly cluster: ClusterConnection;
  }
}

/** Called once, and only when an integration test is about to run. Returns the teardown. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  buildBundles();
  const controlPlane = await startControlPlane({ onProgress: (line) => console.error(line) });
  project.provide('cluster', controlPlane.connection);
  return () => controlPlane.stop();
}
