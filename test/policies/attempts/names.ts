/**
 * Who takes which name: a member's namespaces are called after the account, so that nobody inherits what was given to a
 * namespace of another, and hosts follow from them. Every other name is an operator's to give.
 */
import { type Attempt, type Call, create, type Person, patch, refused } from '../attempt.ts';
import { ingress, namespace } from '../objects.ts';

const reserved = refused(/The namespace name .* is reserved for the cluster.*예약된 네임스페이스 이름/s);
const notTheirs = refused(/A member’s namespace is called after the account.*하이픈 두 개로 시작/s);
const notItsHost = refused(/These hosts are not this namespace’s: .*이 네임스페이스의 호스트가 아닙니다/s);

/** Where a cluster has them already, or will have, and something elsewhere trusts their ServiceAccounts. */
const wellKnown = [
  'external-secrets',
  'velero',
  'vault',
  'cattle-system',
  'longhorn-system',
  'external-dns',
  'keycloak',
  'harbor',
  'tekton-pipelines',
  'gpu-operator',
  'minio',
  'crossplane-system',
  'flux-system',
];

export const nameAttempts: readonly Attempt[] = [
  ...wellKnown.map((name) => takes('alice', name, reserved)),
  takes('alice', 'somebodys-operator', notTheirs),
  takes('alice', 'alice', 'allowed'),
  takes('alice', 'alice-lab', notTheirs),
  takes('alice', 'alice---lab', 'allowed'),

  takes('min', 'min--jun', 'allowed'),
  takes('min', 'min-jun', notTheirs),
  takes('min', 'min-jun--lab', notTheirs),
  takes('min', 'minjun', notTheirs),
  takes('min-jun', 'min-jun', 'allowed'),
  takes('min-jun', 'min-jun--lab', 'allowed'),
  takes('min-jun', 'min--jun', notTheirs),
  takes('kim', 'kim', 'allowed'),
  takes('kim', 'kim-3f2a', notTheirs),
  takes('kim', 'kim-3f2a--lab', notTheirs),
  takes('kim-3f2a', 'kim-3f2a', 'allowed'),
  takes('kim-3f2a', 'kim--3f2a', notTheirs),

  // The API server makes the name up before any policy looks.
  makesUp('kim', 'kim--', 'allowed'),
  makesUp('kim', 'kim-', notTheirs),
  makesUp('kim', 'kim', notTheirs),
  makesUp('kim', 'velero-', reserved),

  // Accounts whose own name is not theirs to take.
  takes('velero', 'velero', reserved),
  takes('velero', 'velero-backups', reserved),
  takes('velero', 'velero--lab', 'allowed'),
  takes('git', 'git', reserved),
  takes('git', 'git--lab', 'allowed'),
  takes('kube', 'kube', reserved),
  takes('kube', 'kube--lab', reserved),
  takes('xn', 'xn', 'allowed'),
  takes('xn', 'xn--lab', notTheirs),
  takes('kim--lee', 'kim--lee', notTheirs),
  takes('kim--lee', 'kim--lee--lab', notTheirs),
  takes('kim', 'kim--lee', 'allowed'),
  takes('kim.lee', 'kim', notTheirs),
  takes('kim.lee', 'kim-lee', notTheirs),
  takes('kim.lee', 'kim--lee', notTheirs),

  // An operator's to give; what is given is like any other.
  {
    as: 'an operator',
    does: 'gives kim.lee a namespace',
    call: create(namespace('kims-other', { labels: { 'poolc.org/owner': 'kim.lee' } })),
    expect: 'allowed',
  },
  {
    as: 'Argo CD',
    does: 'gives kim.lee a namespace',
    call: create(namespace('kims-other', { labels: { 'poolc.org/owner': 'kim.lee' } })),
    expect: refused(/Only an administrator, no ServiceAccount, sets, changes or removes/),
  },
  {
    as: 'kim.lee',
    does: 'labels a namespace that was given',
    call: patch('Namespace/kims-by-grant', { metadata: { labels: { team: 'web' } } }),
    expect: 'allowed',
  },
  {
    as: 'alice',
    does: 'labels a namespace from before, whatever it is called',
    call: patch('Namespace/alice-old', { metadata: { labels: { team: 'web' } } }),
    expect: 'allowed',
  },

  serves('min', 'min', 'min.internal.poolc', 'allowed'),
  serves('min', 'min', 'min--shop.internal.poolc', 'allowed'),
  serves('min', 'min', 'min-jun.internal.poolc', notItsHost),
  serves('min', 'min', 'min-shop.internal.poolc', notItsHost),
  serves('kim.lee', 'kims-by-grant', 'kims-by-grant.internal.poolc', 'allowed'),
  serves('kim.lee', 'kims-by-grant', 'kims-by-grant-2.internal.poolc', notItsHost),
  serves('alice', 'alice-old', 'alice-old.internal.poolc', 'allowed'),
  serves('alice', 'alice-old', 'alice-old-2.internal.poolc', notItsHost),
  // It is called like what the club serves.
  serves('a robot in grafana-mallory', 'grafana-mallory', 'grafana-mallory.internal.poolc', notItsHost),
  ...['bob--lab.internal.poolc', 'bob--lab-api.internal.poolc', 'bob--lab--api.internal.poolc'].map((host) =>
    serves('bob', 'bob--lab', host, 'allowed'),
  ),
  ...[
    'bob--labs.internal.poolc',
    'bob--other.internal.poolc',
    'bob.internal.poolc',
    'git.internal.poolc',
    'bob--lab.example.org',
    'bob--lab.internal.poolc.example.org',
    'www.bob--lab.internal.poolc',
    'bob--lab-x.www.internal.poolc',
    'bob--labinternal.poolc',
    'bob--lab',
    'internal.poolc',
    'xn--bob-lab.internal.poolc',
  ].map((host) => serves('bob', 'bob--lab', host, notItsHost)),
];

function takes(as: Person, name: string, expect: Attempt['expect']): Attempt {
  return { as, does: `creates the namespace ${name}`, call: create(namespace(name)), expect };
}

function makesUp(as: Person, generateName: string, expect: Attempt['expect']): Attempt {
  const call: Call = create({ apiVersion: 'v1', kind: 'Namespace', metadata: { generateName } });
  return { as, does: `lets a name be made up after ${generateName}`, call, expect };
}

function serves(as: Person, from: string, host: string, expect: Attempt['expect']): Attempt {
  return { as, does: `serves ${host} from ${from}`, call: create(ingress(host, { name: 'new' }), from), expect };
}
