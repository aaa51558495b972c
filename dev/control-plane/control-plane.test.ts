import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { type ClusterAccess, type ControlPlane, connectCluster, startControlPlane } from './index.ts';
import { processesMentioning } from './testing.ts';

const DAY_S = 86_400;
const tokenRequestSchema = z.object({ status: z.object({ token: z.string(), expirationTimestamp: z.iso.datetime() }) });

describe('a control plane', () => {
  let controlPlane: ControlPlane;
  beforeAll(async () => {
    controlPlane = await startControlPlane({ auditRules: [{ level: 'RequestResponse' }] });
  });
  afterAll(() => controlPlane.stop());

  it('is the real thing, of the pinned version', async () => {
    const { stdout, exitCode } = await controlPlane.kubectl(['get', '--raw', '/version']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ gitVersion: expect.stringMatching(/^v1\.36\.\d+$/), minor: '36' });
    expect(existsSync(controlPlane.programPath('etcd'))).toBe(true);
    expect(() => controlPlane.programPath('kubelet')).toThrow('kubelet is not among the programs asked for');
  });

  it('knows whom a kubeconfig was made for, and grants them nothing of its own accord', async () => {
    const kubeconfig = await controlPlane.kubeconfigFor({ user: 'carol', groups: ['club', 'staff'] });
    const whoami = await controlPlane.kubectl(['auth', 'whoami', '-o', 'json'], { kubeconfig });
    expect(JSON.parse(whoami.stdout)).toMatchObject({
      status: { userInfo: { username: 'carol', groups: ['club', 'staff', 'system:authenticated'] } },
    });
    const refused = await controlPlane.kubectl(['get', 'namespaces'], { kubeconfig });
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toContain('Error from server (Forbidden)');
  });

  it('makes a kubeconfig for a token', async () => {
    const token = await requestToken(controlPlane, 'dora');
    const kubeconfig = await controlPlane.kubeconfigFor({ token });
    const { stdout } = await controlPlane.kubectl(['auth', 'whoami', '-o', 'json'], { kubeconfig });
    expect(JSON.parse(stdout)).toMatchObject({
      status: { userInfo: { username: 'system:serviceaccount:default:dora' } },
    });
  });

  it('hands kubectl its standard input, and leaves no cache at home', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'from-input' } };
    const applied = await controlPlane.kubectl(['create', '-f', '-'], { input: JSON.stringify(namespace) });
    expect(applied.stdout).toBe('namespace/from-input created\n');
    expect(existsSync(join(controlPlane.directory, 'kubectl-cache'))).toBe(true);
  });

  it('grants a token a week at most, and says so in a warning', async () => {
    await createServiceAccount(controlPlane, 'erin');
    const asked = Date.now();
    const { status, headers, body } = await controlPlane.request(
      'POST',
      '/api/v1/namespaces/default/serviceaccounts/erin/token',
      { spec: { expirationSeconds: 10 * DAY_S } },
    );
    expect(status).toBe(201);
    expect(headers['warning']).toContain('requested expiration of 864000 seconds shortened to 604800 seconds');
    const granted = Date.parse(tokenRequestSchema.parse(body).status.expirationTimestamp) - asked;
    expect(Math.round(granted / 1000 / DAY_S)).toBe(7);
  });

  it('logs what was done, but never the body of a request for a credential', async () => {
    const token = await requestToken(controlPlane, 'fay');
    const log = await readFile(controlPlane.auditLog, 'utf8');
    expect(log).not.toContain(token);
    const events = log.trim().split('\n').map(parseAuditEvent);
    const tokenEvents = events.filter(({ objectRef }) => objectRef?.subresource === 'token');
    expect(tokenEvents.length).toBeGreaterThan(0);
    expect(tokenEvents.filter(({ responseObject, requestObject }) => responseObject ?? requestObject)).toEqual([]);
    // Elsewhere the test's own rule asks for bodies.
    expect(events.some(({ objectRef, responseObject }) => objectRef?.name === 'fay' && responseObject)).toBe(true);
  });

  it('comes back at the same address, with its data, after a crash of the API server', async () => {
    await createServiceAccount(controlPlane, 'gina');
    await controlPlane.stopApiServer({ abruptly: true });
    const refused = await controlPlane.kubectl(['get', 'serviceaccount', 'gina']);
    expect(refused.stderr).toContain('was refused');
    await controlPlane.startApiServer();
    expect((await controlPlane.kubectl(['get', 'serviceaccount', 'gina'])).exitCode).toBe(0);
  });

  it('hangs while etcd is frozen, and goes on when it is not', async () => {
    controlPlane.pauseEtcd();
    let answered = false;
    const creation = createServiceAccount(controlPlane, 'hana').then(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(answered).toBe(false);
    controlPlane.resumeEtcd();
    await creation;
  });

  it('keeps its data when etcd is stopped and started', async () => {
    await createServiceAccount(controlPlane, 'iris');
    await controlPlane.stopEtcd();
    await controlPlane.startEtcd();
    await expect.poll(() => statusOf(controlPlane, 'iris'), { timeout: 30_000 }).toBe(200);
  });

  it('accepts tokens of the key before, until it is told not to', async () => {
    const old = await requestToken(controlPlane, 'jane');
    await controlPlane.rotateSigningKey();
    const current = await requestToken(controlPlane, 'jane');
    expect(keyOf(current)).not.toBe(keyOf(old));
    expect(await whoHas(controlPlane, old)).toBe('system:serviceaccount:default:jane');
    expect(await whoHas(controlPlane, current)).toBe('system:serviceaccount:default:jane');

    await controlPlane.rotateSigningKey({ acceptOld: false });
    const newest = await requestToken(controlPlane, 'jane');
    expect(await whoHas(controlPlane, newest)).toBe('system:serviceaccount:default:jane');
    expect(await whoHas(controlPlane, current)).toBe('Unauthorized');
  });

  it('can be reached from another process', async () => {
    const data: typeof controlPlane.connection = structuredClone(controlPlane.connection);
    const cluster = await connectCluster(data);
    expect(cluster.certificateAuthority).toBe(controlPlane.certificateAuthority);
    const kubeconfig = await cluster.kubeconfigFor({ user: 'kim' });
    const { stdout } = await cluster.kubectl(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
      kubeconfig,
    });
    expect(stdout).toBe('kim');
  });
});

