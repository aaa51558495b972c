/**
 * exemptions, the probe and the roll-out under PKS's setting of Kyverno: who is bound to cluster-admin skips every policy,
 * operators included. On a desk with Kyverno's ClusterPolicies in force.
 */
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { removeNamespace } from '../../namespace-removal.ts';
import { type Desk, problems, runFixes, said } from '../desk.ts';

/** Kyverno takes some seconds to see a change. */
const patience = { timeout: 90_000, interval: 1_000 };
const asAlice = ['--as=system:serviceaccount:poolc-users:alice'];

export function describeExemptions(deskOf: () => Desk): void {
  const kubectl = (...args: readonly string[]): Promise<string> => deskOf().kubectl(...args);
  const outcome = (...args: readonly string[]): Promise<string> =>
    kubectl(...args).catch((error: unknown) => String(error));
  const exclude = (names: string): Promise<string> =>
    kubectl(
      '-n',
      'kyverno',
      'patch',
      'configmap/kyverno',
      '--type=merge',
      '-p',
      JSON.stringify({ data: { excludeClusterRoles: names } }),
    );
  const nodePort = ['create', 'service', 'nodeport', 'tried', '--tcp=80', '--dry-run=server'];

  beforeAll(async () => {
    const alice = deskOf()
      .api.members()
      .find(({ loginId }) => loginId === 'alice');
    await deskOf().cluster.request('POST', '/api/v1/namespaces/poolc-users/serviceaccounts', {
      metadata: {
        name: 'alice',
        labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
        annotations: { 'credentials-updater/user-uuid': alice?.uuid },
      },
    });
    await kubectl('create', 'namespace', 'alice--lab', ...asAlice);
    const until = (text: RegExp, ...args: readonly string[]): Promise<void> =>
      vi.waitFor(async () => expect(await outcome('-n', 'alice--lab', ...args)).toMatch(text), patience);
    await until(/namespace-owner/, 'get', 'rolebinding/namespace-owner', '-o', 'name');
    await exclude('cluster-admin');
    // In force once it lets us do what it refuses to members.
    await until(/service\/tried created/, ...nodePort);
  });
  afterAll(async () => {
    await exclude('');
    await removeNamespace(deskOf().cluster, 'alice--lab');
  });

  it('says whom Kyverno exempts, and that no member is among them', async () => {
    expect(said(await deskOf().preflight(), 'exemptions').text).toBe(
      'ok: no member is exempt. Kyverno exempts system:nodes, Group system:masters (cluster-admin)',
    );
  });

  it.each([
    ['a member in a namespace', '-n=alice--lab', 'rolebinding', '--serviceaccount=poolc-users:alice'],
    ['all members', '', 'clusterrolebinding', '--group=system:serviceaccounts:poolc-users'],
    ["a member's robots", '-n=alice--lab', 'rolebinding', '--group=system:serviceaccounts:alice--lab'],
  ])('fails where %s may skip every policy, which is so, and its command ends it', async (_, place, kind, subject) => {
    const where = place === '' ? [] : [place];
    expect(await outcome('-n', 'alice--lab', ...nodePort, ...asAlice)).toMatch(/denied the request/);
    await kubectl(...where, 'create', kind, 'boss', '--clusterrole=cluster-admin', subject);
    onTestFinished(async () => void (await outcome(...where, 'delete', kind, 'boss')));
    const report = await deskOf().preflight();
    expect(said(report, 'exemptions')).toEqual({
      status: 'failed',
      text: expect.stringMatching(
        /^failed: Kyverno lets (ServiceAccount|Group) \S+ past every policy, in every namespace: it is bound to cluster-admin by (RoleBinding boss in alice--lab|ClusterRoleBinding boss), and Kyverno's excludeClusterRoles has that role$/,
      ),
    });
    const { exitCode, stdout } = await deskOf().command(['policies', 'adopt', '--yes', '--output', 'json']);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/"exempt":\s*\[\s*\{\s*"problem":\s*"Kyverno lets /);
    await runFixes(deskOf(), { ...report, checks: report.checks.filter(({ check }) => check === 'exemptions') });
    expect(said(await deskOf().preflight(), 'exemptions').status).toBe('ok');
    await expect
      .poll(() => outcome('-n', 'alice--lab', ...nodePort, ...asAlice), patience)
      .toMatch(/denied the request/);
  });

  it('fails where a group of Kyverno’s settings has the members in it', async () => {
    const groups = '{.data.excludeGroups}';
    const was = await kubectl('-n', 'kyverno', 'get', 'configmap/kyverno', '-o', `jsonpath=${groups}`);
    const set = (value: string) =>
      kubectl(
        '-n',
        'kyverno',
        'patch',
        'configmap/kyverno',
        '--type=merge',
        '-p',
        JSON.stringify({ data: { excludeGroups: value } }),
      );
    onTestFinished(async () => void (await set(was)));
    await set(`${was},system:serviceaccounts:*`);
    expect(said(await deskOf().preflight(), 'exemptions').text).toMatch(
      /^failed: Kyverno lets members past every policy: its excludeGroups \(system:nodes,system:serviceaccounts:\*\) has system:serviceaccounts:poolc-users\. Take that out of config\.excludeGroups/,
    );
  });

  it('is not blind in the probe: a member is refused what the operator, who is exempt, is not', async () => {
    await expect.poll(async () => problems(await deskOf().preflight(['--probe'])), patience).toEqual({});
    expect(said(await deskOf().preflight(['--probe']), 'probe').text).toMatch(
      /^ok: \d+ attempts ended as they should$/,
    );
    await kubectl('delete', 'clusterpolicy/members-services');
    onTestFinished(async () => void (await deskOf().shell('kubectl apply -k deploy/policies/kyverno')));
    await expect
      .poll(async () => said(await deskOf().preflight(['--probe']), 'probe').text, patience)
      .toMatch(
        /failed: anyone who has a role in a member's namespace \(alice--lab\) may, and must not: open ports on every node/,
      );
  });

  it('is not blind in the roll-out: it finds what an operator, who is exempt, has made for a member', async () => {
    const service = ['-n', 'alice--lab', 'create', 'service', 'nodeport', 'old', '--tcp=80'];
    await kubectl(...service);
    onTestFinished(async () => void (await kubectl('-n', 'alice--lab', 'delete', 'service/old')));
    const look = async (): Promise<string> =>
      (await deskOf().command(['policies', 'would-refuse', '--output', 'text'])).stdout;
    await expect.poll(look, patience).toMatch(/^alice--lab Service\/old \(alice\): .*NodePort/m);
  });
}
