import { describe, expect, it } from 'vitest';
import { createNamespace, useCluster } from './cluster.ts';
import { removeNamespace } from './namespace-removal.ts';

describe('the shared control plane', () => {
  it('gives each test namespaces of its own', async () => {
    const [one, other] = await Promise.all([useCluster(), useCluster()]);
    expect(new Set([one.systemNamespace, one.usersNamespace, other.systemNamespace, other.usersNamespace]).size).toBe(
      4,
    );
    const { stdout, exitCode } = await one.kubectl(['get', 'namespaces', '-o', 'name']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`namespace/${one.systemNamespace}\n`);
    expect(stdout).toContain(`namespace/${other.usersNamespace}\n`);
  });

  it('removes a namespace with all that is in it', async () => {
    const cluster = await useCluster();
    const name = `${cluster.usersNamespace}-gone`;
    await createNamespace(cluster, name);
    await cluster.kubectl(['create', 'serviceaccount', 'alice', '-n', name]);
    await cluster.kubectl(['create', 'configmap', 'notes', '-n', name]);

    await removeNamespace(cluster, name);

    expect((await cluster.request('GET', `/api/v1/namespaces/${name}`)).status).toBe(404);
    const accounts = await cluster.kubectl(['get', 'serviceaccounts,configmaps', '-n', name, '-o', 'name']);
    expect(accounts.stdout).toBe('');
    await removeNamespace(cluster, name);
  });
});
