import { describe, expect, it } from 'vitest';
import type { Subject } from '../audit/rbac.ts';
import { decideAdoption } from './decide-adoption.ts';

const member = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'poolc-users' });
const everybody: Subject = { kind: 'Group', name: 'system:serviceaccounts:poolc-users' };

/** One namespace `lab`, and who has which role there. */
function decisionFor(
  subjects: readonly Subject[],
  {
    name = 'lab',
    role = { kind: 'ClusterRole', name: 'admin' },
    labels = {},
    deletionTimestamp,
  }: {
    name?: string;
    role?: { kind: string; name: string };
    labels?: Record<string, string>;
    deletionTimestamp?: string;
  } = {},
) {
  const metadata = { name, uid: 'uid', labels, annotations: {}, ...(deletionTimestamp ? { deletionTimestamp } : {}) };
  return decideAdoption({
    namespaces: [{ metadata }],
    roleBindings: [{ name: 'creator', namespace: name, roleRef: role, subjects: [...subjects], builtIn: false }],
    isSystem: (namespace) => namespace === 'argocd',
    targetNamespace: 'poolc-users',
  });
}

describe('the owner of a namespace from before the policies', () => {
  it('is the one member who is admin there', () => {
    const expected = { namespace: 'lab', kind: 'adopt', uid: 'uid', owner: 'kim', everybody: false };
    expect(decisionFor([member('kim')])).toEqual([expected]);
    expect(decisionFor([{ kind: 'User', name: 'system:serviceaccount:poolc-users:kim' }])).toEqual([expected]);
    expect(decisionFor([member('kim'), member('kim')])).toEqual([expected]);
    expect(decisionFor([member('kim'), everybody])).toEqual([{ ...expected, everybody: true }]);
  });

  it('is for an operator to choose between two', () => {
    expect(decisionFor([member('lee'), member('kim')])).toMatchObject([
      { kind: 'undecided', candidates: ['kim', 'lee'] },
    ]);
  });

  it.each<readonly [string, Subject]>([
    ['a name that is no ServiceAccount', { kind: 'User', name: 'system:serviceaccount:poolc-users:kim\n; reboot' }],
    ['a name that fits no label', member('k'.repeat(64))],
    ['an account of another namespace', { kind: 'ServiceAccount', name: 'kim', namespace: 'kim-lab' }],
    ['everybody', everybody],
  ])('is not %s', (_, subject) => {
    expect(decisionFor([subject])).toMatchObject([
      { kind: 'left alone', reason: expect.stringContaining('no member is admin there') },
    ]);
  });

  it("is not found in a Role of the namespace's own, whatever it is called", () => {
    expect(decisionFor([member('kim')], { role: { kind: 'Role', name: 'admin' } })).toMatchObject([
      { kind: 'left alone' },
    ]);
  });

  it('is not looked for where there is one, nor in namespaces of the cluster without a member', () => {
    expect(decisionFor([member('kim')], { labels: { 'poolc.org/owner': 'lee' } })).toEqual([]);
    expect(decisionFor([], { name: 'argocd' })).toEqual([]);
  });

  it.each(['argocd', 'poolc-users'])('is not recorded on the trusted name %s, which is said', (name) => {
    expect(decisionFor([member('kim')], { name })).toMatchObject([
      { kind: 'left alone', reason: expect.stringMatching(/one of the cluster's own, and kim is admin there/) },
    ]);
  });

  it('is not recorded on what is being deleted', () => {
    expect(decisionFor([member('kim')], { deletionTimestamp: '2026-01-01T00:00:00Z' })).toMatchObject([
      { kind: 'left alone', reason: 'it is being deleted' },
    ]);
  });
});
