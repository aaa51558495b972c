/** Namespaces: who makes them under which names, and what stays as it is. */
import { type Attempt, type Call, create, itemPath, lacksTheRight, patch, refused, remove } from '../attempt.ts';
import { namespace } from '../objects.ts';

const OWNER = 'poolc.org/owner';
const ENFORCE = 'pod-security.kubernetes.io/enforce';
const reserved = refused(/The namespace name .* is reserved for the cluster.*예약된 네임스페이스 이름/s);
const calledAfter = (account: string) =>
  refused(new RegExp(`called after the account.*: ${account} or ${account}--<anything>, not .*하이픈 두 개`, 's'));
const belongsToCreator = refused(/A namespace belongs to the member who creates it.*주인은 만든 사람/s);
const operatorsLabel = (key: string) =>
  refused(new RegExp(`Only an operator changes these labels of a namespace.*: .*${key}.*운영자만`, 's'));
const operatorsAnnotation = refused(
  /Only an operator changes these annotations of a namespace: poolc.org\/ingress-hosts/,
);
const ownerIsAdministrators = refused(
  /Only an administrator, no ServiceAccount, sets, changes or removes the label poolc.org\/owner.*관리자만/s,
);
const trustedByName = (name: string) =>
  refused(
    new RegExp(
      `The namespace ${name} is trusted by its name, so it can’t be a member’s.*회원의 것이 될 수 없습니다`,
      's',
    ),
  );
const onlyItsOwner = refused(/Only its owner deletes a namespace: alice--lab belongs to alice.*주인만/s);

