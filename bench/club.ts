/** A club to measure on: namespaces of a control plane, a PoolC API server that speaks https, and the updater's account. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { loadCertificateAuthority, writeSecret } from '../dev/control-plane/certificates.ts';
import type { ControlPlane } from '../dev/control-plane/index.ts';
import { startPoolcApi } from '../dev/poolc-api/index.ts';
import { createUpdaterAccount } from '../dev/updater-account.ts';

export interface Club extends AsyncDisposable {
  readonly members: number;
  readonly controlPlane: ControlPlane;
  readonly systemNamespace: string;
  readonly usersNamespace: string;
  /** The user that the updater's requests come from. */
  readonly updater: string;
  /** The updater's bearer token, and a file with it, for the clients that it is compared with. */
  readonly token: string;
  readonly tokenFile: string;
  /** What the updater is configured by. */
  readonly env: Readonly<Record<string, string>> & { readonly KUBECONFIG: string };
  accountNames(): Promise<string[]>;
  /** Writes the members' accounts to a file, one `name uid` a line. */
  accountsFile(): Promise<string>;
}

const systemCertificates = '/etc/ssl/certs/ca-certificates.crt';

/** `members` of them are in the directory; the cluster has no account yet. The directory's files go with the control plane. */
export async function openClub(controlPlane: ControlPlane, members: number): Promise<Club> {
  const suffix = randomBytes(3).toString('hex');
  const [systemNamespace, usersNamespace] = [`system-${suffix}`, `users-${suffix}`];
  for (const name of [systemNamespace, usersNamespace]) await createNamespace(controlPlane, name);
  const directory = join(controlPlane.directory, `club-${suffix}`);
  await mkdir(join(directory, 'authorities'), { recursive: true });
  const file = (name: string, content: string) => writeSecret(join(directory, name), content);

  const authority = await loadCertificateAuthority({
    certificate: controlPlane.certificateAuthority,
    key: await readFile(controlPlane.certificateAuthorityKeyFile, 'utf8'),
  });
  const certificate = await authority.issue({ commonName: 'poolc-api', hosts: ['127.0.0.1'] });
  const api = await startPoolcApi({
    tls: { cert: certificate.certificate, key: certificate.key },
    limits: { requestsPerSecond: Number.POSITIVE_INFINITY },
  });
  api.seed(members);
  file('authorities/poolc.crt', authority.certificate);
  const account = await createUpdaterAccount(controlPlane, { systemNamespace, usersNamespace });

  return {
    members,
    controlPlane,
    systemNamespace,
    usersNamespace,
    updater: `system:serviceaccount:${systemNamespace}:credentials-updater`,
    token: account.token,
    tokenFile: file('token', `${account.token}\n`),
    env: {
      KUBECONFIG: account.kubeconfig,
      POOLC_API_ENDPOINT: api.url,
      POOLC_API_KEY_FILE: file('api-key', api.apiKey),
      TARGET_NAMESPACE: usersNamespace,
      POD_NAMESPACE: systemNamespace,
      // As in the image: the system's authorities, and a folder with the club's own.
      ...(existsSync(systemCertificates) ? { SSL_CERT_FILE: systemCertificates } : {}),
      SSL_CERT_DIR: join(directory, 'authorities'),
    },
    async accountNames() {
      return (await listAccounts(controlPlane, usersNamespace)).map(({ name }) => name);
    },
    async accountsFile() {
      const path = join(directory, 'accounts.txt');
      const accounts = await listAccounts(controlPlane, usersNamespace);
      await writeFile(path, accounts.map(({ name, uid }) => `${name} ${uid}\n`).join(''));
      return path;
    },
    [Symbol.asyncDispose]: () => api.close(),
  };
}

async function createNamespace({ request }: ControlPlane, name: string): Promise<void> {
  const { status, body } = await request('POST', '/api/v1/namespaces', { metadata: { name } });
  if (status !== 201) throw new Error(`the namespace ${name} was not created: ${status} ${JSON.stringify(body)}`);
}

const listSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) })),
});

async function listAccounts(
  { request }: ControlPlane,
  namespace: string,
): Promise<z.infer<typeof listSchema>['items'][number]['metadata'][]> {
  const { body } = await request('GET', `/api/v1/namespaces/${namespace}/serviceaccounts`);
  return listSchema.parse(body).items.map(({ metadata }) => metadata);
}
