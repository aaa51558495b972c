import { describe, expect, it, test } from 'vitest';
import { closeWorkspaces, isSameQuantity, keepWorkspace, outdatedBindings, type SeenWorkspaces } from './workspaces.ts';

const place = {
  settings: { namespace: '{account}--ws', clusterRole: 'edit', quota: {} },
  owner: 'poolc-system/lab',
  accountsNamespace: 'users',
};
const kim = { memberId: 'file:1', account: { name: 'kim', uid: 'uid-2' } };
const nothing: SeenWorkspaces = { namespaces: new Map(), bindings: new Map(), quotas: new Map() };
const metadata = (annotations: Record<string, string> = {}) => ({
  name: 'credentials-updater',
  namespace: 'kim--ws',
  uid: 'uid of the object',
  resourceVersion: '7',
  labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
  annotations: {
    'credentials-updater.poolc.org/owner': 'poolc-system/lab',
    'credentials-updater.poolc.org/account': 'kim',
    'credentials-updater.poolc.org/account-uid': 'uid-2',
    ...annotations,
  },
});
const namespace = (annotations: Record<string, string>, rest: object = {}): SeenWorkspaces => ({
  ...nothing,
  namespaces: new Map([['kim--ws', { ...metadata(annotations), name: 'kim--ws', namespace: '', ...rest }]]),
});
const binding = (role: string): SeenWorkspaces => ({
  ...namespace({}),
  bindings: new Map([
    [
      'kim--ws',
      {
        metadata: metadata(),
        roleRef: { kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', name: 'kim', namespace: 'users' }],
      },
    ],
  ]),
});
const quota = (hard: Record<string, string>): SeenWorkspaces => ({
  ...binding('edit'),
  quotas: new Map([['kim--ws', { metadata: metadata(), spec: { hard } }]]),
});
const done = (seen: SeenWorkspaces, wanted = place) =>
  keepWorkspace(seen, wanted, kim).map(({ verb, what }) => `${verb} ${what}`);

describe('a workspace', () => {
  it('is a namespace and a RoleBinding, and then there is nothing left to do', () => {
    expect(done(nothing)).toEqual([
      'create the namespace kim--ws',
      'create the RoleBinding kim--ws/credentials-updater',
    ]);
    expect(done(binding('edit'))).toEqual([]);
  });

  it('has its RoleBinding made anew for another role', () => {
    expect(done(binding('view'))).toEqual([
      'delete the RoleBinding kim--ws/credentials-updater',
      'create the RoleBinding kim--ws/credentials-updater',
    ]);
  });

  it('loses its quota when the settings have none any more', () => {
    const limited = { ...place, settings: { ...place.settings, quota: { memory: '1024Mi' } } };
    expect(done(quota({ memory: '1Gi' }), limited)).toEqual([]);
    expect(done(quota({ memory: '1Gi' }))).toEqual(['delete the ResourceQuota kim--ws/credentials-updater']);
    expect(done(quota({ memory: '2Gi' }), limited)).toEqual(['replace the ResourceQuota kim--ws/credentials-updater']);
  });

  it('goes on under another name where it is there already', () => {
    const earlier = { ...place, settings: { ...place.settings, namespace: 'ws-{account}' } };
    const seen = new Map([['ws-kim', { ...metadata({}), name: 'ws-kim', namespace: '' }]]);
    expect(done({ ...nothing, namespaces: seen }, earlier)).toEqual([
      'create the RoleBinding ws-kim/credentials-updater',
    ]);
  });

  it.each([
    [
      'of a member who is back with another account',
      { 'credentials-updater.poolc.org/account-uid': 'uid-1', 'credentials-updater/member-id': 'file:1' },
    ],
    ['of an account that was given another id', { 'credentials-updater/member-id': 'ldap:1' }],
  ])('is the same namespace: %s', (_, annotations) => {
    expect(done(namespace(annotations))).toEqual(['create the RoleBinding kim--ws/credentials-updater']);
  });

  test.each([
    ['no label', namespace({}, { labels: {} }), /already a namespace kim--ws/],
    ['another MemberSync', namespace({ 'credentials-updater.poolc.org/owner': 'a/b' }), /already a namespace kim--ws/],
    [
      'another member',
      namespace({ 'credentials-updater.poolc.org/account-uid': 'uid-1', 'credentials-updater/member-id': 'file:2' }),
      /already a namespace kim--ws/,
    ],
    ['being deleted', namespace({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), /is being deleted/],
  ])('is refused where the namespace is not theirs to use: %s', (_, seen, words) => {
    expect(() => done(seen)).toThrow(words);
  });

  test.each([
    ['kube-{account}', /Kubernetes keeps for itself/],
    [`${'x'.repeat(61)}-{account}`, /can't be the name of a namespace/],
    ['a.{account}', /can't be the name of a namespace/],
    ['ws-{account}', /the namespace ws-kim is not made for kim: it is neither kim nor begins with kim--/],
  ])('is refused under the name %s', (name, words) => {
    expect(() => done(nothing, { ...place, settings: { ...place.settings, namespace: name } })).toThrow(words);
  });
});

it('the RoleBindings of leavers go, and no other', () => {
  const closed = (names: string[], owner = place.owner) =>
    closeWorkspaces(binding('edit'), { ...place, owner }, new Set(names)).map(({ verb, what }) => `${verb} ${what}`);
  expect(closed(['lee'])).toEqual(['delete the RoleBinding kim--ws/credentials-updater']);
  expect(closed(['kim'])).toEqual([]);
  expect(closed([], 'a/b')).toEqual([]);
});

it('the RoleBindings in namespaces of an earlier template go, and no other', () => {
  const outdated = (template: string, owner = place.owner) =>
    [
      ...outdatedBindings(binding('edit'), { ...place, owner, settings: { ...place.settings, namespace: template } }),
    ].map(([account, changes]) => `${account}: ${changes.map(({ verb, what }) => `${verb} ${what}`).join()}`);
  expect(outdated('{account}--ws')).toEqual([]);
  expect(outdated('{account}--lab')).toEqual(['kim: delete the RoleBinding kim--ws/credentials-updater']);
  expect(outdated('{account}--lab', 'a/b')).toEqual([]);
});

test.each([
  ['1Gi', '1024Mi', true],
  ['500m', '0.5', true],
  ['300m', '0.3', true],
  ['1k', '1000', true],
  ['1Gi', '1G', false],
  ['1', undefined, false],
  ['20', '21', false],
])('the quantities %s and %s: %s', (one, other, isSame) => {
  expect(isSameQuantity(one, other)).toBe(isSame);
});
