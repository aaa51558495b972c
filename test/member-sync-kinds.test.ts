/** A club with a list in a file: accounts, and credentials in encrypted files, in Secrets, or nowhere. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { accountsOf } from './accounts.ts';
import type { TestCluster } from './cluster.ts';
import { expectExit } from './command.ts';
import { type Lab, useLab } from './lab.ts';

const run = promisify(execFile);

const secretSchema = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }),
  data: z.record(z.string(), z.string()),
});

async function secretsIn({ cluster }: Lab): Promise<Map<string, z.infer<typeof secretSchema>>> {
  const { body } = await cluster.request('GET', `/api/v1/namespaces/${cluster.systemNamespace}/secrets`);
  const { items } = z
    .object({ items: z.array(secretSchema.and(z.object({ metadata: z.object({ name: z.string() }) }))) })
    .parse(body);
  return new Map(items.map((item) => [item.metadata.name, item]));
}

const kubeconfigSchema = z.object({
  users: z.array(z.object({ user: z.object({ token: z.string() }) })).length(1),
  clusters: z.array(z.object({ cluster: z.object({ server: z.string() }) })).length(1),
});

/** Who the API server takes the bearer of this kubeconfig for. */
async function userOf({ cluster, folder }: Lab, kubeconfig: string): Promise<string> {
  kubeconfigSchema.parse(parse(kubeconfig));
  const file = join(folder, 'member.kubeconfig');
  await writeFile(file, kubeconfig, { mode: 0o600 });
  const { stdout } = await run(cluster.kubectlPath, ['--kubeconfig', file, 'auth', 'whoami', '-o', 'json']);
  return z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) }).parse(JSON.parse(stdout))
    .status.userInfo.username;
}

