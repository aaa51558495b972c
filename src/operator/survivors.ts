/** What a revocation does not end: what the member made in their namespaces is no account of ours. Reads only. */
import { printable } from '../core/model.ts';
import type { ClusterClient } from '../kube/client.ts';
import { Failure } from '../lib/failure.ts';
import { commandTemplate } from '../lib/shell-command.ts';
import { namespacesOfAccounts, ownerLabel } from '../registry/members-namespaces.ts';
import { readNamesGiven } from '../registry/names-given.ts';
import type { RegistryPlace } from '../registry/place.ts';
import type { FoundMember } from './find-member.ts';

const survivors =
  'serviceaccounts,rolebindings,deployments,statefulsets,daemonsets,replicasets,replicationcontrollers,jobs,cronjobs,pods';
const mostCommands = 10;

/** In sentences, each followed by the command lines that show it. */
export async function survivorsText(
  client: ClusterClient,
  registry: RegistryPlace,
  { memberId, label, accounts }: FoundMember,
  signal: AbortSignal,
): Promise<string> {
  const kubectl = commandTemplate(client.access.kubectl);
  const names = new Set(accounts.map(({ name }) => name));
  try {
    for (const [name, id] of await readNamesGiven(client, registry, signal)) if (id === memberId) names.add(name);
    const namespaces = names.size === 0 ? [] : await namespacesOfAccounts(client, names, signal);
    if (namespaces.length === 0) return `No namespace is ${label}'s, so nothing of theirs runs on in one.`;
    const shown = namespaces.slice(0, mostCommands);
    const more = namespaces.length > shown.length ? ` (the first ${shown.length} of ${namespaces.length})` : '';
    return [
      `What goes on in the namespaces of ${label}: workloads, ServiceAccounts, and tokens of these in Secrets, by which whoever has one still gets in. To see them${more}:`,
      ...shown.flatMap((namespace) => [
        kubectl`-n ${namespace} get ${survivors}`,
        kubectl`-n ${namespace} get secrets --field-selector type=kubernetes.io/service-account-token`,
      ]),
    ].join('\n');
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    return [
      `Which namespaces are ${label}'s could not be seen: ${error.message}. Workloads, ServiceAccounts and tokens of these go on there. As an administrator, list them:`,
      ...[...names].map((name) => kubectl`get namespaces -l ${`${ownerLabel}=${printable(name)}`}`),
    ].join('\n');
  }
}
