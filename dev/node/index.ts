/** A whole cluster on one machine, without Docker: a control plane, and a real node on top of it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../../src/lib/duration.ts';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  kubernetes,
  provideBinaries,
  startControlPlane,
} from '../control-plane/index.ts';
import { elapsed } from '../elapsed.ts';
import { dnsManifest, writeDnsImage, writeProgramImage } from './cluster-dns.ts';
import { type ContainerRuntime, startContainerd } from './containerd.ts';
import { startKubelet, startKubeProxy } from './kubelet.ts';
import { chooseNetwork, configurePodNetwork, connectSandbox, type NodeNetwork } from './network.ts';
import { containerd, coredns } from './programs.ts';
import { missingRequirements } from './requirements.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';

const NODE_NAME = 'pks-node';
const PAUSE_IMAGE = 'localhost/pause:dev';
const READY_TIMEOUT_MS = 120_000;
const READY_POLL_MS = 250;

export interface ClusterOptions
  extends Omit<ControlPlaneOptions, 'controllerManager' | 'bindAddress' | 'advertiseAddress'> {
  /** Names outside the cluster and the names inside it that stand for them, in the cluster's DNS. */
  readonly dnsAliases?: Readonly<Record<string, string>>;
}

export interface Cluster extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  /** Makes the images of an OCI or Docker archive available to pods (imagePullPolicy Never or IfNotPresent). */
  importImage(archive: string): Promise<void>;
  /** Gives an image another reference, which may be one by digest. */
  tagImage(reference: string, alias: string): Promise<void>;
  /** Ends everything; nothing is left on this machine. */
  stop(): Promise<void>;
}

/** Says why no node can run on this machine, and what to do. */
export class NodeImpossibleError extends Error {
  override readonly name = 'NodeImpossibleError';
}

/** Starts a control plane and a node, and waits until the node is Ready and the cluster's DNS answers. */
export async function startCluster({ dnsAliases = {}, ...options }: ClusterOptions = {}): Promise<Cluster> {
  const missing = missingRequirements();
  if (missing.length > 0) throw new NodeImpossibleError(`No node can run here.\n  ${missing.join('\n  ')}`);

  const { onProgress = () => {} } = options;
  const programs = await provideNodePrograms(onProgress);
  const network = chooseNetwork();
  const controlPlane = await startControlPlane({
    ...options,
    controllerManager: true,
    advertiseAddress: network.hostAddress,
  });
  try {
    const started = performance.now();
    const { supervisor } = controlPlane;
    const sandbox = await createSandbox(supervisor);
    await connectSandbox(sandbox, network);
    const runtime = await startNode(sandbox, network, controlPlane, programs);
    await startScheduler(programs.scheduler, controlPlane);
    await untilNodeReady(controlPlane);
    await deployDns(sandbox, runtime, programs.coredns, controlPlane, dnsAliases);
    onProgress(`node: ready (${elapsed(started)})`);
    return {
      controlPlane,
      importImage: (archive) => runtime.importImage(archive),
      tagImage: (reference, alias) => runtime.tagImage(reference, alias),
      stop: () => controlPlane.stop(),
      [Symbol.asyncDispose]: () => controlPlane.stop(),
    };
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
}

interface NodePrograms {
  readonly containerd: string;
  readonly shim: string;
  readonly ctr: string;
  readonly pause: string;
  readonly coredns: string;
  readonly kubelet: string;
  readonly kubeProxy: string;
  readonly scheduler: string;
}

async function provideNodePrograms(onProgress: (line: string) => void): Promise<NodePrograms> {
  const runtime = await provideBinaries(containerd, ['containerd', 'containerd-shim-runc-v2', 'ctr', 'pause'], {
    onProgress,
  });
  const dns = await provideBinaries(coredns, ['coredns'], { onProgress });
  const node = await provideBinaries(kubernetes, ['kubelet', 'kube-proxy', 'kube-scheduler'], { onProgress });
  return {
    containerd: runtime.path('containerd'),
    shim: runtime.path('containerd-shim-runc-v2'),
    ctr: runtime.path('ctr'),
    pause: runtime.path('pause'),
    coredns: dns.path('coredns'),
    kubelet: node.path('kubelet'),
    kubeProxy: node.path('kube-proxy'),
    scheduler: node.path('kube-scheduler'),
  };
}

async function startNode(
  sandbox: Sandbox,
  network: NodeNetwork,
  controlPlane: ControlPlane,
  programs: NodePrograms,
): Promise<ContainerRuntime> {
  const identity = {
    name: NODE_NAME,
    server: controlPlane.server.replace('127.0.0.1', network.hostAddress),
  };
  const cniConfiguration = await configurePodNetwork(sandbox, network);
  const runtime = await startContainerd(sandbox, programs, { cniConfiguration, pauseImage: PAUSE_IMAGE });
  const pause = await writeProgramImage(programs.pause, PAUSE_IMAGE, sandbox.directory);
  await runtime.importImage(pause.archive);
  await startKubelet(sandbox, programs.kubelet, controlPlane, identity, network, runtime.endpoint);
  await startKubeProxy(sandbox, programs.kubeProxy, controlPlane, identity, network);
  return runtime;
}

/** It serves nothing: that it works shows in the first pod that gets a node. */
async function startScheduler(program: string, controlPlane: ControlPlane): Promise<void> {
  const { supervisor } = controlPlane;
  const kubeconfig = await controlPlane.kubeconfigFor({ user: 'system:kube-scheduler' });
  await supervisor.spawn({
    command: [program, `--kubeconfig=${kubeconfig}`, '--secure-port=0', '--leader-elect=false'],
    logFile: join(supervisor.directory, 'kube-scheduler.log'),
  });
}

async function deployDns(
  sandbox: Sandbox,
  runtime: ContainerRuntime,
  program: string,
  controlPlane: ControlPlane,
  aliases: Readonly<Record<string, string>>,
): Promise<void> {
  const image = await writeDnsImage(program, sandbox.directory);
  await runtime.importImage(image.archive);
  await succeed(controlPlane, ['apply', '-f', '-'], dnsManifest(aliases));
  await succeed(controlPlane, ['rollout', 'status', '--namespace=kube-system', 'deployment/coredns', '--timeout=60s']);
}

async function untilNodeReady(controlPlane: ControlPlane): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  const readiness = ['get', 'node', NODE_NAME, '--output', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'];
  while ((await controlPlane.kubectl(readiness)).stdout !== 'True') {
    if (performance.now() > deadline) {
      throw new Error(
        `The node was not Ready within ${formatDuration(READY_TIMEOUT_MS / 1000)}; the logs of kubelet and containerd are in ${controlPlane.directory}/node`,
      );
    }
    await sleep(READY_POLL_MS);
  }
}

async function succeed(controlPlane: ControlPlane, args: readonly string[], input?: string): Promise<void> {
  const { exitCode, stderr } = await controlPlane.kubectl(args, input === undefined ? {} : { input });
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} failed: ${stderr.trim()}`);
}
