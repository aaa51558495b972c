/** trusted-namespaces: names that the policies trust, in a member's hands. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { removeNamespace } from '../../namespace-removal.ts';
import { type Desk, expectFoundAndMended, problems, said, whileOnlyAuditing } from '../desk.ts';

const finds = { 'trusted-namespaces': 'failed' } as const;

export function describeTrustedNamespaces(deskOf: () => Desk): void {
  const createNamespace = async (name: string, owner?: string) => {
    const { kubectl, cluster } = deskOf();
    await kubectl('create', 'namespace', name);
    onTestFinished(() => removeNamespace(cluster, name));
    if (owner !== undefined) await kubectl('label', 'namespace', name, `poolc.org/owner=${owner}`);
  };
  /** Until the test ends. */
  const createRole = async (verb: string) => {
    const { kubectl } = deskOf();
    await kubectl('create', 'clusterrole', 'pods', `--verb=${verb}`, '--resource=pods');
    onTestFinished(async () => void (await kubectl('delete', 'clusterrole', 'pods')));
  };
  const bind = (namespace: string, subject: string) =>
    deskOf().kubectl('-n', namespace, 'create', 'rolebinding', 'helpers', '--clusterrole=pods', subject);

  it.each([
    ['kube-public', /the namespace kube-public is trusted by its name, but its label .* says that it is alice's/],
    ['poolc-users', /the namespace poolc-users holds the members' accounts, but its label .* says that it is alice's/],
  ])('fails where %s has an owner from before the policies', async (name, says) => {
    const { kubectl } = deskOf();
    await whileOnlyAuditing(deskOf(), 'members-owner-label', () =>
      kubectl('label', 'namespace', name, 'poolc.org/owner=alice'),
    );
    await expectFoundAndMended(deskOf(), { finds, says });
  });

  it.each([
    ['a member', '--serviceaccount=poolc-users:alice', /ServiceAccount poolc-users\/alice starts pods under any/],
    ['a member as a user', '--user=system:serviceaccount:poolc-users:alice', /User system:serviceaccount:poolc-users/],
    ["a member's robot", '--serviceaccount=alice-lab:robot', /ServiceAccount alice-lab\/robot starts pods under any/],
    ["a member's robot as a user", '--user=system:serviceaccount:alice-lab:robot', /User system:serviceaccount:alice/],
    ["a member's robots", '--group=system:serviceaccounts:alice-lab', /Group system:serviceaccounts:alice-lab starts/],
  ])('fails where %s can start pods in one', async (_, subject, says) => {
    await createNamespace('alice-lab', 'alice');
    await createNamespace('monitoring');
    await createRole('create');
    await bind('monitoring', subject);
    await expectFoundAndMended(deskOf(), { finds, says });
  });

  it('fails where all members can start pods in one', async () => {
    await createNamespace('monitoring');
    await createRole('create');
    await bind('monitoring', '--group=system:serviceaccounts:poolc-users');
    await expectFoundAndMended(deskOf(), {
      finds: { 'member-role': 'warning', ...finds },
      says: /every member may create pods in monitoring/,
    });
  });

  it("passes over who may only look, who is no member, and a member's namespace that is only called like one", async () => {
    await createNamespace('grafana-mallory', 'mallory');
    await createNamespace('monitoring');
    await createNamespace('argocd');
    await createRole('create');
    await bind('monitoring', '--serviceaccount=argocd:controller');
    await bind('grafana-mallory', '--serviceaccount=poolc-users:alice');
    await deskOf().kubectl('create', 'clusterrole', 'look', '--verb=get', '--resource=pods');
    onTestFinished(async () => void (await deskOf().kubectl('delete', 'clusterrole', 'look')));
    const look = ['rolebinding', 'look', '--clusterrole=look', '--serviceaccount=poolc-users:alice'];
    await deskOf().kubectl('-n', 'monitoring', 'create', ...look);
    expect(problems(await deskOf().preflight())).toEqual({});
  });

  it('trusts the names that an operator has added, which members then can’t take', async () => {
    const { kubectl, directory, shell } = deskOf();
    const file = join(directory, 'deploy/policies/settings/settings.yaml');
    const shipped = await readFile(file, 'utf8');
    const apply = async (settings: string) => {
      await writeFile(file, settings);
      await shell('kubectl apply -k deploy/policies/builtin');
    };
    onTestFinished(() => apply(shipped));
    const asAlice = ['--as=system:serviceaccount:poolc-users:alice', '--as-group=system:serviceaccounts:poolc-users'];
    const creation = () =>
      kubectl('create', 'namespace', 'alice--harbor', '--dry-run=server', ...asAlice).catch((error: unknown) =>
        String(error),
      );
    expect(await creation()).toMatch(/namespace\/alice--harbor created/);
    await apply(shipped.replace('["kube-system"', '["alice--harbor", "kube-system"'));
    await expect
      .poll(creation, { timeout: 60_000, interval: 500 })
      .toMatch(/alice--harbor is reserved for the cluster/);
    await createNamespace('alice--harbor');
    await createRole('create');
    await bind('alice--harbor', '--serviceaccount=poolc-users:alice');
    await expectFoundAndMended(deskOf(), { finds, says: /the namespace alice--harbor is trusted by its name/ });
  });

  it('does not know what a setting trusts that is no plain list', async () => {
    const { kubectl } = deskOf();
    const policy = 'validatingadmissionpolicy/members-namespaces';
    const path = '{.spec.variables[?(@.name=="trustedNamespaces")].expression}';
    const was = await kubectl('get', policy, '-o', `jsonpath=${path}`);
    const set = (value: string) =>
      kubectl(
        'patch',
        policy,
        '--type=strategic',
        '-p',
        JSON.stringify({ spec: { variables: [{ name: 'trustedNamespaces', expression: value }] } }),
      );
    onTestFinished(async () => void (await set(was)));
    await set(`${was} + ["harbor"]`);
    const report = await deskOf().preflight();
    expect(problems(report)).toEqual({ 'trusted-namespaces': 'unknown' });
    expect(said(report, 'trusted-namespaces').text).toMatch(
      /trustedNamespaces is no plain list of names: \["kube-system"/,
    );
  });
}
