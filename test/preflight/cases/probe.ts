/** --probe: doors that it finds open or closed, and what a killed one leaves. */
import { expect, it, onTestFinished } from 'vitest';
import { removeNamespace } from '../../namespace-removal.ts';
import { commandsOf, type Desk, expectFoundAndMended, openWire, problems, runFixes, said } from '../desk.ts';

export function describeProbe(deskOf: () => Desk): void {
  it('fails where members are kept from what they need', async () => {
    await deskOf().kubectl('delete', 'clusterrolebinding', 'poolc-member');
    await expectFoundAndMended(
      deskOf(),
      {
        finds: { probe: 'failed', 'member-role': 'failed' },
        says: /a fresh member can't list namespaces: namespaces is forbidden/,
      },
      ['--probe'],
    );
  });

  it("fails where no policy stands in a member's way, in their own namespaces too", async () => {
    const { kubectl, preflight } = deskOf();
    await kubectl('create', 'namespace', 'alice-lab');
    await kubectl('label', 'namespace', 'alice-lab', 'poolc.org/owner=alice');
    onTestFinished(() => removeNamespace(deskOf().cluster, 'alice-lab'));
    // There is no controller here that would make it.
    await kubectl('-n', 'alice-lab', 'create', 'serviceaccount', 'default');
    const binding = 'validatingadmissionpolicybinding';
    await kubectl('delete', binding, 'members-namespaces', 'members-workloads', 'members-access');
    // What is gone is in force for a moment more.
    await expect.poll(() => startPrivileged(deskOf(), 'alice-lab'), { timeout: 60_000, interval: 500 }).toBe(201);
    const report = await preflight(['--probe']);
    expect(problems(report)).toEqual({ policies: 'failed', probe: 'failed' });
    expect(said(report, 'probe').text).toMatch(
      /a fresh member may, and must not: create a namespace called kube-….*\n.*anyone who has a role in a member's namespace \(alice-lab\) may, and must not: start privileged pods; .*bind cluster-admin/,
    );
    await runFixes(deskOf(), report);
    expect(problems(await preflight(['--probe']))).toEqual({});
  });

  it('leaves an account behind when it is killed; preflight says so, and the next probe sweeps it away', async () => {
    const { cluster, command } = deskOf();
    await using wire = await openWire(deskOf());
    const attempt = wire.proxy.addFault(
      { path: /^\/api\/v1\/nodes/ },
      { kind: 'hold', until: new Promise(() => undefined), answered: false },
    );
    const killed = await command(['preflight', '--probe'], {
      env: wire.env,
      onStart: (running) => void attempt.hit.then(() => running.kill('SIGKILL')),
    });
    expect(killed.exitCode).toBeNull();

    const report = await deskOf().preflight();
    expect(problems(report)).toEqual({ accounts: 'warning' });
    expect(said(report, 'accounts').text).toMatch(
      /a probe that was killed has left credentials-updater-probe-[0-9a-f]{8}/,
    );
    expect(commandsOf(report)).toEqual([expect.stringMatching(/ preflight --probe --kubeconfig \S+ --context pks$/)]);
    const swept = await deskOf().shell(`${commandsOf(report)[0] ?? ''} --output text`);
    expect(swept).toMatch(/removed what a probe that was killed had left: credentials-updater-probe-[0-9a-f]{8}/);
    const { body } = await cluster.request('GET', '/api/v1/namespaces/poolc-users/serviceaccounts');
    expect(JSON.stringify(body)).not.toContain('credentials-updater-probe');
  });

  it('takes the reader as the choice of the club, and no more than it', async () => {
    const { shell, preflight, kubectl } = deskOf();
    onTestFinished(async () => void (await shell('kubectl delete -k deploy/policies/reader')));
    await shell('kubectl apply -k deploy/policies/reader');
    const report = await preflight(['--probe']);
    expect(problems(report)).toEqual({});
    expect(said(report, 'member-role').text).toMatch(/and read what poolc-member-reader says, no more$/);
    const more = [
      { op: 'add', path: '/rules/-', value: { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] } },
    ];
    await kubectl('patch', 'clusterrole/poolc-member-reader', '--type=json', '-p', JSON.stringify(more));
    const after = await preflight(['--probe']);
    expect(problems(after)).toEqual({ 'member-role': 'warning', probe: 'failed' });
    expect(said(after, 'member-role').text).toMatch(/every member may list configmaps cluster-wide/);
    expect(said(after, 'probe').text).toMatch(/a fresh member may, and must not: list everybody's ConfigMaps/);
  });
}

/** The status of a dry-run. */
async function startPrivileged({ cluster }: Desk, namespace: string): Promise<number> {
  const { status } = await cluster.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
    metadata: { name: 'canary' },
    spec: { containers: [{ name: 'main', image: 'example.org/none', securityContext: { privileged: true } }] },
  });
  return status;
}
