/** CoreDNS as kubeadm deploys it: a Deployment behind the Service kube-dns. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { hostArchitecture } from '../image/architecture.ts';
import { writeImageArchive } from '../image/image-archive.ts';
import { writeTar } from '../image/tar.ts';

/** The address that kubeadm gives kube-dns. */
export const CLUSTER_DNS_ADDRESS = '10.96.0.10';
const IMAGE = 'localhost/coredns:dev';
const NAMESPACE = 'kube-system';

export interface ProgramImage {
  readonly reference: string;
  readonly archive: string;
}

/** An image that holds one static program. */
export async function writeProgramImage(program: string, reference: string, directory: string): Promise<ProgramImage> {
  const name = reference.replaceAll(/[^a-z0-9]+/g, '-');
  const layer = await writeTar([{ path: 'program', kind: 'file', mode: 0o755, content: await readFile(program) }], 0);
  const { content } = await writeImageArchive({
    reference,
    architecture: hostArchitecture(),
    layer,
    secondsSinceEpoch: 0,
    entrypoint: ['/program'],
    environment: {},
    userId: 65_535,
    labels: {},
  });
  const archive = join(directory, `${name}.tar`);
  await writeFile(archive, content);
  return { reference, archive };
}

export function writeDnsImage(program: string, directory: string): Promise<ProgramImage> {
  return writeProgramImage(program, IMAGE, directory);
}

/** @param aliases names outside the cluster and the names inside it that stand for them */
export function dnsManifest(aliases: Readonly<Record<string, string>>): string {
  const labels = { 'k8s-app': 'kube-dns' };
  const metadata = { name: 'coredns', namespace: NAMESPACE };
  const rules = [
    { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  ];
  const documents = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'system:coredns' }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'system:coredns' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { Corefile: corefile(aliases) } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: NAMESPACE },
      spec: {
        selector: labels,
        clusterIP: CLUSTER_DNS_ADDRESS,
        ports: [
          { name: 'dns', port: 53, targetPort: 1053, protocol: 'UDP' },
          { name: 'dns-tcp', port: 53, targetPort: 1053, protocol: 'TCP' },
        ],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...metadata, labels },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: dnsPod() },
      },
    },
  ];
  return documents.map((document) => stringify(document)).join('---\n');
}

function dnsPod(): object {
  return {
    serviceAccountName: 'coredns',
    // It answers the cluster; it doesn't ask itself.
    dnsPolicy: 'Default',
    containers: [
      {
        name: 'coredns',
        image: IMAGE,
        imagePullPolicy: 'Never',
        args: ['-conf', '/etc/coredns/Corefile'],
        readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
        volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
    volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
  };
}

function corefile(aliases: Readonly<Record<string, string>>): string {
  const rewrites = Object.entries(aliases).map(
    ([name, target]) => `    rewrite name exact ${name}. ${target}. answer auto`,
  );
  return [
    '.:1053 {',
    '    errors',
    '    ready',
    ...rewrites,
    '    kubernetes cluster.local in-addr.arpa ip6.arpa',
    '    cache 5',
    '}',
    '',
  ].join('\n');
}
