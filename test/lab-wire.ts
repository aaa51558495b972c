/** The way from a lab's command to the API server through a proxy that can make things go wrong, or tells when to kill. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createCertificateAuthority, writeSecret } from '../dev/control-plane/certificates.ts';
import { renderKubeconfig } from '../dev/control-plane/cluster-access.ts';
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../dev/fault-proxy/index.ts';
import type { TestCluster } from './cluster.ts';

export interface LabWire {
  readonly proxy: FaultProxy;
  readonly kubeconfig: string;
  /** Told of each request as it arrives; undefined ends it. */
  watch(listener: ((request: SeenRequest) => void) | undefined): void;
}

/** Call it in a test. @param token of the account that runs the commands */
export async function openLabWire(cluster: TestCluster, token: string): Promise<LabWire> {
  const authority = await createCertificateAuthority('the wire of the lab');
  const tls = await authority.issue({ commonName: 'fault-proxy', hosts: ['127.0.0.1'] });
  let listener: ((request: SeenRequest) => void) | undefined;
  const proxy = await startFaultProxy({
    upstream: { url: cluster.server, certificateAuthority: cluster.certificateAuthority },
    tls,
    onRequest: (request) => listener?.(request),
  });
  onTestFinished(() => proxy.close());
  const file = join(cluster.directory, `lab-wire-${randomBytes(6).toString('hex')}.kubeconfig`);
  return {
    proxy,
    kubeconfig: writeSecret(file, await renderKubeconfig(proxy.url, authority, { token })),
    watch(next) {
      listener = next;
    },
  };
}
