/** A member's kubeconfig with the token in it. */
import { type KubeconfigCluster, renderKubeconfig } from '../kube/kubeconfig-document.ts';
import type { Parcel } from './delivery.ts';

/** `kim@lab`: the user and the context, as `kubeconfig` and `login` name them. */
export function memberKubeconfig({ account, credential }: Parcel, cluster: KubeconfigCluster): string {
  const name = `${account.name}@${cluster.name}`;
  return renderKubeconfig({
    cluster,
    user: { name, credential: { token: credential.secret } },
    contextName: name,
  });
}
