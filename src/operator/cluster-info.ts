/** The cluster as members see it: what a kubeconfig needs to know before there is any credential. Nothing in it is secret. */
import { X509Certificate } from 'node:crypto';
import { isLoopback } from '../http/endpoint.ts';
import type { ClusterAccess } from '../kube/kubeconfig.ts';
import { type KubeconfigCluster, serverText } from '../kube/kubeconfig-document.ts';
import { Failure } from '../lib/failure.ts';

export interface ClusterDescription {
  /** Lower-case letters, digits and hyphens; the kubeconfig's name for the cluster unless given. */
  readonly name: string | undefined;
  /** CLUSTER_PUBLIC_SERVER; the address that we use ourselves unless given. */
  readonly publicServer: URL | undefined;
  /** PEM; the kubeconfig's unless given. */
  readonly certificateAuthority: string | undefined;
  /** Whether someone asked for a kubeconfig that doesn't check who answers. */
  readonly insecureSkipTlsVerify: boolean;
  readonly inPod: boolean;
}

const defaultName = 'pks';
/** Of what is said to members; it is printed on their terminals. */
const longestAdvice = 300;

/** @throws Failure (usage) where members could not reach the cluster safely by it */
export function describeCluster(access: ClusterAccess, wanted: ClusterDescription): KubeconfigCluster {
  const { publicServer, insecureSkipTlsVerify } = wanted;
  if (publicServer === undefined && wanted.inPod && access.clusterName === undefined) {
    throw new Failure('usage', 'CLUSTER_PUBLIC_SERVER is not set: a pod knows only the address inside the cluster', {
      hint: 'set it to the address that members reach, such as https://pks.example.org:6443',
    });
  }
  const server = publicServer ?? access.server;
  if (server.protocol !== 'https:' && !isLoopback(server.hostname)) {
    throw new Failure('usage', `${serverText(server)} can't be used: plain http would send tokens in the clear`, {
      hint: 'set CLUSTER_PUBLIC_SERVER to the https address of the API server',
    });
  }
  const certificateAuthority = readCertificates(wanted.certificateAuthority ?? access.certificateAuthority);
  if (certificateAuthority === undefined && access.tls.rejectUnauthorized === false && !insecureSkipTlsVerify) {
    throw new Failure('usage', `${access.source} skips TLS verification and names no CA, so there is none to give on`, {
      hint: "name the cluster's CA with --certificate-authority FILE (/etc/kubernetes/pki/ca.crt on a kubeadm control plane)",
    });
  }
  return {
    name: clusterName(wanted.name, access.clusterName),
    server,
    certificateAuthority,
    // The name in the certificate belongs to the address that it was written for.
    tlsServerName: publicServer === undefined ? access.tls.servername : undefined,
    insecureSkipTlsVerify,
  };
}

/**
 * What members' `login --cluster` and the club's site read, as JSON.
 * @param whenUnreachable what a member is told who can't reach the cluster
 * @throws Failure (usage) without a CA
 */
export function clusterInfoText(
  { name, server, certificateAuthority }: KubeconfigCluster,
  whenUnreachable?: string,
): string {
  if (certificateAuthority === undefined) {
    throw new Failure('usage', 'the kubeconfig names no CA, and members need one to know the cluster by', {
      hint: 'name it with --certificate-authority FILE (/etc/kubernetes/pki/ca.crt on a kubeadm control plane)',
    });
  }
  if (whenUnreachable !== undefined && (whenUnreachable.trim() === '' || whenUnreachable.length > longestAdvice))
    throw new Failure(
      'usage',
      `--when-unreachable can't be used: a text of 1 to ${longestAdvice} characters is needed`,
    );
  return `${JSON.stringify({ name, server: serverText(server), certificateAuthority, whenUnreachable }, undefined, 2)}\n`;
}

function clusterName(given: string | undefined, configured: string | undefined): string {
  const isUsable = (name: string) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name);
  if (given !== undefined && !isUsable(given))
    throw new Failure('usage', `--name=${given} can't be used: lower-case letters, digits and hyphens are needed`);
  return given ?? (configured !== undefined && isUsable(configured) ? configured : defaultName);
}

/** The certificates alone, without the words that some files have around them. */
function readCertificates(pem: string | undefined): string | undefined {
  if (pem === undefined) return undefined;
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length > 0 && blocks.every(isCertificate)) return `${blocks.join('\n')}\n`;
  throw new Failure('usage', "the cluster's CA can't be used: it holds no certificate in PEM");
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
