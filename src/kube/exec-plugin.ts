/** Runs an exec credential plugin (client.authentication.k8s.io), as kubectl does. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';
import { Failure } from '../lib/failure.ts';
import { Secret } from '../lib/secret.ts';
import type { Variables } from '../lib/variables.ts';
import type { Login } from './credential.ts';

const nonEmpty = z.string().min(1);

/** The `exec` field of a kubeconfig's user. */
export const execPluginSchema = z.object({
  apiVersion: z.string().optional(),
  command: nonEmpty,
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: nonEmpty, value: z.string() })).nullish(),
  provideClusterInfo: z.boolean().optional(),
});

const credentialSchema = z.object({
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
  }),
});

/** @throws Failure (usage) without a word of what the plugin printed */
export async function runExecPlugin(
  kubeconfig: string,
  exec: z.infer<typeof execPluginSchema>,
  cluster: { server: string; certificateAuthority: string | undefined },
  variables: Variables,
): Promise<Login> {
  const apiVersion = exec.apiVersion ?? 'client.authentication.k8s.io/v1';
  const info = {
    apiVersion,
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(exec.provideClusterInfo
        ? {
            cluster: {
              server: cluster.server,
              ...(cluster.certificateAuthority === undefined
                ? {}
                : { 'certificate-authority-data': Buffer.from(cluster.certificateAuthority).toString('base64') }),
            },
          }
        : {}),
    },
  };
  const extra = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
  let output: string;
  try {
    const { stdout } = await promisify(execFile)(exec.command, exec.args ?? [], {
      env: { ...variables, ...extra, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      timeout: 60_000,
    });
    output = stdout;
  } catch (error) {
    throw new Failure('usage', `the credential plugin ${exec.command} of ${kubeconfig} failed`, {
      cause: error,
      hint: 'does kubectl work with this kubeconfig?',
    });
  }
  try {
    const { status } = credentialSchema.parse(JSON.parse(output));
    const tls =
      status.clientCertificateData !== undefined && status.clientKeyData !== undefined
        ? { cert: status.clientCertificateData, key: status.clientKeyData }
        : {};
    return {
      credential:
        status.token === undefined ? { kind: 'certificate' } : { kind: 'token', token: new Secret(status.token) },
      tls,
    };
  } catch (error) {
    throw new Failure('usage', `the credential plugin ${exec.command} of ${kubeconfig} printed no ExecCredential`, {
      cause: error,
    });
  }
}
