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
      /^plain: made LimitRange\/namespace-limits, NetworkPolicy\/namespace-default, ResourceQuota\/namespace-quota, RoleBinding\/namespace-owner$/m,
    );
    expect(await ownerBinding('plain')).toBe('namespace-owner poolc-namespace-owner alice\n');
    await desk.kubectl('-n', 'plain', 'delete', 'networkpolicy/namespace-default');
    expect((await provide()).stdout).not.toContain('plain');
    expect(await desk.kubectl('-n', 'plain', 'get', 'networkpolicies')).toBe('');
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
    expect(stderr).toContain('policies needs one of: adopt, would-refuse, provide');
  });
});
