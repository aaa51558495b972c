/**
 * A client certificate of the cluster's own signer (kubernetes.io/kube-apiserver-client), for one person.
 *
 * - The key is made here and leaves this process with the kubeconfig alone.
 * - A CertificateSigningRequest is created, and approved with our own rights: whoever may do that may become anyone.
 * - What comes back is checked against what was asked for: subject, key, purpose, lifetime.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { managedByLabel, managedByValue, printable } from '../core/model.ts';
import { type ClusterClient, parseAnswer } from '../kube/client.ts';
import type { Clock } from '../lib/clock.ts';
import { formatDuration } from '../lib/duration.ts';
import { Failure, withContext } from '../lib/failure.ts';
import type { Redactor } from '../lib/redact.ts';
import { Secret } from '../lib/secret.ts';
import { commandTemplate } from '../lib/shell-command.ts';

export const clientSigner = 'kubernetes.io/kube-apiserver-client';
const collection = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** The API server takes no shorter one. */
const shortestSeconds = 600;
/** A certificate can't be revoked, so nobody gets one for long. */
const longestSeconds = 30 * 86_400;

/** Whom a certificate is for: a Kubernetes user, and the groups that come with it. */
export interface CertificateSubject {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface ClientCertificate {
  /** PEM, the chain that the signer gave included. */
  readonly certificate: string;
  /** PEM (PKCS#8). */
  readonly key: Secret;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface CertificateOptions {
  readonly subject: CertificateSubject;
  readonly lifetimeSeconds: number;
  /** How long the signer may take. */
  readonly waitSeconds: number;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
}

/**
 * A subject that may have a certificate: nobody whom Kubernetes or kubeadm gives rights to by name.
 * @throws Failure (usage)
 */
export function checkSubject({ name, groups }: CertificateSubject): void {
  checkWord(name, 'the name');
  for (const group of groups) checkWord(group, 'the group');
  if (new Set(groups).size !== groups.length)
    throw new Failure('usage', 'a group is named twice', { hint: 'name each group once' });
}

function checkWord(word: string, what: string): void {
  const shown = printable(word);
  const reserved = /^\s*(system|kubeadm|kubelet|node|kubernetes|bootstrap)\s*:/i.exec(word);
  if (reserved !== null)
    throw new Failure(
      'usage',
      `${what} ${shown} can't be used: ${reserved[0].trim().toLowerCase()} names belong to Kubernetes itself, and some of them may do everything`,
      { hint: 'choose the name of a person, such as kim' },
    );
  if (!/^[A-Za-z0-9]([A-Za-z0-9._@+-]*[A-Za-z0-9])?$/.test(word) || word.length > 64)
    throw new Failure(
      'usage',
      `${what} ${shown} can't be used: 1 to 64 of A-Z, a-z, 0-9 and . _ @ + - are needed, with a letter or number at both ends`,
      { hint: 'choose the name of a person, such as kim or kim@example.org' },
    );
}

/** @throws Failure (usage) */
export function checkLifetime(seconds: number | undefined): number {
  if (seconds !== undefined && seconds >= shortestSeconds && seconds <= longestSeconds) return seconds;
  throw new Failure(
    'usage',
    `the lifetime must be from ${formatDuration(shortestSeconds)} to ${formatDuration(longestSeconds)}: a certificate can't be revoked`,
    { hint: 'for example --lifetime 24h' },
  );
}

const requestSchema = z.object({
  metadata: z.object({ name: z.string(), uid: z.string(), resourceVersion: z.string() }),
  spec: z.looseObject({ request: z.string(), signerName: z.string() }),
  status: z
    .object({
      certificate: z.string().optional(),
      conditions: z
        .array(z.object({ type: z.string(), reason: z.string().optional(), message: z.string().optional() }))
        .optional(),
    })
    .optional(),
});
type SigningRequest = z.infer<typeof requestSchema>;

/** @throws Failure (cluster) where it was not signed, or is not what was asked for; then there is no credential */
export async function issueCertificate(client: ClusterClient, options: CertificateOptions): Promise<ClientCertificate> {
  const { subject, lifetimeSeconds, redactor, signal } = options;
  const { key, request } = await makeRequest(subject);
  redactor.add(key.reveal());
  const created = await create(client, { subject, request, lifetimeSeconds }, signal);
  try {
    await approve(client, created, signal);
    const certificate = await waitForSigner(client, created.metadata.name, options);
    return await checked(certificate, key, options);
  } catch (error) {
    throw withContext(`the CertificateSigningRequest ${created.metadata.name}`, error);
  }
}

const curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

async function makeRequest({ name, groups }: CertificateSubject): Promise<{ key: Secret; request: string }> {
  const { Pkcs10CertificateRequestGenerator } = await loadX509();
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
  const publicDer = pair.publicKey.export({ type: 'spki', format: 'der' });
  const csr = await Pkcs10CertificateRequestGenerator.create(
    {
      name: [{ CN: [name] }, ...groups.map((group) => ({ O: [group] }))],
      keys: {
        privateKey: await webcrypto.subtle.importKey('pkcs8', der, curve, true, ['sign']),
        publicKey: await webcrypto.subtle.importKey('spki', publicDer, curve, true, ['verify']),
      },
      signingAlgorithm: curve,
    },
    webcrypto,
  );
  return {
    key: new Secret(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    request: Buffer.from(csr.toString('pem')).toString('base64'),
  };
}

async function create(
  client: ClusterClient,
  { subject, request, lifetimeSeconds }: { subject: CertificateSubject; request: string; lifetimeSeconds: number },
  signal: AbortSignal,
): Promise<SigningRequest> {
  const name = `credentials-updater-${subject.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${randomBytes(4).toString('hex')}`;
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name, labels: { [managedByLabel]: managedByValue } },
    spec: { request, signerName: clientSigner, expirationSeconds: lifetimeSeconds, usages: ['client auth'] },
  };
  const response = await client.call({ method: 'POST', path: collection, body, signal, expected: [409] });
  // Our own attempt, whose answer was lost: the name is ours alone.
  const found = response.status === 409 ? await read(client, name, signal) : parseAnswer(requestSchema, response, name);
  if (found.spec.request === request && found.spec.signerName === clientSigner) return found;
  throw new Failure(
    'cluster',
    `the CertificateSigningRequest ${name} is not the one that was sent; it was not approved`,
  );
}

async function read(client: ClusterClient, name: string, signal: AbortSignal): Promise<SigningRequest> {
  return parseAnswer(requestSchema, await client.call({ method: 'GET', path: `${collection}/${name}`, signal }), name);
}

async function approve(client: ClusterClient, request: SigningRequest, signal: AbortSignal): Promise<void> {
  const { name } = request.metadata;
  const condition = {
    type: 'Approved',
    status: 'True',
    reason: 'CredentialsUpdater',
    message: 'Approved by the operator who ran `credentials-updater certificate`',
  };
  const body = { ...request, status: { conditions: [condition] } };
  try {
    await client.call({ method: 'PUT', path: `${collection}/${name}/approval`, body, signal });
  } catch (error) {
    if (!(error instanceof Failure) || error.status !== 403) throw error;
    throw new Failure('cluster', `it may not be approved: ${error.message}`, {
      cause: error,
      status: 403,
      hint: `approving needs update on certificatesigningrequests/approval and approve on the signer ${clientSigner}. Whoever has that may become anyone: let an administrator run this`,
    });
  }
}

async function waitForSigner(
  client: ClusterClient,
  name: string,
  { clock, waitSeconds, signal }: CertificateOptions,
): Promise<string> {
  const startedAt = clock.monotonic();
  for (;;) {
    const { status = {} } = await read(client, name, signal);
    const refusal = status.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
    if (refusal !== undefined)
      throw new Failure(
        'cluster',
        `it was ${refusal.type === 'Denied' ? 'denied' : 'not signed'}: ${printable(refusal.message ?? refusal.reason ?? 'without a reason')}`,
      );
    if (status.certificate !== undefined) return Buffer.from(status.certificate, 'base64').toString('latin1');
    if (clock.monotonic() - startedAt > waitSeconds * 1_000) {
      throw new Failure('cluster', `nobody signed it within ${formatDuration(waitSeconds)}`, {
        hint: `kube-controller-manager signs; some providers (EKS) have no signer for ${clientSigner}. Look at it with \`${commandTemplate(client.access.kubectl)`get csr ${name}`}\`, and run the command again: a new key is made each time`,
      });
    }
    await clock.sleep(200, signal);
  }
}

/** A signer may shorten a certificate, and nothing else. */
async function checked(
  pem: string,
  key: Secret,
  { subject, lifetimeSeconds, clock }: CertificateOptions,
): Promise<ClientCertificate> {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (error) {
    throw new Failure('cluster', 'what was signed is not a certificate', { cause: error });
  }
  const problem = (
    [
      [certificate.checkPrivateKey(createPrivateKey(key.reveal())), 'another key'],
      [await hasSubject(certificate, subject), 'another subject'],
      [certificate.keyUsage.includes('1.3.6.1.5.5.7.3.2'), 'another purpose than client authentication'],
      [!certificate.ca, 'the right to sign others'],
      // Signers begin a few minutes in the past, for clocks that differ.
      [certificate.validToDate.getTime() - clock.now() < (lifetimeSeconds + 900) * 1_000, 'a longer lifetime'],
    ] as const
  ).find(([isAsAsked]) => !isAsAsked);
  if (problem !== undefined)
    throw new Failure('cluster', `the certificate has ${problem[1]} than was asked for; it was thrown away`, {
      hint: 'who else signs certificates in this cluster?',
    });
  return { certificate: pem, key, expiresAt: certificate.validToDate.getTime() };
}

/** Exactly this name and these groups, and nothing else: signers write the groups in another order, and together. */
async function hasSubject(certificate: X509Certificate, { name, groups }: CertificateSubject): Promise<boolean> {
  const { X509Certificate: Parsed } = await loadX509();
  const parts = new Parsed(certificate.raw).subjectName
    .toJSON()
    .flatMap((part) =>
      Object.entries(part).flatMap(([type, values]) => values.map((value) => JSON.stringify([type, value]))),
    );
  const wanted = [['CN', name], ...groups.map((group) => ['O', group])].map((part) => JSON.stringify(part));
  return JSON.stringify(parts.toSorted()) === JSON.stringify(wanted.toSorted());
}

/** Loaded by those who need it: it is large, and slows the start of every other command. */
async function loadX509() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}
