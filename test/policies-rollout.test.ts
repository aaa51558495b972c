/** `policies adopt` and `policies provide` where namespaces change under them, on a control plane of their own. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Desk, deskTimeoutMs, openDesk, openWire } from './preflight/desk.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
}, deskTimeoutMs);
afterAll(() => desk.close());

const contents = 'deploy/policies/namespace-contents';
const rbac = (namespace: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`;

async function create(path: string, object: object): Promise<void> {
  const { status, body } = await desk.cluster.request('POST', path, object);
  if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
}

const createNamespace = (name: string, labels: Record<string, string> = { 'poolc.org/owner': 'alice' }) =>
  create('/api/v1/namespaces', { metadata: { name, labels } });

const createBinding = (namespace: string, role: string, account: string, metadata: object = {}) =>
  create(rbac(namespace), {
    metadata: { name: 'namespace-owner', ...metadata },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: 'poolc-users' }],
  });

/** It stays as it is while it is being deleted: there is no controller here that would empty it. */
const beginDeletion = (name: string) => desk.kubectl('delete', 'namespace', name, '--wait=false');

async function makeAnew(name: string, labels: Record<string, string>): Promise<void> {
  await beginDeletion(name);
  const path = `/api/v1/namespaces/${name}`;
  await desk.cluster.request('PUT', `${path}/finalize`, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
    spec: { finalizers: [] },
  });
  await createNamespace(name, labels);
}

const ownerBinding = (namespace: string) =>
  desk.kubectl(
    '-n',
    namespace,
    'get',
    'rolebindings',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name} {.roleRef.name} {.subjects[*].name}{"\\n"}{end}',
  );

const provide = (env: Readonly<Record<string, string>> = {}) =>
  desk.command(['policies', 'provide', '--output', 'text', '--contents', join(desk.directory, contents)], { env });

