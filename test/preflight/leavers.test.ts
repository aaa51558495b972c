/** --leavers: what still names members who left, and the commands that see to it, run as they are printed. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import pMap from 'p-map';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Desk, deskTimeoutMs, openDesk, problems, type Report, said } from './desk.ts';

const nobody = '00000000-0000-0000-0000-000000000000';
let desk: Desk;
let kim: string;
beforeAll(async () => {
  desk = await openDesk({ controllerManager: true });
  await desk.deploy();
  kim = (await desk.api.addMember({ loginId: 'kim' })).uuid;
  await sync();
  desk.api.removeMember(kim);
  await sync();
}, deskTimeoutMs);
afterAll(() => desk.close());

async function sync(): Promise<void> {
  await desk.shell(`POOLC_API_ENDPOINT=${desk.api.url} POOLC_API_KEY_FILE=./API_KEY credentials-updater sync`);
}

/** Waits for the namespace controller, which would empty a namespace of the same name that is made meanwhile. */
async function remove(namespace: string): Promise<void> {
  await desk.kubectl('delete', 'namespace', namespace, '--ignore-not-found');
}

const leavers = () => desk.preflight(['--leavers']);
const textOf = (report: Report) => said(report, 'leavers').text;
const fixesOf = ({ checks }: Report) =>
  checks.flatMap(({ check, findings }) => (check === 'leavers' ? findings.flatMap(({ fixes }) => fixes) : []));
/** Runs the one command whose label says this; NEW_OWNER is filled in as an operator would. */
async function runFix(report: Report, label: string): Promise<void> {
  const [fix, ...others] = fixesOf(report).filter((each) => each.label?.includes(label));
  expect(others).toEqual([]);
  await desk.shell((fix?.command ?? 'false').replaceAll('NEW_OWNER', 'alice'));
}
const list = (namespace: string, ...words: readonly string[]) =>
  desk.kubectl('-n', namespace, 'get', ...words).then((text) => text.trim());

const podSpec = { containers: [{ name: 'main', image: 'example.org/none' }] };

