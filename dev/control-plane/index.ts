/** A real Kubernetes control plane for development and tests. */
export type { ApiRequest } from './api-request.ts';

export {
  BinariesMissingError,
  type BinaryModule,
  kubernetes,
  oldestKubernetes,
  pinnedVersion,
  provideBinaries,
} from './binaries/index.ts';
export {
  type ClusterAccess,
  type ClusterConnection,
  connectCluster,
  type KubectlResult,
} from './cluster-access.ts';
export { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
export { type Daemon, startDaemon } from './daemon.ts';
export { type SupervisedProcess, type Supervisor } from './supervisor/index.ts';
