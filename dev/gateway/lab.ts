/**
 * A cluster with a gateway, for tests and the demo: a control plane of its own, deploy/gateway's rights and policy, members,
 * and a login provider.
 */
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { createCertificateAuthority } from '../control-plane/certificates.ts';
import { freePort } from '../control-plane/daemon.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/index.ts';
import { type OidcProvider, startOidcProvider } from '../oidc-provider/oidc-provider.ts';

export const usersNamespace = 'poolc-users';
export const systemNamespace = 'poolc-system';

export interface GatewayLab extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly provider: OidcProvider;
  readonly origin: string;
  /** PEM: of the gateway's certificate and the provider's. */
  readonly authority: string;
  /** Makes a member's account. @returns its UID, and the member's id */
  addMember(name: string): Promise<{ readonly uid: string; readonly memberId: string }>;
  removeMember(name: string): Promise<void>;
  /** What the provider says of somebody who types this login; `sub` is what they type. */
  setPerson(login: string, claims: Readonly<Record<string, unknown>>): void;
  startGateway(options?: GatewayProcessOptions): Promise<GatewayProcess>;
  /** A kubeconfig with the gateway's own rights. */
  gatewayKubeconfig(): Promise<string>;
  /** Puts another certificate where the gateway's is, as cert-manager would, or only half of it. */
  replaceCertificate(parts?: readonly ('certificate' | 'key')[]): Promise<void>;
  /** Sends a body as it is to the gateway, as JSON. */
  send(path: string, body: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Sends JSON to the gateway. */
  post(path: string, body: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
}

export interface GatewayProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Waits until it serves; else until it has ended. */
  readonly expectEnd?: boolean;
}

export interface GatewayProcess {
  /** What it has written so far, to both. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
}

export interface LabOptions {
  /** What Node runs as `credentials-updater`. */
  readonly program: string;
  readonly onProgress?: (line: string) => void;
  /** Without it, the gateway has its rights and nothing holds it. */
  readonly withPolicy?: boolean;
  readonly people?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const uidSchema = z.object({ metadata: z.object({ uid: z.string() }) });
const tokenSchema = z.object({ status: z.object({ token: z.string() }) });

export async function startGatewayLab({
  program,
  withPolicy = true,
  people: given = {},
  onProgress,
}: LabOptions): Promise<GatewayLab> {
  const controlPlane = await startControlPlane({
    controllerManager: true,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const authority = await createCertificateAuthority('gateway test');
  const port = await freePort();
  const origin = `https://localhost:${port}`;
  const files = join(controlPlane.directory, 'gateway');
  const { request: api } = controlPlane;
  const create = async (path: string, object: unknown): Promise<unknown> => {
    const { status, body } = await api('POST', path, object);
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const people = new Map(Object.entries(given));
  const provider = await startOidcProvider({
    certificate: await authority.issue({ commonName: 'localhost', hosts: ['localhost', '127.0.0.1'] }),
    clientId: 'gateway',
    redirectUri: `${origin}/callback`,
    people,
    claims: ['member', 'preferred_username'],
  });
  for (const name of [systemNamespace, usersNamespace]) await create('/api/v1/namespaces', { metadata: { name } });
  await create(`/api/v1/namespaces/${systemNamespace}/serviceaccounts`, {
    metadata: { name: 'credentials-updater-gateway' },
  });
  for (const file of ['rbac.yaml', ...(withPolicy ? ['policy.yaml'] : [])]) {
    const input = await readFile(join(import.meta.dirname, '../../deploy/gateway', file), 'utf8');
    const { exitCode, stderr } = await controlPlane.kubectl(['apply', '-f', '-'], { input });
    if (exitCode !== 0) throw new Error(stderr);
  }
  const gatewayKubeconfig = async (): Promise<string> => {
    const account = `/api/v1/namespaces/${systemNamespace}/serviceaccounts/credentials-updater-gateway`;
    const { token } = tokenSchema.parse(await create(`${account}/token`, {})).status;
    return controlPlane.kubeconfigFor({ token });
  };
  const kubeconfig = await gatewayKubeconfig();
  await mkdir(files);
  const newCertificate = () => authority.issue({ commonName: 'localhost', hosts: ['localhost', '127.0.0.1'] });
  const own = await newCertificate();
  const write = async (name: string, text: string): Promise<string> => {
    const file = join(files, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: files,
    TMPDIR: files,
    KUBECONFIG: kubeconfig,
    GATEWAY_ADDRESS: origin,
    GATEWAY_PORT: String(port),
    HEALTH_PORT: String(await freePort()),
    METRICS_PORT: String(await freePort()),
    CLUSTER_PUBLIC_SERVER: controlPlane.server,
    TLS_CERTIFICATE_FILE: await write('tls.crt', own.certificate),
    TLS_KEY_FILE: await write('tls.key', own.key),
    SESSION_KEYS_FILE: await write('keys', `${randomBytes(32).toString('base64')}\n`),
    NODE_EXTRA_CA_CERTS: await write('ca.crt', authority.certificate),
    OIDC_ISSUER: provider.issuer.href,
    OIDC_CLIENT_ID: 'gateway',
    OIDC_CLAIM: 'member',
  };
  const dispatcher = new Agent({ connect: { ca: authority.certificate } });
  const running = new Set<GatewayProcess>();
  const send: GatewayLab['send'] = async (path, text) => {
    const { statusCode, body } = await request(`${origin}${path}`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json' },
      body: text,
    });
    return { status: statusCode, text: await body.text() };
  };

  return {
    controlPlane,
    provider,
    origin,
    authority: authority.certificate,
    addMember: async (name) => {
      const memberId = randomUUID();
      const account = await create(`/api/v1/namespaces/${usersNamespace}/serviceaccounts`, {
        metadata: {
          name,
          labels: { 'app.kubernetes.io/managed-by': 'credentials-updater' },
          annotations: { 'credentials-updater/user-uuid': memberId },
        },
      });
      people.set(name, { member: memberId });
      return { uid: uidSchema.parse(account).metadata.uid, memberId };
    },
    setPerson: (login, claims) => void people.set(login, claims),
    removeMember: async (name) => {
      await api('DELETE', `/api/v1/namespaces/${usersNamespace}/serviceaccounts/${name}`);
    },
    startGateway: async ({ env: more = {}, expectEnd = false } = {}) => {
      const child = spawn(process.execPath, [program, 'gateway'], {
        cwd: files,
        env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      const { promise: ended, resolve } = Promise.withResolvers<number | null>();
      child.once('close', resolve);
      const gateway: GatewayProcess = { output: () => output, kill: (signal) => void child.kill(signal), ended };
      running.add(gateway);
      void ended.then(() => running.delete(gateway));
      if (expectEnd) await ended;
      else
        while (!output.includes('serving members')) {
          if (child.exitCode !== null) throw new Error(`The gateway ended: ${output}`);
          await sleep(50);
        }
      return gateway;
    },
    gatewayKubeconfig,
    replaceCertificate: async (parts = ['certificate', 'key']) => {
      const renewed = await newCertificate();
      if (parts.includes('certificate')) await write('tls.crt', renewed.certificate);
      if (parts.includes('key')) await write('tls.key', renewed.key);
    },
    send,
    post: async (path, body) => {
      const { status, text } = await send(path, JSON.stringify(body));
      return { status, body: JSON.parse(text) };
    },
    [Symbol.asyncDispose]: async () => {
      for (const gateway of running) gateway.kill('SIGKILL');
      await Promise.all([...running].map(({ ended }) => ended));
      await dispatcher.close();
      await provider.stop();
      await controlPlane.stop();
    },
  };
}
