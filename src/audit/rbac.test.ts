import { describe, expect, it } from 'vitest';
import { grantsOf, isSubject, type PolicyRule, resourceRule, serviceAccountIdentity, touches } from './rbac.ts';

const kim = serviceAccountIdentity('poolc-users', 'kim');
const everything: PolicyRule = { ...resourceRule(['*'], '*', ['*']), nonResourceURLs: [] };

describe('who a binding names', () => {
  it.each([
    ['the ServiceAccount', { kind: 'ServiceAccount', name: 'kim', namespace: 'poolc-users' }, true],
    ['its namesake elsewhere', { kind: 'ServiceAccount', name: 'kim', namespace: 'default' }, false],
    ['its user name', { kind: 'User', name: 'system:serviceaccount:poolc-users:kim' }, true],
    ['the group of its namespace', { kind: 'Group', name: 'system:serviceaccounts:poolc-users' }, true],
    ['everybody', { kind: 'Group', name: 'system:authenticated' }, true],
    ['another group', { kind: 'Group', name: 'system:masters' }, false],
  ])('%s', (_, subject, expected) => {
    expect(isSubject(subject, kim)).toBe(expected);
  });
});

describe('a binding', () => {
  const subjects = [{ kind: 'User', name: 'kim' }];
  const binding = { name: 'b', namespace: 'lab', subjects, builtIn: false };

  it('grants the rules of its role, in its own namespace', () => {
    const role = { name: 'r', namespace: undefined, rules: [resourceRule(['get'], '', ['pods'])] };
    const bindings = [{ ...binding, roleRef: { kind: 'ClusterRole', name: 'r' } }];
    expect(grantsOf({ roles: [role], bindings })).toMatchObject([{ namespace: 'lab', role: { name: 'r' } }]);
  });

  it('to a role that is not there, or to a namesake elsewhere, grants nothing', () => {
    const role = { name: 'r', namespace: 'other', rules: [everything] };
    const bindings = [{ ...binding, roleRef: { kind: 'Role', name: 'r' } }];
    expect(grantsOf({ roles: [role], bindings })).toEqual([]);
  });
});

describe('a rule', () => {
  it('covers subresources by their own name or by a wildcard, never by their parent', () => {
    const asked = { verb: 'create', apiGroup: '', resource: 'serviceaccounts/token' };
    expect(touches(resourceRule(['create'], '', ['serviceaccounts']), asked)).toBe(false);
    expect(touches(resourceRule(['create'], '', ['*/token']), asked)).toBe(true);
    expect(touches(resourceRule(['create'], '', ['*']), asked)).toBe(true);
    expect(touches(resourceRule(['create'], 'apps', ['*']), asked)).toBe(false);
  });
});
