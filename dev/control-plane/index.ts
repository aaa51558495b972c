/** A real Kubernetes control plane for development and tests. */
export type { ApiRequest, ApiResponse } from './api-request.ts';
export type { AuditRule } from './audit.ts';
export {
  BinariesMissingError,
  type BinaryModule,
  type KubernetesProgram,
  kubernetes,
  pinnedVersion,
  provideBinaries,
} from './binaries/index.ts';
export {
  type ClusterAccess,
  type ClusterConnection,
  connectCluster,
  type Identity,
  type KubectlOptions,
  type KubectlResult,
} from './cluster-access.ts';
export { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
export { type Daemon, startDaemon } from './daemon.ts';
export { type SupervisedProcess, type Supervisor, startSupervisor } from './supervisor/index.ts';
