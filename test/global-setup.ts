/** One control plane for all integration test files; each test makes itself a place of its own (cluster.ts). */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { type ClusterConnection, startControlPlane } from '../dev/control-plane/index.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly cluster: ClusterConnection;
  }
}

/** Called once, and only when an integration test is about to run. Returns the teardown. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Tests run the bundles as users do; those that lie in dist/ may be of an earlier state of the source.
  await promisify(execFile)(process.execPath, ['build.ts'], { cwd: project.config.root });
  const controlPlane = await startControlPlane({ onProgress: (line) => console.error(line) });
  project.provide('cluster', controlPlane.connection);
  return () => controlPlane.stop();
}
