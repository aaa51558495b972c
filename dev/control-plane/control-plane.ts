/** Starts a real Kubernetes control plane, set up as PoolC's cluster is. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { elapsed } from '../elapsed.ts';
import { chosenVersions, type Versions } from '../versions.ts';
import { type AuditRule, writeAuditPolicy } from './audit.ts';
import { type KubernetesProgram, kubernetes, oldestKubernetes, provideBinaries } from './binaries/index.ts';
import { writeSecret } from './certificates.ts';
import { type ClusterAccess, connectCluster, renderKubeconfig } from './cluster-access.ts';
import { startEtcd } from './etcd.ts';
import type { Flags } from './flags.ts';
import { startApiServer } from './kube-apiserver.ts';
import { startControllerManager } from './kube-controller-manager.ts';
import { createPki, writeSigningKey } from './pki.ts';
import { type Supervisor, startSupervisor } from './supervisor/index.ts';

export interface ControlPlaneOptions {
  /** Of kube-apiserver; the programs beside it are always the newest. Default: what `PKS_PART_VERSIONS` says. */
  readonly versions?: Versions;
  /** Runs kube-controller-manager too: namespaces get their ServiceAccount `default`, deleted ones really go. */
  readonly controllerManager?: boolean;
  /** kube-apiserver's flags, without dashes; they replace or add to those it is given otherwise. */
  readonly apiServerArgs?: Flags;
  readonly controllerManagerArgs?: Flags;
  /** Default: `127.0.0.1`, or every address (`0.0.0.0`) where an `advertiseAddress` is given. */
  readonly bindAddress?: string;
  /** Where pods and nodes reach the API server, e.g. a bridge's address. Default: nowhere. */
  readonly advertiseAddress?: string;
  /** How much is audited; credentials' bodies never are, whatever a rule says. Default: everything, without bodies. */
  readonly auditRules?: readonly AuditRule[];
  /** For keys, logs and data; new or empty, and kept at the end. Default: a temporary one that goes at the end. */
  readonly directory?: string;
  /** Called with one line at a time. */
  readonly onProgress?: (line: string) => void;
}

