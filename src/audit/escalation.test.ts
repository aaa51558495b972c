import { describe, expect, it } from 'vitest';
import { type Gain, gainsOf, leadsOf, leadsOfAll, unknownGroupsOf } from './escalation.ts';
import { kubernetesEscalations, kubernetesGroups } from './escalation-table.ts';
import { projectEscalations } from './escalation-table-projects.ts';
import { type PolicyRule, resourceRule } from './rbac.ts';

const rule = (verb: string, apiGroup: string, resource: string) => resourceRule([verb], apiGroup, [resource]);
const urlRule = (url: string): PolicyRule => ({
  ...resourceRule(['get'], '', []),
  apiGroups: [],
  nonResourceURLs: [url],
});
const everything = resourceRule(['*'], '*', ['*']);
const rbac = 'rbac.authorization.k8s.io';

describe('a right that leads further is known for it', () => {
  it.each<[Gain, PolicyRule]>([
    ['does everything', everything],
    ['reads Secrets', rule('watch', '', 'secrets')],
    ['reads Secrets', resourceRule(['get'], '', ['secrets'], ['one'])],
    ['mints tokens', rule('create', '', '*/token')],
    ['impersonates others', rule('impersonate', '', 'groups')],
    ['impersonates others', rule('impersonate', 'authentication.k8s.io', 'uids')],
    ['impersonates others', rule('impersonate', 'authentication.k8s.io', 'userextras/scopes')],
    ['impersonates others', rule('impersonate:serviceaccount', 'authentication.k8s.io', 'serviceaccounts')],
    ['impersonates others', rule('impersonate-on:user-info:create', 'apps', 'deployments')],
    ['gives itself other rights', resourceRule(['bind'], rbac, ['clusterroles'], ['admin'])],
    ['runs commands in pods', rule('create', '', 'pods/exec')],
    ['changes nodes', rule('create', '', 'pods/binding')],
    ['reaches pods and Services past NetworkPolicies', rule('get', '', 'pods/proxy')],
    ['reaches pods and Services past NetworkPolicies', rule('create', '', 'services/proxy')],
    ['redirects traffic', rule('patch', '', 'endpoints')],
    ['redirects traffic', rule('create', 'discovery.k8s.io', 'endpointslices')],
    ['redirects traffic', rule('patch', '', 'services/status')],
    ['relabels or deletes namespaces', rule('update', '', 'namespaces/finalize')],
    ['relabels or deletes namespaces', rule('patch', '', 'namespaces/status')],
    ['reaches the kubelets', rule('get', '', 'nodes/proxy')],
    ['reaches the kubelets', rule('create', '', 'nodes/checkpoint')],
    ['reaches the kubelets', rule('get', '', 'nodes/log')],
    ['reaches the kubelets', rule('get', '', 'nodes/configz')],
    ['gets certificates signed', rule('attest', 'certificates.k8s.io', 'signers')],
    ["gets at others' volumes", rule('create', 'storage.k8s.io', 'storageclasses')],
    ["gets at others' volumes", rule('patch', 'storage.k8s.io', 'csidrivers')],
    ['looks into the API server', urlRule('/debug/pprof/heap')],
    ['looks into the API server', urlRule('/debug/*')],
    ['looks into the API server', urlRule('/logs/*')],
    ['looks into the API server', urlRule('/l*')],
    ['reads and writes every URL of the API server', urlRule('*')],
    ['applies manifests with the rights of a controller', rule('create', 'kyverno.io', 'updaterequests')],
    ['applies manifests with the rights of a controller', rule('create', 'kyverno.io', 'cleanuppolicies')],
    ['changes what admission enforces', rule('create', 'policies.kyverno.io', 'deletingpolicies')],
    ['applies manifests with the rights of a controller', rule('create', 'argoproj.io', 'applications')],
    ['starts pods under any ServiceAccount', rule('create', 'argoproj.io', 'workflows')],
    [
      'applies manifests with the rights of a controller',
      rule('patch', 'kustomize.toolkit.fluxcd.io', 'kustomizations'),
    ],
    ['applies manifests with the rights of a controller', rule('create', 'helm.toolkit.fluxcd.io', '*')],
    ['starts pods under any ServiceAccount', rule('create', 'tekton.dev', 'taskruns')],
    ['makes Secrets, so a token for any ServiceAccount', rule('create', 'external-secrets.io', 'externalsecrets')],
    ['gets certificates signed', rule('create', 'cert-manager.io', 'certificates')],
  ])('%s: %j', (gain, given) => {
    expect(gainsOf(given, undefined)).toContain(gain);
    expect(unknownGroupsOf(given).filter((group) => group !== '*')).toEqual([]);
  });

  it.each<[string, PolicyRule]>([
    ['what every member may do', resourceRule(['get', 'list', 'watch', 'create'], '', ['namespaces'])],
    ['to look at Ingresses', resourceRule(['get', 'list', 'watch'], 'networking.k8s.io', ['ingresses'])],
    ['every verb on what leads nowhere', resourceRule(['*'], 'coordination.k8s.io', ['leases'])],
    ['one resource of every group', resourceRule(['create'], '*', ['poddisruptionbudgets'])],
    ['to look at Workflows', rule('list', 'argoproj.io', 'workflows')],
    ['to ask whether the API server lives', urlRule('/livez/*')],
    ['a URL that begins like another', urlRule('/logs-of-mine')],
  ])('but not %s', (_, given) => {
    expect(leadsOf(given, undefined)).toEqual([]);
  });

  it('but not what a RoleBinding gives of things that are in no namespace', () => {
    expect(gainsOf(rule('get', '', 'nodes/log'), 'lab')).toEqual([]);
    expect(gainsOf(urlRule('/debug/*'), 'lab')).toEqual([]);
    expect(gainsOf(rule('get', '', 'secrets'), 'lab')).toEqual(['reads Secrets']);
  });

  it('alone where it includes all the others', () => {
    const rules = [rule('get', '', 'secrets'), everything].map((each) => ({ rule: each, namespace: undefined }));
    expect(leadsOfAll(rules).map(({ gain }) => gain)).toEqual(['does everything']);
  });
});

describe('an API group that nobody here knows', () => {
  it.each([
    [rule('create', 'widgets.example.com', 'widgets'), ['widgets.example.com']],
    [rule('list', 'widgets.example.com', '*'), ['widgets.example.com']],
    [resourceRule(['list'], '*', ['*']), ['*']],
    [resourceRule(['create'], '*', ['widgets']), []],
    [resourceRule(['create'], 'snapshot.storage.k8s.io', ['volumesnapshots']), []],
    [resourceRule(['create'], 'apps', ['deployments']), []],
    [resourceRule(['list'], 'wgpolicyk8s.io', ['policyreports']), []],
    [urlRule('/livez'), []],
  ])('is named: %j', (given, groups) => {
    expect(unknownGroupsOf(given)).toEqual(groups);
  });
});

describe('the table', () => {
  const rows = [...kubernetesEscalations, ...projectEscalations];

  it('gives each row a reason, as a clause of a sentence, and no row twice', () => {
    for (const { reason, resources } of rows)
      expect([reason, resources]).toEqual([expect.stringMatching(/^\S.{19,}[^.]$/), expect.not.arrayContaining([''])]);
    const keys = rows.flatMap(({ verbs, apiGroup, resources }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}.${apiGroup}`)),
    );
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it("keeps Kubernetes' own groups apart from other projects'", () => {
    for (const { apiGroup } of kubernetesEscalations)
      expect([...kubernetesGroups, '*', 'snapshot.storage.k8s.io']).toContain(apiGroup);
  });
});
