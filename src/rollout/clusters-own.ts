/** Namespaces that get no owner: those that the policies trust by their whole names, and those of Kubernetes and the club. */
import type { Gathered } from '../audit/gather.ts';
import { trustedNamespaces } from '../audit/system-namespaces.ts';

export async function isClustersOwn(gathered: Gathered): Promise<(namespace: string) => boolean> {
  const { names } = await trustedNamespaces(gathered);
  return (namespace) => names.has(namespace) || /^(default$|kube-|poolc-)/.test(namespace);
}