export interface ControlPlane extends ClusterAccess, AsyncDisposable {
  /** The supervisor that ends everything with this process; more can be put into its care. */
  readonly supervisor: Supervisor;
  /** The path of a program that is running here, or kubectl's. */
  programPath(name: KubernetesProgram): string;
  /** `abruptly`: a crash, rather than a shutdown that lets requests finish (5 s at most). */
  stopApiServer(options?: { abruptly?: boolean }): Promise<void>;
  /** Starts it again at the same address, with its data, and waits until it is ready. */
  startApiServer(): Promise<void>;
  stopEtcd(options?: { abruptly?: boolean }): Promise<void>;
  startEtcd(): Promise<void>;
  /** Freezes etcd: requests that need it hang. */
  pauseEtcd(): void;
  resumeEtcd(): void;
  /** Signs ServiceAccount tokens with a new key from now on. `acceptOld: false`: earlier tokens are refused. */
  rotateSigningKey(options?: { acceptOld?: boolean }): Promise<void>;
  /** Ends everything; a temporary directory is removed. */
  stop(): Promise<void>;
}

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { onProgress = () => {} } = options;
  const programPath = await providePrograms(options);

  const started = performance.now();
  const supervisor = await startSupervisor({ directory: chooseDirectory(options.directory) });
  try {
    const controlPlane = await startPrograms(options, supervisor, programPath);
    onProgress(`control plane: ready at ${controlPlane.server} (${elapsed(started)})`);
    return controlPlane;
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

async function providePrograms({
  controllerManager = false,
  versions = chosenVersions(),
  onProgress = () => {},
}: ControlPlaneOptions): Promise<(name: KubernetesProgram) => string> {
  const programs: KubernetesProgram[] = ['etcd', 'kubectl'];
  if (controllerManager) programs.push('kube-controller-manager');
  if (versions === 'newest') programs.push('kube-apiserver');
  const binaries = await provideBinaries(kubernetes, programs, { onProgress });
  if (versions === 'newest') return (name) => binaries.path(name);
  // The programs of KUBEBUILDER_ASSETS are of one version, which is not this one.
  const { KUBEBUILDER_ASSETS: _, ...environment } = process.env;
  const oldest = await provideBinaries(oldestKubernetes, ['kube-apiserver'], { environment, onProgress });
  return (name) => (name === 'kube-apiserver' ? oldest.path(name) : binaries.path(name));
}

async function startPrograms(
  options: ControlPlaneOptions,
  supervisor: Supervisor,
  programPath: (name: KubernetesProgram) => string,
): Promise<ControlPlane> {
  const { advertiseAddress, apiServerArgs = {}, controllerManagerArgs = {}, onProgress = () => {} } = options;
  const { bindAddress = advertiseAddress === undefined ? '127.0.0.1' : '0.0.0.0' } = options;
  const { directory } = supervisor;
  const pki = await createPki(directory, [bindAddress, ...(advertiseAddress === undefined ? [] : [advertiseAddress])]);
  let signing = { generation: 1, current: pki.signingKey, accepted: [pki.signingKey.publicKey] };

  const etcd = await startEtcd(programPath('etcd'), pki, supervisor, onProgress);
  const auditLog = join(directory, 'audit.log');
  const apiServer = await startApiServer(
    {
      program: programPath('kube-apiserver'),
      pki,
      etcdPort: etcd.port,
      bindAddress,
      advertiseAddress,
      auditPolicyFile: writeAuditPolicy(directory, options.auditRules ?? [{ level: 'Metadata' }]),
      auditLog,
      extraFlags: apiServerArgs,
      signing: () => signing,
    },
    supervisor,
    onProgress,
  );
  const server = `https://127.0.0.1:${apiServer.port}`;
  const admin = { user: 'kubernetes-admin', groups: ['system:masters'] };
  const cluster = await connectCluster({
    server,
    directory,
    kubeconfig: writeSecret(
      join(directory, 'admin.kubeconfig'),
      await renderKubeconfig(server, pki.clusterAuthority, admin),
    ),
    certificateAuthorityFile: pki.cluster.authority.certificate,
    certificateAuthorityKeyFile: pki.cluster.authority.key,
    adminCertificateFile: pki.cluster.admin.certificate,
    adminKeyFile: pki.cluster.admin.key,
    auditLog,
    kubectlPath: programPath('kubectl'),
  });
  const controllerManager = options.controllerManager
    ? await startControllerManager(
        {
          program: programPath('kube-controller-manager'),
          pki,
          cluster,
          extraFlags: controllerManagerArgs,
          signing: () => signing,
        },
        supervisor,
        onProgress,
      )
    : undefined;

  return {
    ...cluster,
    supervisor,
    programPath,
    stopApiServer: (how) => apiServer.stop(how),
    startApiServer: () => apiServer.start(),
    stopEtcd: (how) => etcd.stop(how),
    startEtcd: () => etcd.start(),
    pauseEtcd: () => etcd.pause(),
    resumeEtcd: () => etcd.resume(),
    async rotateSigningKey({ acceptOld = true } = {}) {
      const generation = signing.generation + 1;
      const current = await writeSigningKey(pki.directory, generation);
      signing = { generation, current, accepted: [current.publicKey, ...(acceptOld ? signing.accepted : [])] };
      await controllerManager?.stop({ abruptly: true });
      await apiServer.stop({ abruptly: true });
      await apiServer.start();
      await controllerManager?.start();
    },
    stop: () => supervisor.stop(),
    [Symbol.asyncDispose]: () => supervisor.stop(),
  };
}

function chooseDirectory(asked: string | undefined): Parameters<typeof startSupervisor>[0]['directory'] {
  if (asked === undefined) return { kind: 'temporary', prefix: 'pks-control-plane-' };
  const path = resolve(asked);
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw new Error(`The control plane's directory ${path} is not empty: name a new one, or empty it`);
  }
  return { kind: 'kept', path };
}
