/** What one member, or a ServiceAccount of a member's namespace, has outside of it; and bindings to names that are free. */
import { expect, it, onTestFinished } from 'vitest';
import { removeNamespace } from '../../namespace-removal.ts';
import { type Desk, expectFoundAndMended, problems, runFixes, said } from '../desk.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const url = (path: string) => ({ nonResourceURLs: [path], verbs: ['get'] });
const rule = (verb: string, apiGroup: string, resource: string) => ({
  verbs: [verb],
  apiGroups: [apiGroup],
  resources: [resource],
});

/** ClusterRoles by which one gets further, one rule each, and what preflight says of them. */
const dangerous: readonly [name: string, rule: object, gains: RegExp][] = [
  [
    'checkpoint',
    rule('create', '', 'nodes/checkpoint'),
    /reaches the kubelets \(a checkpoint holds a container's memory/,
  ],
  ['node-log', rule('get', '', 'nodes/log'), /reaches the kubelets/],
  ['configz', rule('get', '', 'nodes/configz'), /reaches the kubelets/],
  ['pod-proxy', rule('get', '', 'pods/proxy'), /reaches pods and Services past NetworkPolicies/],
  ['binding', rule('create', '', 'pods/binding'), /changes nodes \(a pod is put on a node of your choice/],
  ['slices', rule('patch', 'discovery.k8s.io', 'endpointslices'), /redirects traffic/],
  ['finalize', rule('update', '', 'namespaces/finalize'), /relabels or deletes namespaces/],
  ['uids', rule('impersonate', 'authentication.k8s.io', 'uids'), /impersonates others/],
  ['attest', rule('attest', 'certificates.k8s.io', 'signers'), /gets certificates signed/],
  ['classes', rule('create', 'storage.k8s.io', 'storageclasses'), /gets at others' volumes/],
  ['debug', url('/debug/*'), /looks into the API server/],
  ['requests', rule('create', 'kyverno.io', 'updaterequests'), /applies manifests with the rights of a controller/],
  ['argo', rule('create', 'argoproj.io', 'applications'), /applies manifests with the rights of a controller/],
  ['tekton', rule('create', 'tekton.dev', 'taskruns'), /starts pods under any ServiceAccount/],
];

/** Bound cluster-wide; gone when the test ends. */
async function grant({ cluster, kubectl }: Desk, name: string, given: object, subject: object): Promise<void> {
  const post = async (resource: string, object: object) => {
    const { status, body } = await cluster.request('POST', `${rbac}/${resource}`, object);
    if (status !== 201) throw new Error(`${resource}: ${status} ${JSON.stringify(body)}`);
    onTestFinished(async () => void (await kubectl('delete', `${resource}/${name}`, '--ignore-not-found')));
  };
  await post('clusterroles', { metadata: { name }, rules: [given] });
  await post('clusterrolebindings', {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [subject],
  });
}

const account = (namespace: string, name: string) => ({ kind: 'ServiceAccount', name, namespace });
const group = (namespace: string) => ({ kind: 'Group', name: `system:serviceaccounts:${namespace}` });
const user = (namespace: string, name: string) => ({
  kind: 'User',
  name: `system:serviceaccount:${namespace}:${name}`,
});

export function describeOutside(deskOf: () => Desk): void {
  const ownNamespace = async (name: string, owner: string) => {
    await deskOf().kubectl('create', 'namespace', name);
    onTestFinished(() => removeNamespace(deskOf().cluster, name));
    await deskOf().kubectl('label', 'namespace', name, `poolc.org/owner=${owner}`);
  };
  const linesAbout = (text: string, what: string) => text.split('\n').filter((line) => line.includes(what));

  it('member-role is silent about nothing dangerous that one member was given cluster-wide', async () => {
    for (const [name, given] of dangerous) await grant(deskOf(), name, given, account('poolc-users', 'alice'));
    const report = await deskOf().preflight();
    const { status, text } = said(report, 'member-role');
    expect(status).toBe('warning');
    for (const [name, , gains] of dangerous) {
      const [line = `nothing of ${name}`] = linesAbout(text, `ClusterRoleBinding ${name} →`);
      expect(line).toMatch(/^warning: the member of ServiceAccount poolc-users\/alice may .* cluster-wide, by /);
      expect(line).toMatch(gains);
    }
    await runFixes(deskOf(), report);
    expect(problems(await deskOf().preflight())).toEqual({});
  });

  it('member-role warns of what one member may see of everybody, though nothing follows from it', async () => {
    await grant(deskOf(), 'logs', rule('get', '', 'pods/log'), account('poolc-users', 'alice'));
    await expectFoundAndMended(deskOf(), {
      finds: { 'member-role': 'warning' },
      says: /the member of ServiceAccount poolc-users\/alice may get pods\/log cluster-wide, by .*logs\. Anyone who gets hold/,
    });
  });

  it.each([
    ['one member', 'member-role', account('poolc-users', 'alice')],
    ["a member's robot", 'member-namespaces', account('alice-lab', 'robot')],
  ])('does not know what an API that nobody here knows gives to %s', async (_, check, subject) => {
    await ownNamespace('alice-lab', 'alice');
    await grant(deskOf(), 'widgets', rule('create', 'widgets.example.com', 'widgets'), subject);
    await expectFoundAndMended(deskOf(), {
      finds: { [check]: 'unknown' },
      says: /may create widgets\.widgets\.example\.com cluster-wide, .* Unknown is what widgets\.example\.com leads to: objects of an API that preflight doesn't know may run code or hold Secrets/,
    });
  });

  it.each([
    ['a ServiceAccount', account('alice-lab', 'robot'), 'ServiceAccount alice-lab/robot'],
    ['all ServiceAccounts', group('alice-lab'), 'Group system:serviceaccounts:alice-lab'],
    ['a user that is one', user('alice-lab', 'robot'), 'User system:serviceaccount:alice-lab:robot'],
  ])("member-namespaces fails where %s of a member's namespace reads every Secret", async (_, subject, named) => {
    await ownNamespace('alice-lab', 'alice');
    await grant(deskOf(), 'secrets', rule('list', '', 'secrets'), subject);
    await expectFoundAndMended(deskOf(), {
      finds: { 'member-namespaces': 'failed' },
      says: new RegExp(`${named} of a member's namespace may list secrets cluster-wide, .*reads Secrets`),
    });
  });

  it('member-namespaces warns of a right that leads nowhere, and passes over what is inside', async () => {
    await ownNamespace('alice-lab', 'alice');
    await ownNamespace('bob-lab', 'bob');
    const robot = '--serviceaccount=alice-lab:robot';
    await deskOf().kubectl('-n', 'bob-lab', 'create', 'rolebinding', 'guest', '--clusterrole=edit', robot);
    await grant(deskOf(), 'nodes', rule('list', '', 'nodes'), account('alice-lab', 'robot'));
    await expectFoundAndMended(deskOf(), {
      finds: { 'member-namespaces': 'warning' },
      says: /^warning: ServiceAccount alice-lab\/robot of a member's namespace may list nodes cluster-wide/,
    });
  });

  it.each([
    ['a ServiceAccount', account('woodpecker', 'server')],
    ['all ServiceAccounts', group('woodpecker')],
    ['a user that is one', user('woodpecker', 'server')],
  ])('free-names fails where %s of a namespace that a member could create reads every Secret', async (_, subject) => {
    await grant(deskOf(), 'backup', rule('list', '', 'secrets'), subject);
    await expectFoundAndMended(deskOf(), {
      finds: { 'free-names': 'failed' },
      says: /ClusterRoleBinding backup names .*woodpecker.*, but there is no namespace woodpecker: a member may create it, .*it may list secrets cluster-wide: anyone who has that reads Secrets/,
    });
  });

  it('free-names warns where no member can take the name, or what is bound to it leads nowhere', async () => {
    await grant(deskOf(), 'gone', rule('list', '', 'secrets'), account('monitoring', 'agent'));
    await grant(deskOf(), 'nodes', rule('list', '', 'nodes'), account('woodpecker', 'agent'));
    const binding = ['create', 'rolebinding', 'old', '--clusterrole=nowhere', '--serviceaccount=drone:server'];
    await deskOf().kubectl('-n', 'default', ...binding);
    const report = await deskOf().preflight();
    const { text } = said(report, 'free-names');
    expect(problems(report)).toEqual({ 'free-names': 'warning' });
    expect(linesAbout(text, 'namespace monitoring')[0]).toMatch(
      /the person who creates it gets what is bound to it: it may list/,
    );
    expect(linesAbout(text, 'namespace woodpecker')[0]).toMatch(
      /a member may create it, .*it may list nodes cluster-wide$/,
    );
    expect(linesAbout(text, 'RoleBinding old in default')[0]).toMatch(/ClusterRole nowhere, which gives nothing now$/);
    await runFixes(deskOf(), report);
    expect(problems(await deskOf().preflight())).toEqual({});
  });

  it('free-names leaves to the owners what they give in their own namespaces, and says it once', async () => {
    await ownNamespace('alice-lab', 'alice');
    for (const name of ['one', 'two'])
      await deskOf().kubectl(
        '-n',
        'alice-lab',
        'create',
        'rolebinding',
        name,
        '--clusterrole=edit',
        '--serviceaccount=gone:bot',
      );
    const report = await deskOf().preflight();
    expect(problems(report)).toEqual({ 'free-names': 'warning' });
    expect(said(report, 'free-names').text).toBe(
      "warning: 2 RoleBindings in members' namespaces name ServiceAccounts of namespaces that do not exist: RoleBinding one in alice-lab (gone), RoleBinding two in alice-lab (gone). Tell the owners: the person who creates such a namespace gets what they gave",
    );
  });
}
