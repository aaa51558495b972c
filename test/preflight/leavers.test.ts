/** --leavers: what still names members who left, and the commands that see to it, run as they are printed. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import pMap from 'p-map';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { startPoolcApi } from '../../dev/poolc-api/index.ts';
import { type Desk, deskTimeoutMs, openDesk, problems, type Report, said, whileOnlyAuditing } from './desk.ts';

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

const directory = () => `POOLC_API_ENDPOINT=${desk.api.url} POOLC_API_KEY_FILE=./API_KEY`;

async function sync(): Promise<void> {
  await desk.shell(`${directory()} credentials-updater sync`);
}

/** Waits for the namespace controller, which would empty a namespace of the same name that is made meanwhile. */
async function remove(namespace: string): Promise<void> {
  await desk.kubectl('delete', 'namespace', namespace, '--ignore-not-found');
}

/** It goes after the test, which doesn't wait for that: what is going is listed no more. */
function removeLater(namespace: string): void {
  onTestFinished(async () => {
    await desk.kubectl('delete', 'namespace', namespace, '--ignore-not-found', '--wait=false');
  });
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
  await remove(name);
  removeLater(name);
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
        'running or ready to run pod/shell, deployment/web, cronjob/backup; ' +
        'others who have rights in it: ServiceAccount poolc-users/bob (ClusterRole edit)',
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
    await desk.shell(`credentials-updater reserve former ${nobody}`);
    const former = '--serviceaccount=poolc-users:former';
    await invite('--serviceaccount=poolc-users:carol', former, '--serviceaccount=poolc-users:kim');
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

/** What takes something from somebody, or gives it to another. */
const destructive = /quota|delete namespace|label namespace|scale|delete pods|delete secret|NEW_OWNER/;
const policySchema = z.object({
  spec: z.object({ variables: z.array(z.object({ name: z.string(), expression: z.string() })) }),
});
const commandsIn = (report: Report) => fixesOf(report).map(({ command }) => command);

describe("a namespace that isn't the leaver's alone", () => {
  const grantAdmin = async (namespace: string, binding: string, ...subjects: readonly string[]) => {
    await desk.kubectl('-n', namespace, 'create', 'rolebinding', binding, '--clusterrole=admin', ...subjects);
    onTestFinished(async () => {
      await desk.kubectl('-n', namespace, 'delete', 'rolebinding', binding, '--ignore-not-found');
    });
  };
  const asKim = '--serviceaccount=poolc-users:kim';

  it.each(['poolc-system', 'poolc-users', 'default', 'kube-public', 'monitoring', 'ingress-nginx', 'operators'])(
    "is the cluster's own %s, in which kim is an admin: only the binding goes",
    async (namespace) => {
      if (['monitoring', 'ingress-nginx', 'operators'].includes(namespace)) {
        removeLater(namespace);
        await desk.kubectl('create', 'namespace', namespace);
      }
      if (namespace === 'operators') {
        onTestFinished(async () => {
          await desk.kubectl('delete', 'clusterrolebinding', 'operators');
        });
        const controller = '--serviceaccount=operators:controller';
        await desk.kubectl('create', 'clusterrolebinding', 'operators', '--clusterrole=cluster-admin', controller);
      }
      await grantAdmin(namespace, 'admins', asKim);
      const report = await leavers();
      expect(textOf(report)).toBe(
        `warning: kim (${kim}) has left, and RoleBinding admins in ${namespace} still gives them ClusterRole admin`,
      );
      expect(commandsIn(report)).toEqual([`kubectl -n ${namespace} delete rolebinding/admins`]);
      await runFix(report, 'take the name out');
      expect(textOf(await leavers())).toMatch(/^ok: no leaver/);
    },
  );

  it("is the cluster's own by a name that an operator has added to the policies' settings", async () => {
    await leaveNamespace('harbor');
    expect(commandsIn(await leavers()).join('\n')).toMatch(destructive);
    const policy = 'validatingadmissionpolicy/members-namespaces';
    const [index, was] = await desk
      .kubectl('get', policy, '-o', 'json')
      .then((text) => policySchema.parse(JSON.parse(text)).spec.variables)
      .then((variables) => {
        const found = variables.findIndex(({ name }) => name === 'trustedNamespaces');
        return [found, variables[found]?.expression ?? ''] as const;
      });
    const set = (value: string) =>
      desk.kubectl(
        'patch',
        policy,
        '--type=json',
        '-p',
        JSON.stringify([{ op: 'replace', path: `/spec/variables/${index}/expression`, value }]),
      );
    onTestFinished(async () => {
      await set(was);
    });
    await set(was.replace('[', '["harbor", '));
    const report = await leavers();
    expect(textOf(report)).toContain("the namespace harbor is theirs. But it is the cluster's own");
    expect(commandsIn(report).join('\n')).not.toMatch(destructive);
  });

  it("is theirs by its label, though its name is one that members can't take any more", async () => {
    await leaveNamespace('grafana-kim');
    const report = await leavers();
    expect(textOf(report)).toContain(`warning: kim (${kim}) has left, and has the namespace grafana-kim: `);
    expect(commandsIn(report)).toContain('kubectl delete namespace/grafana-kim');
  });

  it("may be the cluster's own by such a name without a label: only the binding goes", async () => {
    removeLater('grafana-internal');
    await desk.kubectl('create', 'namespace', 'grafana-internal');
    await grantAdmin('grafana-internal', 'admins', asKim);
    expect(commandsIn(await leavers())).toEqual(['kubectl -n grafana-internal delete rolebinding/admins']);
  });

  it("is the cluster's own, whatever its label says", async () => {
    await leaveNamespace('monitoring', {});
    await whileOnlyAuditing(desk, 'members-owner-label', () =>
      desk.kubectl('label', 'namespace', 'kube-public', 'monitoring', 'poolc.org/owner=kim'),
    );
    onTestFinished(async () => {
      await desk.kubectl('label', 'namespace', 'kube-public', 'poolc.org/owner-');
    });
    const report = await leavers();
    for (const namespace of ['monitoring', 'kube-public']) {
      expect(textOf(report)).toContain(
        `warning: kim (${kim}) has left, and the label poolc.org/owner says that the namespace ${namespace} is theirs. But it is the cluster's own, so nothing is offered for it`,
      );
    }
    expect(commandsIn(report)).toHaveLength(2);
    expect(commandsIn(report).join('\n')).not.toMatch(destructive);
  });

  it.each([
    ['another member', '--serviceaccount=poolc-users:alice'],
    ['somebody with a certificate', '--user=root@example.org'],
    ['a group', '--group=teachers'],
    ["a robot of somebody else's", '--serviceaccount=bob-lab:robot'],
    ['a name of which nobody knows whose it is', '--serviceaccount=poolc-users:ghost'],
  ])('has no label, and %s is an admin, too: only the leaver is taken out', async (_, other) => {
    const who = other.split(/[=:]/).at(-1) ?? '';
    for (const binding of ['admins', 'others']) {
      const namespace = `${binding}-${who.replaceAll(/[^a-z]/g, '')}`;
      removeLater(namespace);
      await desk.kubectl('create', 'namespace', namespace);
      await grantAdmin(namespace, 'admins', asKim, ...(binding === 'admins' ? [other] : []));
      if (binding === 'others') await grantAdmin(namespace, 'others', other);
      const report = await leavers();
      expect(textOf(report)).toContain(
        `warning: kim (${kim}) has left, and RoleBinding admins in ${namespace} still gives them ClusterRole admin`,
      );
      expect(commandsIn(report).join('\n')).not.toMatch(destructive);
      await runFix(report, 'take the name out');
      const left = await list(namespace, 'rolebindings', '-o', 'jsonpath={.items[*].subjects[*].name}');
      expect(left).toBe(who);
      await desk.kubectl('delete', 'namespace', namespace, '--wait=false');
    }
  });

  it('has no label, and its other admin has left, too: it is theirs, and nobody else loses anything by it', async () => {
    await desk.shell(`credentials-updater reserve former ${nobody}`);
    removeLater('shared-lab');
    await desk.kubectl('create', 'namespace', 'shared-lab');
    await grantAdmin('shared-lab', 'admins', asKim, '--serviceaccount=poolc-users:former');
    expect(commandsIn(await leavers())).toContain('kubectl delete namespace/shared-lab');
  });

  it('has the label of the leaver: anyone else who has rights in it is named before it is deleted', async () => {
    await leaveNamespace('kim-lab', {});
    await grantAdmin('kim-lab', 'admins', '--serviceaccount=poolc-users:alice', '--group=teachers');
    await desk.kubectl('label', 'namespace', 'kim-lab', 'poolc.org/owner=kim');
    const report = await leavers();
    expect(textOf(report)).toMatch(
      /others who have rights in it: Group teachers \(ClusterRole admin\), ServiceAccount poolc-users\/alice \(ClusterRole admin\), ServiceAccount poolc-users\/bob \(ClusterRole edit\)$/,
    );
    expect(fixesOf(report).map(({ label }) => label)).toContain(
      'or delete it with all that is in it, what the others have there too',
    );
  });
});

describe('nothing that could hit a member is offered', () => {
  /** Where commands would be printed for kim, who has left, and for others if they were taken for leavers. */
  const leaveAll = async () => {
    await leaveNamespace('kim-lab');
    onTestFinished(() => remove('bob-lab'));
    await desk.kubectl('create', 'namespace', 'bob-lab');
    await desk.kubectl('label', 'namespace', 'bob-lab', 'poolc.org/owner=bob');
    const guests = ['--serviceaccount=poolc-users:alice', '--serviceaccount=poolc-users:kim'];
    await desk.kubectl('-n', 'bob-lab', 'create', 'rolebinding', 'guests', '--clusterrole=view', ...guests);
    expect(commandsIn(await leavers()).join('\n')).toMatch(destructive);
  };
  const expectNothingOffered = (report: Report, why: string) => {
    const text = textOf(report);
    expect(fixesOf(report)).toEqual([]);
    expect(text).toContain(`warning: kim (${kim}) has no account any more, and has the namespace kim-lab`);
    expect(text).toContain('No command is offered: they may be a member, which the directory does not tell');
    expect(text).toContain(`unknown: who is still a member could not be told: ${why}`);
    for (const member of ['alice', 'carol']) expect(text).not.toContain(`${member} (`);
  };

  it('while the directory is down', async () => {
    await leaveAll();
    expectNothingOffered(await desk.preflight(['--leavers', '--poolc-api-endpoint', 'http://127.0.0.1:1']), '');
  });

  it('where the directory is empty', async () => {
    await leaveAll();
    const empty = await startPoolcApi({ apiKey: desk.api.apiKey });
    onTestFinished(() => empty.close());
    expectNothingOffered(
      await desk.preflight(['--leavers', '--poolc-api-endpoint', `${empty.url}/kubernetes/`]),
      'the directory says that there are no members at all',
    );
  });

  it('where it has fewer than MIN_MEMBERS', async () => {
    await leaveAll();
    expectNothingOffered(await desk.preflight(['--leavers', '--min-members', '1000']), 'the directory has');
  });

  it("where it is another's, unless ALLOW_REMOVALS permits that many to have left", async () => {
    await leaveAll();
    // The guard lets the most of three or fewer go.
    await desk.api.addMember({ loginId: 'dora' });
    await sync();
    const other = await startPoolcApi({ apiKey: desk.api.apiKey });
    onTestFinished(() => other.close());
    for (const loginId of ['bob', 'dave']) await other.addMember({ loginId });
    const ours = await list('poolc-users', 'serviceaccounts', '-l', 'app.kubernetes.io/managed-by', '-o', 'name');
    const count = ours.split('\n').length;
    const flags = ['--leavers', '--poolc-api-endpoint', `${other.url}/kubernetes/`];
    const refused = await desk.preflight(flags);
    expectNothingOffered(refused, `${count} of ${count} accounts (100.0%) would be removed`);
    expect(textOf(refused)).toContain(`run this with ALLOW_REMOVALS=${count}`);
    const tooFew = await desk.preflight(flags, { env: { ALLOW_REMOVALS: `${count - 1}` } });
    expect(fixesOf(tooFew)).toEqual([]);
    const allowed = await desk.preflight(flags, { env: { ALLOW_REMOVALS: `${count}` } });
    expect(textOf(allowed)).toContain('bob (');
    expect(commandsIn(allowed)).toContain('kubectl delete namespace/bob-lab');
  });

  it('for a name of which nobody knows whose it was, until it is reserved', async () => {
    await leaveNamespace('lost-lab', { 'poolc.org/owner': 'lost' });
    await desk.kubectl('-n', 'lost-lab', 'delete', 'rolebindings', '--all');
    const report = await leavers();
    expect(commandsIn(report)).toEqual([expect.stringContaining(` reserve lost ${nobody}`)]);
    expect(textOf(report)).toContain(
      'No command is offered: it may be the name of a member; once it is reserved, run this again',
    );
    const down = await desk.preflight(['--leavers', '--poolc-api-endpoint', 'http://127.0.0.1:1']);
    expect(fixesOf(down).filter(({ command }) => destructive.test(command))).toEqual([]);
    await runFix(report, 'keep it from everybody');
    expect(commandsIn(await leavers())).toContain('kubectl delete namespace/lost-lab');
  });

  it('for a member whose account was revoked: only for one who is held out', async () => {
    const { uuid } = await desk.api.addMember({ loginId: 'mia' });
    await sync();
    await leaveNamespace('mia-lab', { 'poolc.org/owner': 'mia' });
    await desk.kubectl('-n', 'mia-lab', 'delete', 'rolebindings', '--all');
    await desk.shell(`${directory()} credentials-updater revoke mia --yes`);
    expect(textOf(await leavers())).toMatch(/^ok: no leaver/);
    const down = await desk.preflight(['--leavers', '--poolc-api-endpoint', 'http://127.0.0.1:1']);
    expect(textOf(down)).toContain(`mia (${uuid}) has no account any more, and has the namespace mia-lab`);
    expect(fixesOf(down)).toEqual([]);
    await desk.shell(`${directory()} credentials-updater revoke ${uuid} --hold --yes`);
    const held = await leavers();
    expect(textOf(held)).toContain(`mia (${uuid}) is held out by an operator, and has the namespace mia-lab`);
    expect(commandsIn(held)).toContain('kubectl delete namespace/mia-lab');
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
      /^warning: no account and no record says who ghost was, but something is bound to that name\. Anyone who gets that name next inherits/,
    );
    const { uuid } = await desk.api.addMember({ loginId: 'ghost' });
    const report = await leavers();
    expect(textOf(report)).toBe(
      `warning: no account and no record says who ghost was, but something is bound to that name. The next sync gives that name to ${uuid}, and with it what is bound to it in old-lab`,
    );
    expect(fixesOf(report)[0]?.command).toContain(` reserve ghost ${nobody}`);
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

it('puts nothing on the terminal that a name could hide, and anyone who may read less learns what', async () => {
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