describe('policies provide', () => {
  it('gives a namespace all of it once, and then leaves it as its owner and operators have it', async () => {
    await createNamespace('plain');
    const first = await provide();
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toMatch(
      /^plain: made LimitRange\/namespace-limits, NetworkPolicy\/namespace-default, ResourceQuota\/namespace-quota, ResourceQuota\/namespace-store, RoleBinding\/namespace-owner$/m,
    );
    expect(await ownerBinding('plain')).toBe('namespace-owner poolc-namespace-owner alice\n');
    await desk.kubectl('-n', 'plain', 'delete', 'networkpolicy/namespace-default');
    expect((await provide()).stdout).toMatch(
      /^plain: has no NetworkPolicy\/namespace-default, which its owner may have deleted$/m,
    );
    expect(await desk.kubectl('-n', 'plain', 'get', 'networkpolicies')).toBe('');
  });

  // Kyverno 1.15 forgets an object whose creation failed once, so that the RoleBinding says nothing of the rest.
  it('makes a quota and limits that are missing beside a right RoleBinding, and writes over none', async () => {
    await createNamespace('forgotten');
    await createBinding('forgotten', 'poolc-namespace-owner', 'alice');
    await desk.kubectl('-n', 'forgotten', 'create', 'quota', 'namespace-quota', '--hard=pods=99');
    const binding = ['-n', 'forgotten', 'get', 'rolebinding/namespace-owner', '-o', 'jsonpath={.metadata.uid}'];
    const uid = await desk.kubectl(...binding);
    const again = await provide();
    expect(again).toMatchObject({ exitCode: 0, stderr: '' });
    expect(again.stdout).toMatch(
      /^forgotten: made LimitRange\/namespace-limits, ResourceQuota\/namespace-store; has no NetworkPolicy\/namespace-default, which its owner may have deleted$/m,
    );
    expect(await desk.kubectl(...binding)).toBe(uid);
    expect(await desk.kubectl('-n', 'forgotten', 'get', 'limits,quota', '-o', 'name')).toBe(
      'limitrange/namespace-limits\nresourcequota/namespace-quota\nresourcequota/namespace-store\n',
    );
    const pods = ['get', 'quota/namespace-quota', '-o', 'jsonpath={.spec.hard.pods}'];
    expect(await desk.kubectl('-n', 'forgotten', ...pods)).toBe('99');
    expect((await provide()).stdout).not.toMatch(/^forgotten: made/m);
  });

  it('takes a RoleBinding that Kyverno makes at the same moment for its own', async () => {
    await createNamespace('raced');
    await using wire = await openWire(desk);
    const { promise, resolve } = Promise.withResolvers<void>();
    const rule = wire.proxy.addFault(
      { method: 'POST', path: /raced\/rolebindings$/ },
      { kind: 'hold', until: promise, answered: false },
    );
    const running = provide(wire.env);
    await rule.hit;
    rule.remove();
    await createBinding('raced', 'poolc-namespace-owner', 'alice');
    resolve();
    const { exitCode, stdout } = await running;
    expect(stdout).toMatch(/^raced: made LimitRange\/namespace-limits, .*ResourceQuota\/namespace-store$/m);
    expect(exitCode).toBe(0);
  });

  it('puts a wrong RoleBinding right, and writes over no quota', async () => {
    await createNamespace('handed-over', { 'poolc.org/owner': 'bob' });
    await createBinding('handed-over', 'poolc-namespace-owner', 'alice');
    await desk.kubectl('-n', 'handed-over', 'create', 'quota', 'namespace-quota', '--hard=pods=99');
    await createNamespace('weak');
    await createBinding('weak', 'view', 'alice');
    expect((await provide()).exitCode).toBe(0);
    expect(await ownerBinding('handed-over')).toBe('namespace-owner poolc-namespace-owner bob\n');
    expect(await ownerBinding('weak')).toBe('namespace-owner poolc-namespace-owner alice\n');
    const pods = ['get', 'quota/namespace-quota', '-o', 'jsonpath={.spec.hard.pods}'];
    expect(await desk.kubectl('-n', 'handed-over', ...pods)).toBe('99');
  });

  it('is stopped by no namespace: not by one that is being deleted, is trusted, or fails', async () => {
    await createNamespace('a-going');
    await beginDeletion('a-going');
    await createNamespace('a-stuck');
    // It can't be replaced while something holds it.
    await createBinding('a-stuck', 'view', 'alice', { finalizers: ['example.org/stuck'] });
    await createNamespace('a-nobody', { 'poolc.org/owner': 'No_Account' });
    await createNamespace('a-empty', { 'poolc.org/owner': '' });
    await createNamespace('kube-taken');
    await createNamespace('z-last');
    const { exitCode, stdout } = await provide();
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^a-going: left alone: it is being deleted$/m);
    expect(stdout).toMatch(/^a-stuck: .*failed: RoleBinding\/namespace-owner was made by somebody else meanwhile/m);
    expect(stdout).toMatch(/^a-nobody: left alone: its owner label, No_Account, is no name of a ServiceAccount$/m);
    expect(stdout).toMatch(/^a-empty: left alone: its owner label, empty, is no name/m);
    expect(stdout).toMatch(/^kube-taken: left alone: its name is one of the cluster's own/m);
    expect(stdout).toMatch(/, 1 failed\.$/m);
    expect(await ownerBinding('z-last')).toBe('namespace-owner poolc-namespace-owner alice\n');
    expect(await ownerBinding('kube-taken')).toBe('');
    await desk.kubectl(
      '-n',
      'a-stuck',
      'patch',
      'rolebinding/namespace-owner',
      '-p',
      '{"metadata":{"finalizers":null}}',
    );
    expect((await provide()).exitCode).toBe(0);
    expect(await ownerBinding('a-stuck')).toBe('namespace-owner poolc-namespace-owner alice\n');
  });

  // Nothing empties a namespace here, so each has a name of its own.
  it.each([
    {
      when: 'after it was listed',
      name: 'looked-at',
      method: 'GET',
      path: /looked-at\/rolebindings\/namespace-owner$/,
    },
    { when: 'at the moment of the write', name: 'written', method: 'POST', path: /written\/rolebindings$/ },
  ])("gives a namespace that was made anew $when nothing of its former owner's", async ({ name, method, path }) => {
    await createNamespace(name);
    await using wire = await openWire(desk);
    const { promise, resolve } = Promise.withResolvers<void>();
    const rule = wire.proxy.addFault({ method, path }, { kind: 'hold', until: promise, answered: false });
    const running = provide(wire.env);
    await rule.hit;
    rule.remove();
    await makeAnew(name, { 'poolc.org/owner': 'bob' });
    resolve();
    const { exitCode, stdout } = await running;
    expect(stdout).toMatch(new RegExp(`^${name}: .*failed: it was deleted and made anew meanwhile: `, 'm'));
    expect(exitCode).toBe(1);
    expect(await ownerBinding(name)).toBe('');
    expect((await provide()).exitCode).toBe(0);
    expect(await ownerBinding(name)).toBe('namespace-owner poolc-namespace-owner bob\n');
  });

  it('says which folder is missing', async () => {
    const { exitCode, stderr } = await desk.command(['policies', 'provide']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`there is no folder ${contents}`);
    expect(stderr).toContain('--contents');
  });
});