describe('several control planes', () => {
  it('run side by side, know nothing of each other, and leave nothing behind', async () => {
    const [one, other] = await Promise.all([startControlPlane(), startControlPlane()]);
    onTestFinished(async () => void (await Promise.all([one.stop(), other.stop()])));
    expect(one.server).not.toBe(other.server);
    await createServiceAccount(one, 'only-here');
    expect(await statusOf(one, 'only-here')).toBe(200);
    expect(await statusOf(other, 'only-here')).toBe(404);
    const strange = await other.kubectl(['get', 'namespaces', '--server', one.server]);
    expect(strange.stderr).toContain('certificate signed by unknown authority');

    await one.stop();
    expect(await processesMentioning(one.directory)).toEqual([]);
    expect(existsSync(one.directory)).toBe(false);
    expect(await statusOf(other, 'only-here')).toBe(404);
    await one.stop();
  });
});

describe('a control plane with options', () => {
  it('runs the controllers, is advertised to pods, takes flags, and keeps its directory', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'pks-test-'));
    onTestFinished(() => rm(parent, { recursive: true, force: true }));
    const directory = join(parent, 'kept');
    const lines: string[] = [];
    const advertiseAddress = '192.0.2.10';
    const controlPlane = await startControlPlane({
      controllerManager: true,
      apiServerArgs: { 'service-account-max-token-expiration': '1h' },
      advertiseAddress,
      directory,
      onProgress: (line) => lines.push(line),
    });
    onTestFinished(() => controlPlane.stop());

    expect(lines).toContainEqual(expect.stringMatching(/^kube-controller-manager: ready on port \d+ \(\d/));
    expect(await statusOf(controlPlane, 'default')).toBe(200);
    const endpoints = await controlPlane.kubectl([
      'get',
      'endpointslices',
      'kubernetes',
      '-o',
      'jsonpath={..addresses}',
    ]);
    expect(endpoints.stdout).toBe(JSON.stringify([advertiseAddress]));
    const { headers } = await controlPlane.request('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
      spec: { expirationSeconds: DAY_S },
    });
    expect(headers['warning']).toContain('shortened to 3600 seconds');

    await controlPlane.stop();
    expect(await readdir(directory)).toEqual(
      expect.arrayContaining(['audit.log', 'etcd', 'kube-apiserver.log', 'pki']),
    );
    await expect(startControlPlane({ directory })).rejects.toThrow(`${directory} is not empty`);
  });

  it('shows the API server’s own words when a flag of it is wrong, and leaves nothing behind', async () => {
    const lines: string[] = [];
    const start = startControlPlane({ apiServerArgs: { nonsense: 'yes' }, onProgress: (line) => lines.push(line) });
    await expect(start).rejects.toThrow('unknown flag: --nonsense');
    expect(lines).toContainEqual(expect.stringMatching(/^etcd: ready/));
    expect(await processesMentioning('--nonsense')).toEqual([]);
  });
});

const auditEventSchema = z.object({
  objectRef: z.object({ name: z.string().optional(), subresource: z.string().optional() }).optional(),
  requestObject: z.unknown().optional(),
  responseObject: z.unknown().optional(),
});

function parseAuditEvent(line: string): z.infer<typeof auditEventSchema> {
  return auditEventSchema.parse(JSON.parse(line));
}

async function createServiceAccount({ request }: ClusterAccess, name: string): Promise<void> {
  const { status } = await request('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name } });
  expect([201, 409]).toContain(status);
}

async function requestToken(cluster: ClusterAccess, name: string): Promise<string> {
  await createServiceAccount(cluster, name);
  const { body } = await cluster.request('POST', `/api/v1/namespaces/default/serviceaccounts/${name}/token`, {
    spec: {},
  });
  return tokenRequestSchema.parse(body).status.token;
}

async function statusOf({ request }: ClusterAccess, serviceAccount: string): Promise<number> {
  return (await request('GET', `/api/v1/namespaces/default/serviceaccounts/${serviceAccount}`)).status;
}

/** The user name of a token's holder, or what the API server says instead. */
async function whoHas(cluster: ClusterAccess, token: string): Promise<string> {
  const kubeconfig = await cluster.kubeconfigFor({ token });
  const { stdout, stderr } = await cluster.kubectl(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
    kubeconfig,
  });
  return stderr.includes('Unauthorized') ? 'Unauthorized' : stdout;
}

/** The id of the key that signed a token. */
function keyOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
}