/** What kim left: a namespace with a robot, its token, and workloads. */
async function leaveNamespace(name: string, labels: Record<string, string> = { 'poolc.org/owner': 'kim' }) {
  const { request } = desk.cluster;
  const create = async (path: string, object: object) => {
    const { status, body } = await request('POST', path, object);
    if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  };
  onTestFinished(() => remove(name));
  await create('/api/v1/namespaces', { metadata: { name, labels } });
  const [core, apps, batch] = ['/api/v1', '/apis/apps/v1', '/apis/batch/v1'].map(
    (group) => `${group}/namespaces/${name}`,
  );
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}/rolebindings`;
  const role = (roleName: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName });
  await create(rbac, {
    metadata: { name: 'namespace-owner' },
    roleRef: role('poolc-namespace-owner'),
    subjects: [{ kind: 'ServiceAccount', name: 'kim', namespace: 'poolc-users' }],
  });
  await create(rbac, {
    metadata: { name: '$(touch pwned)' },
    roleRef: role('edit'),
    subjects: [
      { kind: 'ServiceAccount', name: 'bob', namespace: 'poolc-users' },
      { kind: 'User', name: 'system:serviceaccount:poolc-users:kim' },
    ],
  });
  await create(`${core}/serviceaccounts`, { metadata: { name: 'robot' } });
  await create(`${core}/secrets`, {
    metadata: { name: 'robot-token', annotations: { 'kubernetes.io/service-account.name': 'robot' } },
    type: 'kubernetes.io/service-account-token',
  });
  await create(`${core}/pods`, { metadata: { name: 'shell' }, spec: { ...podSpec, serviceAccountName: 'robot' } });
  const template = { metadata: { labels: { app: 'web' } }, spec: podSpec };
  const selector = { matchLabels: { app: 'web' } };
  await create(`${apps}/deployments`, { metadata: { name: 'web' }, spec: { replicas: 2, selector, template } });
  const job = { template: { spec: { ...podSpec, restartPolicy: 'Never' } } };
  await create(`${batch}/cronjobs`, {
    metadata: { name: 'backup' },
    spec: { schedule: '@hourly', jobTemplate: { spec: job } },
  });
}

describe("a leaver's own namespace", () => {
  it.each([
    ['by its label', { 'poolc.org/owner': 'kim' }],
    ['by the RoleBinding of its owner, before any policy', {}],
  ])('is listed %s, with what is in it', async (_, labels) => {
    await leaveNamespace('kim-lab', labels);
    const report = await leavers();
    expect(problems(report)).toEqual({ leavers: 'warning' });
    expect(report.exitCode).toBe(0);
    expect(textOf(report)).toBe(
      `warning: kim (${kim}) has left, and has the namespace kim-lab: their RoleBindings $(touch pwned), namespace-owner; ` +
        'ServiceAccounts robot; tokens that never expire in the Secrets robot-token; ' +
        'running or ready to run pod/shell, deployment/web, cronjob/backup',
    );
  });

  it('is handed over: another member is its owner in all that named the leaver, and old tokens are gone', async () => {
    await leaveNamespace('kim-lab');
    await runFix(await leavers(), 'hand it over');
    expect(problems(await leavers())).toEqual({});
    expect(await list('kim-lab', 'namespace/kim-lab', '-o', 'jsonpath={.metadata.labels.poolc\\.org/owner}')).toBe(
      'alice',
    );
    expect(await list('kim-lab', 'rolebindings', '-o', 'jsonpath={.items[*].subjects[*].name}')).toBe(
      'bob system:serviceaccount:poolc-users:alice alice',
    );
    expect(await list('kim-lab', 'secrets', '-o', 'name')).toBe('');
    expect(await list('kim-lab', 'deployment/web', '-o', 'jsonpath={.spec.replicas}')).toBe('2');
    await expect(access(join(desk.directory, 'pwned'))).rejects.toThrow('ENOENT');
  });

  it('is handed over to nobody while the name is not replaced: nothing is changed', async () => {
    await leaveNamespace('kim-lab');
    const before = await leavers();
    const [handOver] = fixesOf(before).filter(({ label }) => label?.includes('hand it over'));
    await expect(desk.shell(handOver?.command ?? 'true')).rejects.toThrow('serviceaccounts "NEW_OWNER" not found');
    expect(textOf(await leavers())).toBe(textOf(before));
  });

  it('is quarantined: nothing in it runs, nothing else is lost, and preflight is content', async () => {
    await leaveNamespace('kim-lab');
    await runFix(await leavers(), 'quarantine');
    const report = await leavers();
    expect(problems(report)).toEqual({});
    expect(textOf(report)).toBe(`ok: kim (${kim}) has left; the namespace kim-lab is in quarantine`);
    expect(await list('kim-lab', 'pods,secrets', '-o', 'name')).toBe('');
    expect(await list('kim-lab', 'deployment/web', '-o', 'jsonpath={.spec.replicas}')).toBe('0');
    expect(await list('kim-lab', 'cronjob/backup', '-o', 'jsonpath={.spec.suspend}')).toBe('true');
    expect(await list('kim-lab', 'serviceaccount/robot', '-o', 'name')).toBe('serviceaccount/robot');
    const asRobot = '--overrides={"spec":{"serviceAccountName":"robot"}}';
    const refused = await desk.cluster.kubectl(['-n', 'kim-lab', 'run', 'again', '--image=example.org/none', asRobot]);
    expect(refused.stderr).toContain('exceeded quota: quarantine');
  });

  it('is quarantined by a command that can be repeated, such as after a step of it has failed', async () => {
    await leaveNamespace('kim-lab');
    const before = await leavers();
    await desk.kubectl('-n', 'kim-lab', 'create', 'quota', 'quarantine', '--hard=pods=0');
    await runFix(before, 'quarantine');
    await runFix(before, 'quarantine');
    expect(textOf(await leavers())).toBe(`ok: kim (${kim}) has left; the namespace kim-lab is in quarantine`);
    expect(await list('kim-lab', 'quota/quarantine', '-o', 'jsonpath={.spec.hard}')).toBe('{"pods":"0"}');
  });

  it('is quarantined in the cluster that was looked at, whatever is current in the shell', async () => {
    await leaveNamespace('kim-lab');
    const report = await desk.preflight(['--leavers', '--kubeconfig', desk.cluster.kubeconfig]);
    const [quarantine] = fixesOf(report).filter(({ label }) => label?.includes('quarantine'));
    await desk.shell(`export KUBECONFIG=/dev/null; ${quarantine?.command ?? 'false'}`);
    expect(textOf(await leavers())).toContain('the namespace kim-lab is in quarantine');
  });

  it('is deleted', async () => {
    await leaveNamespace('kim-lab');
    await runFix(await leavers(), 'delete it');
    expect(problems(await leavers())).toEqual({});
    expect(await list('kim-lab', 'deployments', '-o', 'name')).toBe('');
  });

  it('is not listed any more while it goes', async () => {
    await leaveNamespace('kim-lab');
    const finalizers = '{"metadata":{"finalizers":["example.org/slow"]}}';
    await desk.kubectl('-n', 'kim-lab', 'patch', 'serviceaccount/robot', '--type=merge', '-p', finalizers);
    await desk.kubectl('delete', 'namespace', 'kim-lab', '--wait=false');
    expect(problems(await leavers())).toEqual({});
    await desk.kubectl(
      '-n',
      'kim-lab',
      'patch',
      'serviceaccount/robot',
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    );
  });
});

describe('a binding elsewhere that names a leaver', () => {
  const binding = 'guests';
  const invite = async (...subjects: readonly string[]) => {
    onTestFinished(() => remove('bob-lab'));
    await desk.kubectl('create', 'namespace', 'bob-lab');
    await desk.kubectl('label', 'namespace', 'bob-lab', 'poolc.org/owner=bob');
    await desk.kubectl('-n', 'bob-lab', 'create', 'rolebinding', binding, '--clusterrole=view', ...subjects);
  };

  it('loses that name and no other', async () => {
    await invite('--serviceaccount=poolc-users:kim', '--serviceaccount=poolc-users:carol');
    const report = await leavers();
    expect(textOf(report)).toBe(
      `warning: kim (${kim}) has left, and RoleBinding guests in bob-lab still gives them ClusterRole view`,
    );
    await runFix(report, 'take the name out');
    expect(await list('bob-lab', 'rolebinding', binding, '-o', 'jsonpath={.subjects[*].name}')).toBe('carol');
    expect(problems(await leavers())).toEqual({});
  });

  it('loses two names by the two commands, in the order in which they are printed', async () => {
    const ghost = '--serviceaccount=poolc-users:ghost';
    await invite('--serviceaccount=poolc-users:carol', ghost, '--serviceaccount=poolc-users:kim');
    const report = await leavers();
    const takeOut = fixesOf(report).filter(({ label }) => label === 'take the name out');
    expect(takeOut).toHaveLength(2);
    for (const { command } of takeOut) await desk.shell(command);
    expect(await list('bob-lab', 'rolebinding', binding, '-o', 'jsonpath={.subjects[*].name}')).toBe('carol');
  });

  it('is given to another member', async () => {
    await invite('--serviceaccount=poolc-users:kim');
    await runFix(await leavers(), 'or give it to the member');
    expect(await list('bob-lab', 'rolebinding', binding, '-o', 'jsonpath={.subjects[*].name}')).toBe('alice');
    expect(problems(await leavers())).toEqual({});
  });

  it('is found where it is cluster-wide and names them as a user', async () => {
    const user = '--user=system:serviceaccount:poolc-users:kim';
    await desk.kubectl('create', 'clusterrolebinding', 'lookers', '--clusterrole=view', user);
    const report = await leavers();
    expect(textOf(report)).toBe(
      `warning: kim (${kim}) has left, and ClusterRoleBinding lookers still gives them ClusterRole view`,
    );
    await runFix(report, 'take the name out');
    expect(problems(await leavers())).toEqual({});
  });

  it('is found before the sync that removes the account, and not where a member is only held out of the list', async () => {
    const { uuid } = await desk.api.addMember({ loginId: 'lee' });
    await sync();
    await invite('--serviceaccount=poolc-users:lee');
    expect(problems(await leavers())).toEqual({});
    desk.api.removeMember(uuid);
    expect(textOf(await leavers())).toContain(
      `lee (${uuid}) is no longer in the directory; the next sync removes the account, and RoleBinding guests`,
    );
  });

  it('is found while the directory is down, but that nobody can tell who has left is said, too', async () => {
    await invite('--serviceaccount=poolc-users:kim', '--serviceaccount=poolc-users:alice');
    const report = await desk.preflight(['--leavers', '--poolc-api-endpoint', 'http://127.0.0.1:1']);
    expect(textOf(report)).toMatch(
      /^warning: kim \(.*\) has no account any more, and RoleBinding guests in bob-lab .*\nunknown: who is still a member could not be told: .*127\.0\.0\.1:1/,
    );
    expect(textOf(report)).not.toContain('alice');
  });
});

describe('a name that only bindings know', () => {
  it('is reserved by the command that is printed; then nobody else gets it', async () => {
    onTestFinished(() => remove('old-lab'));
    await desk.kubectl('create', 'namespace', 'old-lab');
    const ghost = '--serviceaccount=poolc-users:ghost';
    await desk.kubectl('-n', 'old-lab', 'create', 'rolebinding', 'old', '--clusterrole=view', ghost);
    const before = await leavers();
    expect(textOf(before)).toMatch(
      /^warning: no account and no record says who ghost was, but something is bound to that name\. Whoever gets that name next inherits/,
    );
    const { uuid } = await desk.api.addMember({ loginId: 'ghost' });
    const report = await leavers();
    expect(textOf(report)).toBe(
      `warning: no account and no record says who ghost was, but something is bound to that name. The next sync gives that name to ${uuid}, and with it what is bound to it in old-lab`,
    );
    expect(fixesOf(report)[0]?.command).toBe(`credentials-updater reserve ghost ${nobody}`);
    await runFix(report, 'keep it from everybody');
    await sync();
    expect(await list('poolc-users', 'serviceaccounts', '-o', 'name')).toContain(`serviceaccount/ghost-${uuid}`);
    const after = await leavers();
    expect(textOf(after)).toBe(
      'warning: ghost is a name that is reserved for nobody, and RoleBinding old in old-lab still gives them ClusterRole view',
    );
    await runFix(after, 'take the name out');
    expect(problems(await leavers())).toEqual({});
  });
});

describe('many', () => {
  it('thousands of RoleBindings are read in pages, and each leaver is found', async () => {
    onTestFinished(() => remove('crowd'));
    await desk.kubectl('create', 'namespace', 'crowd');
    await pMap(
      Array.from({ length: 2_000 }, (_, number) => number),
      async (number) => {
        const { status } = await desk.cluster.request(
          'POST',
          '/apis/rbac.authorization.k8s.io/v1/namespaces/crowd/rolebindings',
          {
            metadata: { name: `guest-${number}` },
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
            subjects: [{ kind: 'ServiceAccount', name: number % 2 === 0 ? 'kim' : 'alice', namespace: 'poolc-users' }],
          },
        );
        expect(status).toBe(201);
      },
      { concurrency: 16 },
    );
    const report = await leavers();
    const found = report.checks.find(({ check }) => check === 'leavers')?.findings ?? [];
    expect(found).toHaveLength(1_000);
    expect(new Set(found.map(({ message }) => message)).size).toBe(1_000);
  });
});

it('puts nothing on the terminal that a name could hide, and whoever may read less learns what', async () => {
  const { cluster, kubectl, command } = desk;
  onTestFinished(() => remove('odd'));
  await kubectl('create', 'namespace', 'odd');
  const user = 'system:serviceaccount:poolc-users:\u001b]0;pwned\u0007\u202ekim';
  await cluster.request('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/odd/rolebindings', {
    metadata: { name: 'odd' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', name: user }],
  });
  const { stdout } = await command(['preflight', '--leavers', '--output', 'text']);
  expect(stdout).toBe(stripVTControlCharacters(stdout));
  for (const hidden of ['\u0007', '\u001b', '\u202e']) expect(stdout).not.toContain(hidden);
  expect(stdout).toContain(String.raw`\u{1b}]0;pwned\u{7}\u{202e}kim has no account`);
  expect(stdout).not.toContain('credentials-updater reserve');

  await leaveNamespace('kim-lab');
  await kubectl('create', 'clusterrolebinding', 'auditor', '--clusterrole=auditor', '--user=auditor');
  const rbac = ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'].map(
    (name) => `${name}.rbac.authorization.k8s.io`,
  );
  const resources = ['namespaces', 'serviceaccounts', 'configmaps', 'deployments.apps', ...rbac].join(',');
  await kubectl('create', 'clusterrole', 'auditor', '--verb=get,list', `--resource=${resources}`);
  onTestFinished(async () => {
    await kubectl('delete', 'clusterrolebinding/auditor', 'clusterrole/auditor');
  });
  const env = { KUBECONFIG: await cluster.kubeconfigFor({ user: 'auditor' }) };
  const report = await desk.preflight(['--leavers'], { env });
  expect(textOf(report)).toContain('running or ready to run deployment/web');
  expect(textOf(report)).toContain(
    'unknown: what else is in those namespaces: no permission to list token Secrets, Pods, ReplicationControllers, StatefulSets, DaemonSets, ReplicaSets, Jobs, CronJobs',
  );
});