describe('encrypted files', () => {
  async function useKeys() {
    const folder = await mkdtemp(join(tmpdir(), 'pks-keys-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await run('age-keygen', ['-o', join(folder, 'age.key')]);
    const { stdout: recipient } = await run('age-keygen', ['-y', join(folder, 'age.key')]);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'kim at home', '-f', join(folder, 'ssh.key')]);
    const sshKey = await readFile(join(folder, 'ssh.key.pub'), 'utf8');
    const decrypt = async (file: string, key: 'age.key' | 'ssh.key') =>
      (await run('age', ['--decrypt', '--identity', join(folder, key), file])).stdout;
    return { recipient: recipient.trim(), sshKey: sshKey.trim(), decrypt };
  }

  test('to age and SSH keys; who has none is named and skipped; a leaver loses file and account', async () => {
    const keys = await useKeys();
    const lab = await useLab((folder) => ({ files: { directory: join(folder, 'out') } }));
    await lab.writeMembers(`id,login,keys\n1,kim,${keys.recipient}\n2,lee,${keys.sshKey}\n3,park,\n`);

    const first = await lab.command('sync', '--first-run');
    expectExit(first, 3);
    expect(`${first.stdout}${first.stderr}`).toMatch(/no key for this member/);
    const out = join(lab.folder, 'out');
    expect((await readdir(out)).toSorted()).toEqual(['index.json', 'kim.kubeconfig.age', 'lee.kubeconfig.age']);
    const user = `system:serviceaccount:${lab.cluster.usersNamespace}`;
    expect(await userOf(lab, await keys.decrypt(join(out, 'kim.kubeconfig.age'), 'age.key'))).toBe(`${user}:kim`);
    expect(await userOf(lab, await keys.decrypt(join(out, 'lee.kubeconfig.age'), 'ssh.key'))).toBe(`${user}:lee`);
    expect([...(await accountsOf(lab.cluster)).keys()].toSorted()).toEqual(['kim', 'lee', 'park']);

    await lab.writeMembers(`id,login,keys\n1,kim,${keys.recipient}\n3,park,${keys.recipient}\n`);
    expectExit(await lab.command('sync'), 0);
    expect((await readdir(out)).toSorted()).toEqual(['index.json', 'kim.kubeconfig.age', 'park.kubeconfig.age']);
    expect([...(await accountsOf(lab.cluster)).keys()].toSorted()).toEqual(['kim', 'park']);
  });

  test('without age nothing is changed at all: no account is made whose credential could not be written', async () => {
    const keys = await useKeys();
    const lab = await useLab((folder) => ({ files: { directory: join(folder, 'out') } }));
    await lab.writeMembers(`id,login,keys\n1,kim,${keys.recipient}\n`);
    const result = await lab.commandWith(lab.cluster.kubeconfig, {
      args: ['sync', '--first-run'],
      env: { PATH: dirname(process.execPath) },
    });
    expectExit(result, 1);
    expect(`${result.stdout}${result.stderr}`).toMatch(/the command age, which encrypts the files, is not installed/);
    expect([...(await accountsOf(lab.cluster)).keys()]).toEqual([]);
  });

  test("age gets none of the run's environment but where things are, and half-written files of a killed run go", async () => {
    const keys = await useKeys();
    const lab = await useLab((folder) => ({ files: { directory: join(folder, 'out') } }));
    await lab.writeMembers(`id,login,keys\n1,kim,${keys.recipient}\n`);
    const bin = join(lab.folder, 'bin');
    await mkdir(bin);
    const { stdout: age } = await run('sh', ['-c', 'command -v age']);
    const script = `#!/bin/sh\nenv >> '${join(lab.folder, 'environment')}'\nexec '${age.trim()}' "$@"\n`;
    await writeFile(join(bin, 'age'), script, { mode: 0o755 });
    const out = join(lab.folder, 'out');
    await mkdir(out);
    for (const name of ['kim.kubeconfig.age.0123456789ab.tmp', 'index.json.0123456789ab.tmp', 'mine.tmp'])
      await writeFile(join(out, name), '');
    const PATH = [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
    expectExit(
      await lab.commandWith(lab.cluster.kubeconfig, {
        args: ['sync', '--first-run'],
        env: { PATH, TOKEN_OF_ANOTHER: 'secret' },
      }),
      0,
    );
    const seen = await readFile(join(lab.folder, 'environment'), 'utf8');
    expect(seen).toContain(`PATH=${bin}`);
    expect(seen).not.toMatch(/TOKEN_OF_ANOTHER|KUBECONFIG|POOLC/);
    expect((await readdir(out)).toSorted()).toEqual(['index.json', 'kim.kubeconfig.age', 'mine.tmp']);
  });

  test('who gets no new file still has the old one: status knows when it expires, also where nobody got any', async () => {
    const keys = await useKeys();
    const lab = await useLab((folder) => ({ files: { directory: join(folder, 'out') } }));
    const sync = async (kim: string, lee: string, exitCode: number) => {
      await lab.writeMembers(`id,login,keys\n1,kim,${kim}\n2,lee,${lee}\n`);
      expectExit(await lab.command('sync', '--first-run'), exitCode);
      const { stdout } = await lab.command('status', '--output', 'json');
      return z
        .object({ lastRun: z.object({ earliestExpiry: z.string(), olderExpiry: z.string().optional() }) })
        .parse(JSON.parse(stdout)).lastRun;
    };
    const { earliestExpiry: first } = await sync(keys.recipient, keys.recipient, 0);
    const some = await sync(keys.recipient, '', 3);
    expect(some).toEqual({ earliestExpiry: expect.not.stringMatching(first), olderExpiry: first });
    expect(await sync('', '', 3)).toEqual({ earliestExpiry: first, olderExpiry: first });
    const { stdout } = await lab.command('status', '--output', 'text');
    expect(stdout).toContain(`tokens expire: ${first.slice(0, 16).replace('T', ' ')} UTC`);
    expect((await sync(keys.recipient, keys.recipient, 0)).olderExpiry).toBeUndefined();
  });

  test("a file that isn't the index of an earlier run stops it, and nothing of the folder is touched", async () => {
    const keys = await useKeys();
    const lab = await useLab((folder) => ({ files: { directory: join(folder, 'out') } }));
    await mkdir(join(lab.folder, 'out'));
    await writeFile(join(lab.folder, 'out', 'index.json'), '{"mine": true}');
    await lab.writeMembers(`id,login,keys\n1,kim,${keys.recipient}\n`);
    const result = await lab.command('sync', '--first-run');
    expectExit(result, 1);
    expect(`${result.stdout}${result.stderr}`).toContain('is not the index of an earlier run');
    expect(await readFile(join(lab.folder, 'out', 'index.json'), 'utf8')).toBe('{"mine": true}');
  });

  test.each(['owner', 'server'] as const)("another %s's folder is left as it is", async (what) => {
    const keys = await useKeys();
    const lab = await useLab((folder) => ({ files: { directory: join(folder, 'out') } }));
    await lab.writeMembers(`id,login,keys\n1,kim,${keys.recipient}\n`);
    expectExit(await lab.command('sync', '--first-run'), 0);
    const index = join(lab.folder, 'out', 'index.json');
    const theirs = { ...z.looseObject({}).parse(JSON.parse(await readFile(index, 'utf8'))), [what]: 'theirs' };
    await writeFile(index, JSON.stringify(theirs));
    const kim = await readFile(join(lab.folder, 'out', 'kim.kubeconfig.age'), 'utf8');

    const result = await lab.command('sync');

    expectExit(result, 1);
    expect(`${result.stdout}${result.stderr}`).toContain('choose another folder');
    expect(JSON.parse(await readFile(index, 'utf8'))).toEqual(theirs);
    expect(await readFile(join(lab.folder, 'out', 'kim.kubeconfig.age'), 'utf8')).toBe(kim);
  });
});

describe('Secrets', () => {
  const inSystem = (_: string, { systemNamespace }: TestCluster) => ({ secrets: { namespace: systemNamespace } });

  test('one for each member, with a token that works; it goes with the member', async () => {
    const lab = await useLab(inSystem);
    await lab.writeMembers('id,login\n1,kim\n2,lee\n');
    expectExit(await lab.command('sync', '--first-run'), 0);
    const secrets = await secretsIn(lab);
    expect([...secrets.keys()].toSorted()).toEqual(['credentials-kim', 'credentials-lee']);
    const text = (name: string, key: string) => Buffer.from(secrets.get(name)?.data[key] ?? '', 'base64').toString();
    expect(await userOf(lab, text('credentials-kim', 'kubeconfig'))).toBe(
      `system:serviceaccount:${lab.cluster.usersNamespace}:kim`,
    );
    expect(Date.parse(text('credentials-kim', 'expiration'))).toBeGreaterThan(0);
    expect(secrets.get('credentials-kim')?.metadata.annotations).toMatchObject({
      'credentials-updater.poolc.org/owner': `${lab.cluster.systemNamespace}/lab`,
      'credentials-updater.poolc.org/account-uid': (await accountsOf(lab.cluster)).get('kim')?.uid,
    });

    await lab.writeMembers('id,login\n1,kim\n');
    expectExit(await lab.command('sync'), 0);
    expect([...(await secretsIn(lab)).keys()]).toEqual(['credentials-kim']);
  });

  test('keep the labels and annotations that others put on them', async () => {
    const lab = await useLab(inSystem);
    await lab.writeMembers('id,login\n1,kim\n');
    expectExit(await lab.command('sync', '--first-run'), 0);
    const path = `/api/v1/namespaces/${lab.cluster.systemNamespace}/secrets/credentials-kim`;
    const theirs = { labels: { team: 'web' }, annotations: { 'reflector.v1.k8s.emberstack.com/reflects': 'x/y' } };
    expect((await lab.cluster.request('PATCH', path, { metadata: theirs })).status).toBe(200);
    const before = (await secretsIn(lab)).get('credentials-kim')?.data['token'];
    expectExit(await lab.command('sync'), 0);
    const { body } = await lab.cluster.request('GET', path);
    expect(body).toMatchObject({ metadata: theirs });
    expect(secretSchema.parse(body).data['token']).not.toBe(before);
  });

  test("a Secret of that name that isn't ours is left alone, its member is named, and the others get theirs", async () => {
    const lab = await useLab(inSystem);
    const { request, systemNamespace } = lab.cluster;
    const path = `/api/v1/namespaces/${systemNamespace}/secrets`;
    const labels = { 'app.kubernetes.io/managed-by': 'credentials-updater' };
    await request('POST', path, { metadata: { name: 'credentials-kim', labels }, stringData: { mine: 'yes' } });
    await lab.writeMembers('id,login\n1,kim\n2,lee\n');
    const result = await lab.command('sync', '--first-run');
    expectExit(result, 3);
    expect(`${result.stdout}${result.stderr}`).toContain('that is not ours; it was left alone');
    const secrets = await secretsIn(lab);
    expect(Object.keys(secrets.get('credentials-kim')?.data ?? {})).toEqual(['mine']);
    expect(secrets.has('credentials-lee')).toBe(true);
  });
});

test('delivered nowhere: accounts alone, and no token is asked for', async () => {
  const lab = await useLab(() => ({ none: {} }));
  await lab.writeMembers('id,login\n1,kim\n');
  expectExit(await lab.command('sync', '--first-run'), 0);
  expect([...(await accountsOf(lab.cluster)).keys()]).toEqual(['kim']);
  expectExit(await lab.command('plan', '--detailed-exitcode'), 0);
});

const workspaceSchema = z.object({
  metadata: z.object({ uid: z.string(), resourceVersion: z.string() }),
  roleRef: z.object({ name: z.string() }).optional(),
  subjects: z.array(z.object({ name: z.string(), namespace: z.string() })).optional(),
  spec: z.object({ hard: z.record(z.string(), z.string()).optional() }).optional(),
});

describe('workspaces', () => {
  const binding = (namespace: string) =>
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings/credentials-updater`;
  const quota = (namespace: string) => `/api/v1/namespaces/${namespace}/resourcequotas/credentials-updater`;

  /** Namespaces are the whole cluster's, so that each lab has its own suffix. */
  async function useWorkspaces() {
    const template = ({ usersNamespace }: TestCluster) => `{account}--${usersNamespace}`;
    const lab = await useLab(
      (_, { systemNamespace }) => ({ secrets: { namespace: systemNamespace } }),
      (cluster) => ({
        workspace: {
          namespace: template(cluster),
          clusterRole: 'edit',
          quota: { pods: 20, 'limits.memory': '1024Mi' },
        },
      }),
    );
    const { request } = lab.cluster;
    const get = async (path: string) => {
      const { status, body } = await request('GET', path);
      return status === 200 ? workspaceSchema.parse(body) : undefined;
    };
    return { ...lab, get, nameOf: (account: string) => template(lab.cluster).replace('{account}', account) };
  }

  test('each member has a namespace, rights in it and a quota; drift is put right; a leaver keeps the namespace alone', async () => {
    const lab = await useWorkspaces();
    const { request, usersNamespace } = lab.cluster;
    await lab.writeMembers('id,login\n1,kim\n2,lee\n');
    expectExit(await lab.command('sync', '--first-run'), 0);
    const [kim, lee] = [lab.nameOf('kim'), lab.nameOf('lee')];
    expect(await lab.get(binding(kim))).toMatchObject({
      roleRef: { name: 'edit' },
      subjects: [{ name: 'kim', namespace: usersNamespace }],
    });
    expect((await lab.get(quota(kim)))?.spec?.hard).toEqual({ pods: '20', 'limits.memory': '1Gi' });

    const before = await Promise.all([binding(kim), quota(kim), binding(lee), quota(lee)].map(lab.get));
    expectExit(await lab.command('sync'), 0);
    expect(await Promise.all([binding(kim), quota(kim), binding(lee), quota(lee)].map(lab.get))).toEqual(before);

    await request('PATCH', quota(kim), { spec: { hard: { pods: '500' } } });
    await request('PATCH', binding(kim), { subjects: [] });
    await lab.writeMembers('id,login\n1,kim\n');
    expectExit(await lab.command('sync'), 0);
    expect((await lab.get(quota(kim)))?.spec?.hard).toMatchObject({ pods: '20' });
    expect((await lab.get(binding(kim)))?.subjects).toMatchObject([{ name: 'kim' }]);
    expect(await lab.get(binding(lee))).toBeUndefined();
    const left = await lab.get(`/api/v1/namespaces/${lee}`);
    expect(left?.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);

    await lab.writeMembers('id,login\n1,kim\n2,lee\n');
    expectExit(await lab.command('sync'), 0);
    expect((await lab.get(binding(lee)))?.subjects).toMatchObject([{ name: 'lee' }]);
    expect((await lab.get(`/api/v1/namespaces/${lee}`))?.metadata.uid).toBe(left?.metadata.uid);
  });

  test('another template gives another namespace, and takes the rights in the old one; plan shows it before', async () => {
    const lab = await useWorkspaces();
    await lab.writeMembers('id,login\n1,kim\n2,lee\n');
    const first = await lab.command('plan', '--first-run', '--output', 'text');
    const [old, lees] = [lab.nameOf('kim'), lab.nameOf('lee')];
    expect(first.stdout).toContain(`+ the namespace ${old}  kim`);
    expect(first.stdout).toContain(`+ the RoleBinding ${lees}/credentials-updater  lee`);
    expectExit(await lab.command('sync', '--first-run'), 0);
    expectExit(await lab.command('plan', '--detailed-exitcode'), 0);

    const name = `${old}-new`;
    const workspace = { namespace: `{account}--${lab.cluster.usersNamespace}-new`, clusterRole: 'edit' };
    await lab.setSpec({ workspace });
    await lab.writeMembers('id,login\n1,kim\n');
    const planned = await lab.command('plan', '--output', 'text', '--detailed-exitcode');
    expectExit(planned, 10);
    expect(planned.stdout).toContain(`+ the namespace ${name}  kim`);
    expect(planned.stdout).toContain(`- the RoleBinding ${old}/credentials-updater  kim: of an earlier spec.workspace`);
    expect(planned.stdout).toContain(`- the RoleBinding ${lees}/credentials-updater  of a leaver`);
    expectExit(await lab.command('sync'), 0);
    expect(await lab.get(binding(old))).toBeUndefined();
    expect((await lab.get(binding(name)))?.subjects).toMatchObject([{ name: 'kim' }]);
    expect((await lab.get(`/api/v1/namespaces/${old}`))?.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expectExit(await lab.command('plan', '--detailed-exitcode'), 0);
  });

  test("what isn't ours is never changed: that member is named, and has a token all the same", async () => {
    const lab = await useWorkspaces();
    const { request } = lab.cluster;
    const [kim, lee] = [lab.nameOf('kim'), lab.nameOf('lee')];
    const labels = { 'app.kubernetes.io/managed-by': 'credentials-updater' };
    await request('POST', '/api/v1/namespaces', { metadata: { name: kim, labels } });
    const before = await lab.get(`/api/v1/namespaces/${kim}`);
    await lab.writeMembers('id,login\n1,kim\n2,lee\n');
    const result = await lab.command('sync', '--first-run');
    expectExit(result, 3);
    expect(`${result.stdout}${result.stderr}`).toMatch(/kim has no complete workspace: there is already a namespace/);
    expect(await lab.get(`/api/v1/namespaces/${kim}`)).toEqual(before);
    expect(await lab.get(binding(kim))).toBeUndefined();
    expect((await lab.get(binding(lee)))?.subjects).toMatchObject([{ name: 'lee' }]);
    expect([...(await secretsIn(lab)).keys()].toSorted()).toEqual(['credentials-kim', 'credentials-lee']);

    // Another's RoleBinding, in a namespace that is ours.
    await request('PATCH', binding(lee), {
      metadata: { labels: { 'app.kubernetes.io/managed-by': 'helm' } },
      subjects: [],
    });
    const foreign = await lab.get(binding(lee));
    expectExit(await lab.command('sync'), 3);
    expect(await lab.get(binding(lee))).toEqual(foreign);
  });
});

test('leavers that are only reported keep account and Secret, with a warning; a hold removes all the same', async () => {
  const lab = await useLab(
    (_, { systemNamespace }) => ({ secrets: { namespace: systemNamespace } }),
    () => ({ removalPolicy: 'Report' }),
  );
  await lab.writeMembers('id,login\n1,kim\n2,lee\n3,park\n');
  expectExit(await lab.command('sync', '--first-run'), 0);
  const before = await accountsOf(lab.cluster);
  const expirationOf = async (name: string) => (await secretsIn(lab)).get(`credentials-${name}`)?.data['expiration'];
  const tokenOfLee = await expirationOf('lee');

  await lab.writeMembers('id,login\n1,kim\n3,park\n');
  const result = await lab.command('sync');
  expectExit(result, 0);
  expect(`${result.stdout}${result.stderr}`).toMatch(/lee: no longer in the directory, but removalPolicy is Report/);
  expect(await accountsOf(lab.cluster)).toEqual(before);
  expect(await expirationOf('lee')).toBe(tokenOfLee);
  expectExit(await lab.command('plan', '--detailed-exitcode'), 0);

  expectExit(await lab.command('revoke', 'park', '--hold', '--yes'), 0);
  expectExit(await lab.command('sync'), 0);
  expect([...(await accountsOf(lab.cluster)).keys()].toSorted()).toEqual(['kim', 'lee']);
  expect([...(await secretsIn(lab)).keys()].toSorted()).toEqual(['credentials-kim', 'credentials-lee']);
});

test('a list that can not be read changes nothing, and the settings of another directory are refused', async () => {
  const lab = await useLab(() => ({ none: {} }));
  await lab.writeMembers('id,login\n1,kim\n');
  expectExit(await lab.command('sync', '--first-run'), 0);
  const before = await accountsOf(lab.cluster);
  await lab.writeMembers('id,login\n1,kim\n1,lee\n');
  const result = await lab.command('sync');
  expectExit(result, 1);
  expect(`${result.stdout}${result.stderr}`).toContain('line 2 and line 3 have the same id 1');
  expect(await accountsOf(lab.cluster)).toEqual(before);
});