describe('policies adopt', () => {
  it('labels no namespace that was made anew since it was looked at', async () => {
    await createNamespace('early', {});
    await createBinding('early', 'admin', 'alice');
    await using wire = await openWire(desk);
    const { promise, resolve } = Promise.withResolvers<void>();
    const rule = wire.proxy.addFault(
      { method: 'PATCH', path: /namespaces\/early$/ },
      { kind: 'hold', until: promise, answered: false },
    );
    const running = desk.command(['policies', 'adopt', '--yes', '--output', 'text'], { env: wire.env });
    await rule.hit;
    rule.remove();
    await makeAnew('early', {});
    resolve();
    const { exitCode, stdout } = await running;
    expect(stdout).toMatch(/^early: not labelled: it changed at this moment: run this again$/m);
    expect(exitCode).toBe(1);
    expect(await desk.kubectl('get', 'namespace/early', '-o', 'jsonpath={.metadata.labels}')).not.toContain('owner');
  });

  it('needs one of its steps, and names them', async () => {
    const { exitCode, stderr } = await desk.command(['policies']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('policies needs one of: adopt, would-refuse, provide, grant');
  });
});

describe('policies grant', () => {
  const grant = (namespace: string, account: string, env: Readonly<Record<string, string>> = {}) =>
    desk.command(['policies', 'grant', namespace, '--to', account, '--output', 'text'], { env });
  const createMember = (name: string, number: number) =>
    create('/api/v1/namespaces/poolc-users/serviceaccounts', {
      metadata: {
        name,
        labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
        annotations: { 'credentials-updater/user-uuid': `00000000-0000-4000-8000-00000000000${number}` },
      },
    });
  const labelsOf = (namespace: string) =>
    desk.kubectl('get', 'namespace', namespace, '--ignore-not-found', '-o', 'jsonpath={.metadata.labels}');

  beforeAll(async () => {
    await createNamespace('poolc-users', {});
    for (const [index, name] of ['kim', 'kim.lee', 'min-jun'].entries()) await createMember(name, index + 1);
    await create('/api/v1/namespaces/poolc-users/serviceaccounts', { metadata: { name: 'default' } });
  });

  it('makes a namespace that is its owner’s and enforces Pod Security, and does nothing the second time', async () => {
    expect(await grant('club-site', 'kim.lee')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^club-site is kim\.lee's\. /),
    });
    const labels = await labelsOf('club-site');
    expect(labels).toContain('"poolc.org/owner":"kim.lee"');
    expect(labels).toContain('"pod-security.kubernetes.io/enforce":"baseline"');
    expect(await grant('club-site', 'kim.lee')).toMatchObject({
      exitCode: 0,
      stdout: "club-site is kim.lee's already.\n",
    });
  });

  it.each([
    ['club-site', 'kim', /club-site can't be given to kim: it is kim\.lee's/],
    ['min-jun', 'kim', /it is the name of another account, min-jun/],
    ['min-jun--lab', 'kim', /names that begin with min-jun-- are the account min-jun's/],
    ['kim--lab', 'kim.lee', /names that begin with kim-- are the account kim's/],
    ['kube-extra', 'kim', /one of the cluster's own/],
    ['monitoring', 'kim', /one of the cluster's own/],
    ['poolc-users', 'kim', /one of the cluster's own/],
    ['default', 'kim', /one of the cluster's own/],
    ['Kim', 'kim', /no name of a namespace/],
    ['kim.lee', 'kim.lee', /no name of a namespace/],
    ['--all', 'kim', /no name of a namespace|unknown option/],
    ['other-site', 'nobody', /there is no member with the ServiceAccount nobody in poolc-users/],
    ['other-site', 'default', /there is no member with the ServiceAccount default in poolc-users/],
  ])('refuses %s for %s', async (namespace, account, why) => {
    const { exitCode, stderr } = await grant(namespace, account);
    expect(stderr).toMatch(why);
    expect(exitCode).toBe(2);
  });

  it('gives no name that something still trusts, and says what does', async () => {
    const subjects = ['--serviceaccount=vault:server', '--user=system:serviceaccount:vault:agent'];
    await desk.kubectl('create', 'clusterrolebinding', 'vault;reboot', '--clusterrole=view', subjects[0] ?? '');
    await desk.kubectl('-n', 'club-site', 'create', 'rolebinding', 'agent', '--clusterrole=view', subjects[1] ?? '');
    const { exitCode, stdout } = await grant('vault', 'kim');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^Nothing was made: 2 bindings name ServiceAccounts of vault/);
    expect(stdout).toMatch(/edit 'clusterrolebinding\/vault;reboot'$/m);
    expect(stdout).toMatch(/-n club-site edit rolebinding\/agent$/m);
    expect(await labelsOf('vault')).toBe('');
    await desk.kubectl('delete', 'clusterrolebinding/vault;reboot');
    await desk.kubectl('-n', 'club-site', 'delete', 'rolebinding/agent');
    expect((await grant('vault', 'kim')).exitCode).toBe(0);
  });

  it('is an administrator’s: a ServiceAccount that may do everything, the updater’s own too, gives nothing', async () => {
    await desk.kubectl('apply', '-k', join(desk.directory, 'deploy/policies/builtin'));
    await createNamespace('poolc-system', {});
    await create('/api/v1/namespaces/poolc-system/serviceaccounts', { metadata: { name: 'credentials-updater' } });
    const user = '--serviceaccount=poolc-system:credentials-updater';
    await desk.kubectl('create', 'clusterrolebinding', 'updater', '--clusterrole=cluster-admin', user);
    const token = await desk.kubectl('-n', 'poolc-system', 'create', 'token', 'credentials-updater');
    const kubeconfig = await desk.cluster.kubeconfigFor({ token: token.trim() });
    let tries = 0;
    const attempt = async () => {
      tries += 1;
      return (await grant(`gift-${tries}`, 'kim', { KUBECONFIG: kubeconfig })).stderr;
    };
    // The policy comes into force a moment later.
    await expect
      .poll(attempt, { timeout: 60_000, interval: 1000 })
      .toMatch(/Only an administrator, no ServiceAccount, sets, changes or removes the label poolc.org\/owner/);
  });
});
