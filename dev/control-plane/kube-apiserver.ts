import { join } from 'node:path';
import { answersOk } from './api-request.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { type Flags, renderFlags } from './flags.ts';
import type { Pki, SigningKeyFiles } from './pki.ts';
import type { Supervisor } from './supervisor/index.ts';

const SERVICE_ACCOUNT_ISSUER = 'https://kubernetes.default.svc.cluster.local';
const SERVICE_NETWORK = '10.96.0.0/12';

export interface ApiServerSettings {
  readonly program: string;
  readonly pki: Pki;
  readonly etcdPort: number;
  readonly bindAddress: string;
  /** Where pods and nodes reach it; none if nobody but this machine does. */
  readonly advertiseAddress: string | undefined;
  readonly auditPolicyFile: string;
  readonly auditLog: string;
  /** Flags that replace or add to those below. */
  readonly extraFlags: Flags;
  /** The key that signs tokens and the public keys that are accepted. Asked anew at each start. */
  readonly signing: () => { readonly current: SigningKeyFiles; readonly accepted: readonly string[] };
}

/** kube-apiserver as kubeadm sets it up, with PKS's clamp on the lifetime of tokens. */
export function startApiServer(
  settings: ApiServerSettings,
  supervisor: Supervisor,
  onProgress: (line: string) => void,
): Promise<Daemon> {
  const { program, pki, extraFlags } = settings;
  const admin = { authority: pki.cluster.authority.certificate, ...pki.cluster.admin };
  return startDaemon({
    name: 'kube-apiserver',
    supervisor,
    logFile: join(supervisor.directory, 'kube-apiserver.log'),
    onProgress,
    command: (port) => [program, ...renderFlags(flags(settings, port), extraFlags)],
    // The namespaces are made just after the server calls itself ready.
    isReady: async (port) =>
      (await answersOk(`https://127.0.0.1:${port}/readyz`, admin)) &&
      (await answersOk(`https://127.0.0.1:${port}/api/v1/namespaces/default`, admin)),
  });
}

function flags(settings: ApiServerSettings, port: number): Flags {
  const { pki, etcdPort, bindAddress, advertiseAddress, auditPolicyFile, auditLog, signing } = settings;
  const { current, accepted } = signing();
  return {
    'bind-address': bindAddress,
    'secure-port': String(port),
    ...(advertiseAddress === undefined
      ? // Endpoints can't hold a loopback address, so that the `kubernetes` service has none.
        { 'advertise-address': '127.0.0.1', 'endpoint-reconciler-type': 'none' }
      : { 'advertise-address': advertiseAddress }),
    'tls-cert-file': pki.cluster.apiServer.certificate,
    'tls-private-key-file': pki.cluster.apiServer.key,
    'client-ca-file': pki.cluster.authority.certificate,
    'etcd-servers': `https://127.0.0.1:${etcdPort}`,
    'etcd-cafile': pki.etcd.authority.certificate,
    'etcd-certfile': pki.etcd.apiServerClient.certificate,
    'etcd-keyfile': pki.etcd.apiServerClient.key,
    'kubelet-client-certificate': pki.cluster.kubeletClient.certificate,
    'kubelet-client-key': pki.cluster.kubeletClient.key,
    'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
    'service-cluster-ip-range': SERVICE_NETWORK,
    'allow-privileged': 'true',
    'enable-bootstrap-token-auth': 'true',
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'service-account-issuer': SERVICE_ACCOUNT_ISSUER,
    'service-account-signing-key-file': current.privateKey,
    'service-account-key-file': accepted,
    'service-account-max-token-expiration': '168h',
    'service-account-extend-token-expiration': 'false',
    'audit-policy-file': auditPolicyFile,
    'audit-log-path': auditLog,
  };
}
