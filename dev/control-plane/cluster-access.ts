/** A running control plane as its users see it: where it is, kubeconfigs for anybody, kubectl. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type ApiRequest, apiRequests } from './api-request.ts';
import { type CertificateAuthority, loadCertificateAuthority, writeSecret } from './certificates.ts';

/** What it takes to reach a control plane from another process of this machine. Plain data. */
export interface ClusterConnection {
  /** `https://127.0.0.1:port` */
  readonly server: string;
  /** Files of the control plane, and of what is made for its users, e.g. kubeconfigs. */
  readonly directory: string;
  /** A kubeconfig for an administrator (the group system:masters, by client certificate). */
  readonly kubeconfig: string;
  readonly certificateAuthorityFile: string;
  readonly certificateAuthorityKeyFile: string;
  /** The administrator's client certificate. */
  readonly adminCertificateFile: string;
  readonly adminKeyFile: string;
  /** The API server's audit log: one JSON object a line. */
  readonly auditLog: string;
  readonly kubectlPath: string;
}

/** Who a kubeconfig is for: the holder of a token, or any user and groups, by client certificate. */
export type Identity = { readonly token: string } | { readonly user: string; readonly groups?: readonly string[] };

export interface KubectlOptions {
  /** Default: the administrator's. */
  readonly kubeconfig?: string;
  /** Standard input, e.g. for `apply -f -`. */
  readonly input?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs, for files that its arguments name. Default: this process's. */
  readonly workingDirectory?: string;
}

export interface KubectlResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface ClusterAccess extends ClusterConnection {
  /** For `connectCluster` in another process. */
  readonly connection: ClusterConnection;
  /** PEM. */
  readonly certificateAuthority: string;
  /** Writes a kubeconfig and returns its path. */
  readonly kubeconfigFor: (identity: Identity) => Promise<string>;
  /** A plain request as the administrator, for setting things up and looking at them. `path`: from the root. */
  readonly request: ApiRequest;
  /** Runs the real kubectl. Resolves whatever its exit code is. */
  readonly kubectl: (args: readonly string[], options?: KubectlOptions) => Promise<KubectlResult>;
}

export async function connectCluster(connection: ClusterConnection): Promise<ClusterAccess> {
  const authority = await loadCertificateAuthority({
    certificate: await readFile(connection.certificateAuthorityFile, 'utf8'),
    key: await readFile(connection.certificateAuthorityKeyFile, 'utf8'),
  });
  return {
    ...connection,
    connection,
    certificateAuthority: authority.certificate,
    request: apiRequests(connection.server, {
      authority: connection.certificateAuthorityFile,
      certificate: connection.adminCertificateFile,
      key: connection.adminKeyFile,
    }),
    kubeconfigFor: async (identity) =>
      writeSecret(
        join(connection.directory, `kubeconfig-${randomBytes(6).toString('hex')}.yaml`),
        await renderKubeconfig(connection.server, authority, identity),
      ),
    kubectl: (args, options) => runKubectl(connection, args, options),
  };
}

/** A kubeconfig's text, whole in itself. */
export async function renderKubeconfig(
  server: string,
  authority: CertificateAuthority,
  identity: Identity,
): Promise<string> {
  const name = 'pks';
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(authority.certificate) } }],
    users: [{ name, user: await credentials(authority, identity) }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}

async function credentials(authority: CertificateAuthority, identity: Identity): Promise<Record<string, string>> {
  if ('token' in identity) return { token: identity.token };
  const { certificate, key } = await authority.issue({
    commonName: identity.user,
    organizations: identity.groups ?? [],
  });
  return { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) };
}

async function runKubectl(
  { kubectlPath, kubeconfig: adminKubeconfig, directory }: ClusterConnection,
  args: readonly string[],
  { kubeconfig = adminKubeconfig, input, env = {}, workingDirectory }: KubectlOptions = {},
): Promise<KubectlResult> {
  const child = spawn(kubectlPath, args, {
    ...(workingDirectory === undefined ? {} : { cwd: workingDirectory }),
    env: {
      ...process.env,
      KUBECONFIG: kubeconfig,
      // Nothing of the developer's own is read, and nothing is left in their home.
      KUBECACHEDIR: join(directory, 'kubectl-cache'),
      KUBERC: 'off',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { promise: exitCode, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code) => resolve(code ?? 1));
  // kubectl may end without having read its input; the exit code tells.
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr, exitCode: await exitCode };
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  stream.setEncoding('utf8');
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

function base64(content: string): string {
  return Buffer.from(content).toString('base64');
}
