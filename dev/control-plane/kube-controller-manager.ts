import { join } from 'node:path';
import { answersOk } from './api-request.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { type Flags, renderFlags } from './flags.ts';
import type { Pki, SigningKeyFiles } from './pki.ts';
import type { Supervisor } from './supervisor/index.ts';

export interface ControllerManagerSettings {
  readonly program: string;
  readonly pki: Pki;
  readonly cluster: ClusterAccess;
  /** Flags that replace or add to those below. */
  readonly extraFlags: Flags;
  /** Asked anew at each start. */
  readonly signing: () => { readonly current: SigningKeyFiles };
}

/** kube-controller-manager as kubeadm sets it up. Ready once the `default` namespace has its ServiceAccount. */
export async function startControllerManager(
  { program, pki, cluster, extraFlags, signing }: ControllerManagerSettings,
  supervisor: Supervisor,
  onProgress: (line: string) => void,
): Promise<Daemon> {
  const kubeconfig = await cluster.kubeconfigFor({ user: 'system:kube-controller-manager' });
  const authority = pki.cluster.authority;
  const admin = { authority: authority.certificate, ...pki.cluster.admin };
  return startDaemon({
    name: 'kube-controller-manager',
    supervisor,
    logFile: join(supervisor.directory, 'kube-controller-manager.log'),
    onProgress,
    command: (port) => [
      program,
      ...renderFlags(
        {
          kubeconfig,
          'authentication-kubeconfig': kubeconfig,
          'authorization-kubeconfig': kubeconfig,
          'bind-address': '127.0.0.1',
          'secure-port': String(port),
          'client-ca-file': authority.certificate,
          'root-ca-file': authority.certificate,
          'cluster-signing-cert-file': authority.certificate,
          'cluster-signing-key-file': authority.key,
          'service-account-private-key-file': signing().current.privateKey,
          'use-service-account-credentials': 'true',
          controllers: '*,bootstrapsigner,tokencleaner',
          // There is never a second one to agree with.
          'leader-elect': 'false',
          // Its some 35 controllers fetch a token each before they begin; the default of 20 a second makes that 5 s.
          'kube-api-qps': '200',
          'kube-api-burst': '400',
          // It serves with a certificate it makes for itself, in memory.
          'cert-dir': '',
        },
        extraFlags,
      ),
    ],
    isReady: () => answersOk(`${cluster.server}/api/v1/namespaces/default/serviceaccounts/default`, admin),
  });
}
