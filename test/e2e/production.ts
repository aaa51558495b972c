/** Production as the README deploys it, with a PoolC API of its own at the endpoint's host. */
import type { ClusterUnderTest } from './cluster-under-test.ts';
import { type FinishedJob, runJob } from './jobs.ts';
import { applyProduction } from './manifests.ts';
import { type PoolcSite, poolcSite } from './poolc-site.ts';
import { projectPath } from './project-path.ts';

export const SYSTEM = 'poolc-system';
export const USERS = 'poolc-users';
export const SITE = { namespace: 'poolc-site', deployment: 'poolc-api' };

/** The PoolC API of the club, found by its own name in the cluster. */
export async function startSite({ kubectl }: ClusterUnderTest): Promise<PoolcSite> {
  await kubectl(['create', 'namespace', SITE.namespace]);
  await kubectl(['apply', '-k', projectPath('test/e2e/site')]);
  await kubectl(['rollout', 'status', '-n', SITE.namespace, `deployment/${SITE.deployment}`, '--timeout=120s']);
  return poolcSite(kubectl, SITE.namespace, SITE.deployment);
}

/** The README's three commands; and the authority of the site's certificate, which is not a public one here. */
export async function deploy(cluster: ClusterUnderTest): Promise<void> {
  const { kubectl } = cluster;
  await kubectl(['create', 'namespace', SYSTEM]);
  await kubectl(['label', 'namespace', SYSTEM, 'pod-security.kubernetes.io/enforce=restricted']);
  await kubectl(['create', '-f', '-'], await copied(cluster, 'secret', 'credentials-updater-secret'));
  await kubectl(['create', '-f', '-'], await copied(cluster, 'configmap', 'credentials-updater-ca'));
  await applyProduction(cluster);
}

/** Puts the authority of the site's certificate back, which went with the overlay when that was deleted. */
export async function trustSite(cluster: ClusterUnderTest): Promise<void> {
  const authority = await copied(cluster, 'configmap', 'credentials-updater-ca');
  await cluster.kubectl([
    'patch',
    'configmap',
    'credentials-updater-ca',
    '-n',
    SYSTEM,
    '--type=merge',
    '-p',
    authority,
  ]);
}

let number = 0;

/** The manual run of the README. */
export function runManually({ kubectl }: ClusterUnderTest, patch?: object): Promise<FinishedJob> {
  number += 1;
  return runJob(kubectl, {
    namespace: SYSTEM,
    cronJob: 'credentials-updater',
    name: `credentials-updater-manual-${number}`,
    ...(patch === undefined ? {} : { patch }),
  });
}

/** Deletes a namespace that protect-members-namespace.yaml protects, as its message says. */
export async function deleteMembersNamespace(
  { kubectl }: Pick<ClusterUnderTest, 'kubectl'>,
  name: string,
): Promise<void> {
  await kubectl(['annotate', 'namespace', name, 'credentials-updater/allow-deletion=yes']);
  await kubectl(['delete', 'namespace', name]);
}

/** All of it, the members' namespace and the site included. */
export async function removeProduction(cluster: ClusterUnderTest): Promise<void> {
  await deleteMembersNamespace(cluster, USERS);
  await cluster.kubectl(['delete', '-k', projectPath('deploy/overlays/production'), '--ignore-not-found']);
  await cluster.kubectl(['delete', 'namespace', SYSTEM, SITE.namespace]);
}

/** The site's object, to be made in the updater's namespace: what is its own to hold, without the server's marks. */
async function copied({ kubectl }: ClusterUnderTest, kind: string, name: string): Promise<string> {
  const template = `{"apiVersion":"v1","kind":"${kind === 'secret' ? 'Secret' : 'ConfigMap'}","metadata":{"name":"${name}","namespace":"${SYSTEM}"},"data":`;
  const data = await kubectl(['get', kind, name, '-n', SITE.namespace, '--output=jsonpath={.data}']);
  return `${template}${data}}`;
}
