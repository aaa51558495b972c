/**
 * In a test environment, before the PoolC API server starts: makes its certificate and publishes the authority, and makes
 * the API key unless there is one. So the updater talks to it as it talks to the club's, over https and with a Secret,
 * and yet no manifest holds anything secret.
 *
 * Environment: NAMESPACE; ENDPOINT (https://HOST/…, for the certificate); CONFIG_MAP (receives the authority as ca.crt);
 * SECRET (holds API_KEY); DIRECTORY (receives tls.crt, tls.key and API_KEY).
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { createCertificateAuthority } from '../control-plane/certificates.ts';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

// Anyone who reads it has `kubectl logs` and no source: what is wrong, not where in the code it was noticed.
process.on('uncaughtException', (error) => {
  const what = error instanceof z.ZodError ? `its environment is wrong: ${z.prettifyError(error)}` : error.message;
  console.error(`publish-secrets: ${what}`);
  process.exit(1);
});

const settings = z
  .object({
    NAMESPACE: z.string(),
    ENDPOINT: z.url().transform((endpoint) => new URL(endpoint).hostname),
    CONFIG_MAP: z.string(),
    SECRET: z.string(),
    DIRECTORY: z.string(),
    KUBERNETES_SERVICE_HOST: z.string(),
    KUBERNETES_SERVICE_PORT: z.string(),
  })
  .parse(process.env);
const secretSchema = z.object({ data: z.object({ API_KEY: z.string() }) });

const [token, certificateAuthority] = await Promise.all([
  readFile(join(SERVICE_ACCOUNT, 'token'), 'utf8'),
  readFile(join(SERVICE_ACCOUNT, 'ca.crt'), 'utf8'),
]);
// Bundles have undici without its HTTP/2.
const dispatcher = new Agent({ allowH2: false, connect: { ca: certificateAuthority } });

await publishCertificate(settings.ENDPOINT);
await keep('API_KEY', await provideApiKey());
await dispatcher.close();
console.log(`ConfigMap ${settings.CONFIG_MAP} and Secret ${settings.SECRET} are in place for ${settings.ENDPOINT}`);

async function publishCertificate(host: string): Promise<void> {
  const authority = await createCertificateAuthority('PoolC API of a test environment');
  const { certificate, key } = await authority.issue({ commonName: host, hosts: [host] });
  await keep('tls.crt', certificate);
  await keep('tls.key', key);
  const object = { ...describe('ConfigMap', settings.CONFIG_MAP), data: { 'ca.crt': authority.certificate } };
  const created = await callApiServer('POST', 'configmaps', object);
  if (created.status === 409) expectDone(await callApiServer('PUT', `configmaps/${settings.CONFIG_MAP}`, object));
  else expectDone(created);
}

/** The one there is; it must survive this pod, for the updater's pods have it mounted. */
async function provideApiKey(): Promise<string> {
  const existing = await callApiServer('GET', `secrets/${settings.SECRET}`);
  if (existing.status === 200) {
    return Buffer.from(secretSchema.parse(existing.body).data.API_KEY, 'base64').toString('utf8');
  }
  const key = randomBytes(32).toString('base64url');
  const object = { ...describe('Secret', settings.SECRET), stringData: { API_KEY: key } };
  expectDone(await callApiServer('POST', 'secrets', object));
  return key;
}

function keep(name: string, content: string): Promise<void> {
  return writeFile(join(settings.DIRECTORY, name), content, { mode: 0o600 });
}

function describe(kind: string, name: string): object {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: settings.NAMESPACE } };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly what: string;
}

async function callApiServer(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer> {
  const host = settings.KUBERNETES_SERVICE_HOST;
  const origin = `https://${host.includes(':') ? `[${host}]` : host}:${settings.KUBERNETES_SERVICE_PORT}`;
  const answer = await request(`${origin}/api/v1/namespaces/${settings.NAMESPACE}/${path}`, {
    dispatcher,
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, body: await answer.body.json(), what: `${method} ${path}` };
}

function expectDone({ status, what }: Answer): void {
  if (status >= 300) throw new Error(`${what} in namespace ${settings.NAMESPACE} answered HTTP ${status}`);
}
