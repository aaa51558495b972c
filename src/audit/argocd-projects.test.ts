import { describe, expect, it } from 'vitest';
import { type AppProject, appProjectKind, permits, permitsNamespace, permitsRepository } from './argocd-projects.ts';

const project = (spec: object): AppProject =>
  appProjectKind.item.parse({ metadata: { name: 'p', uid: '1', namespace: 'argocd' }, spec });
const server = 'https://kubernetes.default.svc';

/** PKS's, as its repositories describe them. */
const system = project({
  sourceRepos: ['https://github.com/PoolC/pks-credentials-updater'],
  destinations: [{ server, namespace: 'poolc-system' }],
  clusterResourceWhitelist: ['Namespace', 'ClusterRole', 'ClusterRoleBinding'].map((kind) => ({ group: '*', kind })),
});
const shared = project({
  sourceRepos: ['*'],
  destinations: ['*', '!poolc-system', '!poolc-users*'].map((namespace) => ({ server, namespace })),
});

describe('an AppProject', () => {
  it.each([
    ['poolc-system', true],
    ['poolc-users', false],
  ])('with one destination permits %s: %s', (namespace, expected) => {
    expect(permitsNamespace(system, namespace)).toBe(expected);
  });

  it.each([
    ['alice-lab', true],
    ['cert-manager', true],
    ['poolc-system', false],
    ['poolc-users', false],
    ['poolc-users-test-system', false],
    ['poolc-system-test', true],
  ])('with a deny list permits %s: %s', (namespace, expected) => {
    expect(permitsNamespace(shared, namespace)).toBe(expected);
  });

  it.each([
    [{ group: 'batch', kind: 'CronJob', namespace: 'poolc-system' }, true],
    [{ group: 'rbac.authorization.k8s.io', kind: 'Role', namespace: 'poolc-users' }, false],
    [{ group: '', kind: 'Namespace', namespace: undefined }, true],
    [{ group: 'admissionregistration.k8s.io', kind: 'ValidatingAdmissionPolicy', namespace: undefined }, false],
  ])('permits %j: %s', (object, expected) => {
    expect(permits(system, object)).toBe(expected);
  });

  it('without a list permits every kind in a namespace and none outside; an empty list permits none', () => {
    const role = { group: 'rbac.authorization.k8s.io', kind: 'Role', namespace: 'poolc-system' };
    expect(permits(system, role)).toBe(true);
    const none = project({ destinations: [{ server, namespace: '*' }], namespaceResourceWhitelist: [] });
    expect(permits(none, role)).toBe(false);
    expect(permits(shared, { group: '', kind: 'Namespace', namespace: undefined })).toBe(false);
  });

  it.each([
    ['https://github.com/PoolC/pks-credentials-updater.git', true],
    ['https://github.com/poolc/pks-credentials-updater/', true],
    ['https://github.com/PoolC/pks-platform', false],
  ])('reads from %s: %s', (repository, expected) => {
    expect(permitsRepository(system, repository)).toBe(expected);
    expect(permitsRepository(project({ sourceRepos: ['https://github.com/PoolC/*'] }), repository)).toBe(true);
    expect(permitsRepository(project({ sourceRepos: [] }), repository)).toBe(false);
  });
});
