import type { ClusterAccess } from '../kube/kubeconfig.ts';
import { commandTemplate } from '../lib/shell-command.ts';

/** What brings the members' namespace and the Roles back, for hints. The base alone lacks the settings of production. */
export function deployCommand({ kubectl }: Pick<ClusterAccess, 'kubectl'>): string {
  return `\`${commandTemplate(kubectl)`apply -k deploy/overlays/production`}\``;
}
