/** kubelet and kube-proxy: what turns a machine with containerd into a node. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ControlPlane } from '../control-plane/index.ts';
import { CLUSTER_DNS_ADDRESS } from './cluster-dns.ts';
import type { NodeNetwork } from './network.ts';
import type { Sandbox } from './sandbox.ts';

export interface NodeIdentity {
  readonly name: string;
  /** The API server's address as the node reaches it. */
  readonly server: string;
}

export async function startKubelet(
  sandbox: Sandbox,
  program: string,
  controlPlane: ControlPlane,
  { name, server }: NodeIdentity,
  network: NodeNetwork,
  containerRuntimeEndpoint: string,
): Promise<void> {
  const directory = join(sandbox.directory, 'kubelet');
  await mkdir(directory);
  const resolvConf = join(directory, 'resolv.conf');
  // The node looks nothing up outside the cluster.
  await writeFile(resolvConf, '');
  const configuration = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: controlPlane.certificateAuthorityFile },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: sandbox.cgroup,
    clusterDNS: [CLUSTER_DNS_ADDRESS],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint,
    // A developer's disk may be fuller than a server's should be.
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    failCgroupV1: false,
    failSwapOn: false,
    resolvConf,
    volumePluginDir: join(directory, 'volume-plugins'),
    podLogsDir: join(directory, 'pod-logs'),
    staticPodPath: '',
    // Tests should not wait for a pod's end or a Secret's arrival longer than they must.
    syncFrequency: '10s',
    // What the machine runs besides is not the node's, so the kernel's settings stay as they are.
    protectKernelDefaults: false,
    makeIPTablesUtilChains: true,
  };
  const configurationFile = join(directory, 'config.yaml');
  await writeFile(configurationFile, stringify(configuration));
  await sandbox.spawn(
    [
      program,
      `--config=${configurationFile}`,
      `--kubeconfig=${await nodeKubeconfig(controlPlane, server, `system:node:${name}`, ['system:nodes'])}`,
      `--hostname-override=${name}`,
      `--node-ip=${network.nodeAddress}`,
      `--root-dir=${directory}/root`,
      `--cert-dir=${directory}/pki`,
    ],
    join(sandbox.directory, 'kubelet.log'),
  );
}

export async function startKubeProxy(
  sandbox: Sandbox,
  program: string,
  controlPlane: ControlPlane,
  { name, server }: NodeIdentity,
  network: NodeNetwork,
): Promise<void> {
  const configuration = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: await nodeKubeconfig(controlPlane, server, 'system:kube-proxy', []) },
    mode: 'iptables',
    clusterCIDR: network.podNetwork,
    hostnameOverride: name,
    // The table of connections is the machine's: it is not for a node in a namespace to resize.
    conntrack: { maxPerCore: 0 },
  };
  const file = join(sandbox.directory, 'kube-proxy.yaml');
  await writeFile(file, stringify(configuration));
  await sandbox.spawn([program, `--config=${file}`], join(sandbox.directory, 'kube-proxy.log'));
}

/** A kubeconfig that reaches the API server from within the sandbox. */
async function nodeKubeconfig(
  controlPlane: ControlPlane,
  server: string,
  user: string,
  groups: readonly string[],
): Promise<string> {
  const kubeconfig = await controlPlane.kubeconfigFor({ user, groups });
  const { exitCode, stderr } = await controlPlane.kubectl(
    ['config', 'set-cluster', 'pks', `--server=${server}`, `--kubeconfig=${kubeconfig}`],
    { kubeconfig },
  );
  if (exitCode !== 0) throw new Error(`kubectl config set-cluster failed: ${stderr.trim()}`);
  return kubeconfig;
}