export const namespaceAttempts: readonly Attempt[] = [
  { as: 'alice', does: 'creates a namespace', call: create(namespace('alice--more')), expect: 'allowed' },
  {
    as: 'alice',
    does: 'creates one with labels of her own',
    call: create(namespace('alice--more', { labels: { team: 'web', 'app.kubernetes.io/name': 'site' } })),
    expect: 'allowed',
  },
  {
    as: 'alice',
    does: 'creates one that names her as its owner',
    call: create(namespace('alice--more', { labels: { [OWNER]: 'alice' } })),
    expect: 'allowed',
  },
  {
    as: 'alice',
    does: 'creates one with stricter Pod Security',
    call: create(namespace('alice--more', { labels: { [ENFORCE]: 'restricted' } })),
    expect: 'allowed',
  },
  ...[
    'kube-alice',
    'poolc-alice',
    'openshift-alice',
    'default-alice',
    'kyverno-alice',
    'argo-alice',
    'ingress-nginx',
    'grafana-alice',
    'www',
  ].map((name): Attempt => ({ as: 'alice', does: `creates ${name}`, call: create(namespace(name)), expect: reserved })),
  {
    as: 'alice',
    does: 'lets a reserved name be made up',
    call: create({ apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'kube-' } }),
    expect: reserved,
  },
  {
    as: 'alice',
    does: 'creates one for bob',
    call: create(namespace('alice--more', { labels: { [OWNER]: 'bob' } })),
    expect: belongsToCreator,
  },
  {
    as: 'alice',
    does: 'creates one without an owner',
    call: create(namespace('alice--more', { labels: { [OWNER]: '' } })),
    expect: belongsToCreator,
  },
  {
    as: 'alice',
    does: 'creates one without Pod Security',
    call: create(namespace('alice--more', { labels: { [ENFORCE]: 'privileged' } })),
    expect: operatorsLabel(ENFORCE),
  },
  {
    as: 'alice',
    does: 'creates one with the Pod Security of an old version',
    call: create(namespace('alice--more', { labels: { [`${ENFORCE}-version`]: 'v1.20' } })),
    expect: operatorsLabel(`${ENFORCE}-version`),
  },
  {
    as: 'alice',
    does: 'creates one that allows itself NodePorts',
    call: create(namespace('alice--more', { labels: { 'poolc.org/allow-external-services': 'true' } })),
    expect: operatorsLabel('poolc.org/allow-external-services'),
  },
  {
    as: 'alice',
    does: 'creates one that grants itself hosts',
    call: create(namespace('alice--more', { annotations: { 'poolc.org/ingress-hosts': 'bob.example' } })),
    expect: operatorsAnnotation,
  },
  {
    as: 'a member with a long name',
    does: 'creates a namespace',
    call: create(namespace('long')),
    expect: calledAfter('long-.*name'),
    // It says first that it can't count by a label of that length.
    onOldest: refused(/members-namespace-limit/),
  },
  {
    as: 'a collector of namespaces',
    does: 'creates a sixth',
    call: create(namespace('collector--6')),
    expect: refused(/You own 5 namespaces, and a member may own 5.*5개까지/s),
    except: { builtin: 'allowed' },
  },

  {
    as: 'alice',
    does: 'labels her namespace',
    call: label({ team: 'web' }),
    expect: 'allowed',
  },
  { as: 'alice', does: 'tightens its Pod Security', call: label({ [ENFORCE]: 'restricted' }), expect: 'allowed' },
  {
    as: 'alice',
    does: 'asks for warnings of stricter Pod Security',
    call: label({ 'pod-security.kubernetes.io/warn': 'restricted' }),
    expect: 'allowed',
  },
  { as: 'alice', does: 'gives it to bob', call: label({ [OWNER]: 'bob' }), expect: ownerIsAdministrators },
  { as: 'alice', does: 'makes it nobody’s', call: label({ [OWNER]: null }), expect: ownerIsAdministrators },
  {
    as: 'alice',
    does: 'loosens its Pod Security',
    call: label({ [ENFORCE]: 'privileged' }),
    expect: operatorsLabel(ENFORCE),
  },
  { as: 'alice', does: 'drops its Pod Security', call: label({ [ENFORCE]: null }), expect: operatorsLabel(ENFORCE) },
  {
    as: 'alice',
    does: 'sets its Pod Security to an old version',
    call: label({ [`${ENFORCE}-version`]: 'v1.20' }),
    expect: operatorsLabel(`${ENFORCE}-version`),
  },
  {
    as: 'alice',
    does: 'allows it NodePorts',
    call: label({ 'poolc.org/allow-external-services': 'true' }),
    expect: operatorsLabel('poolc.org/allow-external-services'),
  },
  {
    as: 'alice',
    does: 'grants it hosts',
    call: patch('Namespace/alice--lab', { metadata: { annotations: { 'poolc.org/ingress-hosts': 'bob.example' } } }),
    expect: operatorsAnnotation,
  },
  { as: 'alice', does: 'deletes her namespace', call: remove('Namespace/alice--lab'), expect: 'allowed' },
  {
    as: 'bob',
    does: 'deletes the namespace that he helps in',
    call: remove('Namespace/alice--lab'),
    expect: lacksTheRight,
  },

  // Its owner gave this robot a Role over the namespace itself.
  {
    as: "alice's robot",
    does: 'makes the namespace nobody’s',
    call: label({ [OWNER]: null }),
    expect: ownerIsAdministrators,
  },
  {
    as: "alice's robot by its token Secret",
    does: 'loosens its Pod Security',
    call: label({ [ENFORCE]: 'privileged' }),
    expect: operatorsLabel(ENFORCE),
  },
  { as: "alice's robot", does: 'deletes the namespace', call: remove('Namespace/alice--lab'), expect: onlyItsOwner },
  {
    as: "a leaver's robot",
    does: 'labels the namespace that was left',
    call: patch('Namespace/leaver-lab', { metadata: { labels: { [ENFORCE]: 'privileged' } } }),
    expect: operatorsLabel(ENFORCE),
  },

  // Its namespace is called like the cluster's own, which makes it nothing more than a member's.
  {
    as: 'a robot in grafana-mallory',
    does: 'makes its namespace nobody’s',
    call: patch('Namespace/grafana-mallory', { metadata: { labels: { [OWNER]: null } } }),
    expect: ownerIsAdministrators,
  },
  {
    as: 'a robot in grafana-mallory',
    does: 'loosens its Pod Security',
    call: patch('Namespace/grafana-mallory', { metadata: { labels: { [ENFORCE]: 'privileged' } } }),
    expect: operatorsLabel(ENFORCE),
  },
  // Both take labels, too.
  {
    as: "a leaver's robot",
    does: 'loosens Pod Security while it sets the status',
    call: {
      method: 'PATCH',
      path: `${itemPath('Namespace/leaver-lab')}/status`,
      body: { metadata: { labels: { [ENFORCE]: 'privileged' } } },
    },
    expect: operatorsLabel(ENFORCE),
  },
  {
    as: "a leaver's robot",
    does: 'makes the namespace nobody’s while it sets its status',
    call: {
      method: 'PATCH',
      path: `${itemPath('Namespace/leaver-lab')}/status`,
      body: { metadata: { labels: { [OWNER]: null } } },
    },
    expect: ownerIsAdministrators,
  },
  {
    as: "a leaver's robot",
    does: 'makes the namespace nobody’s while it sets its finalizers',
    call: {
      method: 'PUT',
      path: `${itemPath('Namespace/leaver-lab')}/finalize`,
      body: { ...namespace('leaver-lab'), spec: { finalizers: ['kubernetes'] } },
    },
    expect: ownerIsAdministrators,
  },

  // A controller that creates namespaces for members, and whom the policies trust with all else.
  {
    as: 'Argo CD',
    does: 'makes a namespace nobody’s',
    call: label({ [OWNER]: null }),
    expect: ownerIsAdministrators,
  },
  {
    as: 'Argo CD',
    does: "gives alice's namespace to bob",
    call: label({ [OWNER]: 'bob' }),
    expect: ownerIsAdministrators,
  },
  {
    as: 'Argo CD',
    does: 'creates a namespace for bob',
    call: create(namespace('bob-more', { labels: { [OWNER]: 'bob' } })),
    expect: ownerIsAdministrators,
  },
  {
    as: 'Argo CD',
    does: 'labels a namespace of a member otherwise',
    call: label({ 'poolc.org/allow-external-services': 'true' }),
    expect: 'allowed',
  },
  { as: 'Argo CD', does: 'creates kube-more', call: create(namespace('kube-more')), expect: 'allowed' },

  // Where ServiceAccounts are trusted, nobody makes a member the owner, by mistake either.
  ...['monitoring', 'argocd', 'kube-system', 'poolc-users'].flatMap((name): Attempt[] => [
    {
      as: 'an operator',
      does: `gives ${name} to alice`,
      call: patch(`Namespace/${name}`, { metadata: { labels: { [OWNER]: 'alice' } } }),
      expect: trustedByName(name),
    },
    {
      as: 'Argo CD',
      does: `gives ${name} to alice`,
      call: patch(`Namespace/${name}`, { metadata: { labels: { [OWNER]: 'alice' } } }),
      expect: ownerIsAdministrators,
    },
  ]),
  {
    as: 'an operator',
    does: 'labels monitoring otherwise',
    call: patch('Namespace/monitoring', { metadata: { labels: { team: 'operators' } } }),
    expect: 'allowed',
  },
  {
    as: 'an operator',
    does: 'makes a member’s namespace nobody’s',
    call: label({ [OWNER]: null }),
    expect: 'allowed',
  },

  { as: 'an operator', does: 'creates kube-more', call: create(namespace('kube-more')), expect: 'allowed' },
  { as: 'an operator', does: 'hands a namespace over', call: label({ [OWNER]: 'bob' }), expect: 'allowed' },
  { as: 'an operator', does: "deletes a member's namespace", call: remove('Namespace/alice--lab'), expect: 'allowed' },
  { as: 'Argo CD', does: "deletes a member's namespace", call: remove('Namespace/alice--lab'), expect: 'allowed' },
];

function label(labels: Readonly<Record<string, string | null>>): Call {
  return patch('Namespace/alice--lab', { metadata: { labels } });
}
