/** The shared control plane, as a test uses it: with a fresh pair of namespaces of its own. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type ClusterAccess, type ClusterConnection, connectCluster } from '../dev/control-plane/index.ts';

export interface TestCluster extends ClusterAccess {
  /** Where the updater lives; poolc-system in production. */
  readonly systemNamespace: string;
  /** Where the members' ServiceAccounts live; poolc-users in production. */
  readonly usersNamespace: string;
}

/**
 * Connects as an administrator; to the shared control plane unless told otherwise. The namespaces stay: no test looks at
 * another's, and the control plane is thrown away with all of them. To remove them took longer than many a test.
 */
export async function useCluster(connection: ClusterConnection = inject('cluster')): Promise<TestCluster> {
  const cluster = await connectCluster(connection);
  const suffix = randomBytes(4).toString('hex');
  const [systemNamespace, usersNamespace] = [`poolc-system-${suffix}`, `poolc-users-${suffix}`];
  for (const name of [systemNamespace, usersNamespace]) {
    await createNamespace(cluster, name);
  }
  return { ...cluster, systemNamespace, usersNamespace };
}

export async function createNamespace({ request }: ClusterAccess, name: string): Promise<void> {
  const { status, body } = await request('POST', '/api/v1/namespaces', { metadata: { name } });
  if (status !== 201) throw new Error(`The namespace ${name} was not created: ${status} ${JSON.stringify(body)}`);
}
