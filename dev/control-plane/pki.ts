/** Makes and writes all key material of one control plane. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createSigningKey,
  type KeyPair,
  writeSecret,
} from './certificates.ts';

/** The first address of kubeadm's default service network: the `kubernetes` service. */
const KUBERNETES_SERVICE_ADDRESS = '10.96.0.1';
const API_SERVER_NAMES = [
  'localhost',
  '127.0.0.1',
  '::1',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  KUBERNETES_SERVICE_ADDRESS,
];

/** Paths of PEM files. */
export interface KeyPairFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface SigningKeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

export interface Pki {
  readonly directory: string;
  readonly clusterAuthority: CertificateAuthority;
  readonly cluster: {
    readonly authority: KeyPairFiles;
    readonly apiServer: KeyPairFiles;
    /** An administrator, in the group system:masters. */
    readonly admin: KeyPairFiles;
    /** How the API server presents itself to kubelets (logs, exec). */
    readonly kubeletClient: KeyPairFiles;
  };
  readonly etcd: {
    readonly authority: KeyPairFiles;
    readonly server: KeyPairFiles;
    readonly apiServerClient: KeyPairFiles;
  };
  readonly signingKey: SigningKeyFiles;
}

/** `apiServerHosts`: names and addresses the API server is reached at besides loopback and the service network's. */
export async function createPki(parent: string, apiServerHosts: readonly string[]): Promise<Pki> {
  const directory = join(parent, 'pki');
  mkdirSync(directory, { mode: 0o700 });
  const write = (name: string, pair: KeyPair): KeyPairFiles => ({
    certificate: writeSecret(join(directory, `${name}.crt`), pair.certificate),
    key: writeSecret(join(directory, `${name}.key`), pair.key),
  });

  const [clusterAuthority, etcdAuthority, signingKey] = await Promise.all([
    createCertificateAuthority('kubernetes'),
    createCertificateAuthority('etcd-ca'),
    writeSigningKey(directory, 1),
  ]);
  const masters = ['system:masters'];
  const [apiServer, admin, kubeletClient, etcdServer, etcdClient] = await Promise.all([
    clusterAuthority.issue({
      commonName: 'kube-apiserver',
      hosts: [...new Set([...API_SERVER_NAMES, ...apiServerHosts])],
    }),
    clusterAuthority.issue({ commonName: 'kubernetes-admin', organizations: masters }),
    clusterAuthority.issue({ commonName: 'kube-apiserver-kubelet-client', organizations: masters }),
    etcdAuthority.issue({ commonName: 'etcd', hosts: ['localhost', '127.0.0.1'] }),
    etcdAuthority.issue({ commonName: 'kube-apiserver-etcd-client' }),
  ]);

  return {
    directory,
    clusterAuthority,
    cluster: {
      authority: write('ca', clusterAuthority),
      apiServer: write('apiserver', apiServer),
      admin: write('admin', admin),
      kubeletClient: write('apiserver-kubelet-client', kubeletClient),
    },
    etcd: {
      authority: write('etcd-ca', etcdAuthority),
      server: write('etcd-server', etcdServer),
      apiServerClient: write('apiserver-etcd-client', etcdClient),
    },
    signingKey,
  };
}

/** The key that signs ServiceAccount tokens; `generation` tells successive ones apart. */
export async function writeSigningKey(directory: string, generation: number): Promise<SigningKeyFiles> {
  const { privateKey, publicKey } = await createSigningKey();
  return {
    privateKey: writeSecret(join(directory, `sa-${generation}.key`), privateKey),
    publicKey: writeSecret(join(directory, `sa-${generation}.pub`), publicKey),
  };
}
