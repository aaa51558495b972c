import { describe, expect, it } from 'vitest';
import { exemptedBy, exemptionsOf, parseExclusions } from './kyverno-exclusions.ts';
import { type Binding, serviceAccountIdentity } from './rbac.ts';

const bindingOf = (roleRef: Binding['roleRef'], namespace: string | undefined, ...names: string[]): Binding => ({
  name: 'b',
  namespace,
  roleRef,
  subjects: names.map((name) => ({ kind: 'ServiceAccount', name, namespace: 'poolc-users' })),
  builtIn: false,
});
const clusterAdmin = { kind: 'ClusterRole', name: 'cluster-admin' };
const kim = serviceAccountIdentity('poolc-users', 'kim');

describe('whom Kyverno exempts', () => {
  it('is whoever is bound to an excluded ClusterRole, cluster-wide or in one namespace', () => {
    const exclusions = parseExclusions({ excludeClusterRoles: 'cluster-admin' });
    const bindings = [
      bindingOf(clusterAdmin, undefined, 'lee'),
      bindingOf(clusterAdmin, 'kim-lab', 'kim'),
      bindingOf({ kind: 'ClusterRole', name: 'admin' }, 'park-lab', 'park'),
      bindingOf({ kind: 'Role', name: 'cluster-admin' }, 'choi-lab', 'choi'),
    ];
    expect(exemptionsOf(exclusions, bindings).map(({ subject }) => subject.name)).toEqual(['lee', 'kim']);
    expect(exemptedBy(exclusions, bindings, kim)).toBe('excludeClusterRoles');
    expect(exemptedBy(exclusions, bindings, serviceAccountIdentity('poolc-users', 'park'))).toBeUndefined();
  });

  it.each([
    [{ excludeUsernames: 'system:serviceaccount:poolc-users:*' }, 'excludeUsernames'],
    [{ excludeUsernames: 'system:serviceaccount:poolc-users:*, !system:serviceaccount:poolc-users:kim' }, undefined],
    [{ excludeGroups: 'system:nodes,system:serviceaccounts' }, 'excludeGroups'],
    [{ excludeGroups: 'system:nodes' }, undefined],
    [{}, undefined],
  ])('is whom %j names', (data, setting) => {
    expect(exemptedBy(parseExclusions(data), [], kim)).toBe(setting);
  });

  it('is whoever is bound to an excluded Role of a namespace', () => {
    const exclusions = parseExclusions({ excludeRoles: 'kim-lab:boss' });
    const boss = { kind: 'Role', name: 'boss' };
    expect(exemptedBy(exclusions, [bindingOf(boss, 'kim-lab', 'kim')], kim)).toBe('excludeRoles');
    expect(exemptedBy(exclusions, [bindingOf(boss, 'lee-lab', 'kim')], kim)).toBeUndefined();
  });
});
