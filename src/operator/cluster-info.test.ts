import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { ClusterAccess } from '../kube/kubeconfig.ts';
import { type ClusterDescription, describeCluster } from './cluster-info.ts';

const certificate = `${rootCertificates[0] ?? ''}\n`;
const access = (rest: Partial<ClusterAccess> = {}): ClusterAccess => ({
  server: new URL('https://10.0.0.1:6443'),
  tls: {},
  credential: { kind: 'certificate' },
  proxy: undefined,
  impersonation: [],
  certificateAuthority: certificate,
  source: 'context admin of /home/me/.kube/config',
  clusterName: 'kubernetes',
  contextName: 'admin',
  userName: 'admin',
  kubectl: ['kubectl'],
  ...rest,
});
const wanted = (rest: Partial<ClusterDescription> = {}): ClusterDescription => ({
  name: undefined,
  publicServer: undefined,
  certificateAuthority: undefined,
  insecureSkipTlsVerify: false,
  inPod: false,
  ...rest,
});

describe('the cluster as members see it', () => {
  it("is the kubeconfig's unless something else is said", () => {
    expect(describeCluster(access(), wanted())).toMatchObject({
      name: 'kubernetes',
      server: new URL('https://10.0.0.1:6443'),
      certificateAuthority: certificate,
      insecureSkipTlsVerify: false,
    });
    const publicServer = new URL('https://pks.example.org:6443');
    expect(describeCluster(access(), wanted({ publicServer, name: 'club' }))).toMatchObject({
      name: 'club',
      server: publicServer,
    });
  });

  it('is called pks where the kubeconfig has a name that no shell takes as it is', () => {
    expect(describeCluster(access({ clusterName: 'arn:aws:eks/x' }), wanted()).name).toBe('pks');
    expect(() => describeCluster(access(), wanted({ name: 'My Cluster' }))).toThrow("--name=My Cluster can't be used");
  });

  it('keeps the name of the certificate with its own address, and drops it with another', () => {
    const behindTunnel = access({ tls: { servername: 'pks.internal' } });
    expect(describeCluster(behindTunnel, wanted()).tlsServerName).toBe('pks.internal');
    const publicServer = new URL('https://pks.example.org:6443');
    expect(describeCluster(behindTunnel, wanted({ publicServer })).tlsServerName).toBeUndefined();
  });

  it("needs an address to be told in a pod, which knows only the cluster's own", () => {
    const inPod = access({ clusterName: undefined });
    expect(() => describeCluster(inPod, wanted({ inPod: true }))).toThrow('CLUSTER_PUBLIC_SERVER is not set');
  });

  it('never sends tokens in the clear to another host', () => {
    const publicServer = new URL('http://pks.example.org:8080');
    expect(() => describeCluster(access(), wanted({ publicServer }))).toThrow('plain http would send tokens');
    const local = new URL('http://127.0.0.1:8001');
    expect(describeCluster(access(), wanted({ publicServer: local })).server).toEqual(local);
  });

  it('never passes on that TLS is not verified, unless that was asked for', () => {
    const careless = access({ tls: { rejectUnauthorized: false }, certificateAuthority: undefined });
    expect(() => describeCluster(careless, wanted())).toThrow('skips TLS verification and names no CA');
    expect(describeCluster(careless, wanted({ insecureSkipTlsVerify: true })).insecureSkipTlsVerify).toBe(true);
    expect(describeCluster(careless, wanted({ certificateAuthority: certificate }))).toMatchObject({
      certificateAuthority: certificate,
      insecureSkipTlsVerify: false,
    });
  });

  it('takes the certificates out of a file that says more, and refuses one without any', () => {
    const text = `subject=CN = kubernetes\n${certificate}\nnotes: -\n${certificate}`;
    const { certificateAuthority } = describeCluster(access(), wanted({ certificateAuthority: text }));
    expect(certificateAuthority).toBe(`${certificate.trim()}\n${certificate}`);
    for (const none of ['', 'hello', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])
      expect(() => describeCluster(access(), wanted({ certificateAuthority: none }))).toThrow('no certificate in PEM');
  });
});
