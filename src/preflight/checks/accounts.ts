/** ServiceAccounts among the members' that are no member's: they are in the group, and have its rights. */

import { type Finding, ok, unknown, warning } from '../../audit/finding.ts';
import { listed } from '../../audit/words.ts';
import { isOwned } from '../../core/model.ts';
import { probeNamePrefix } from '../../core/names.ts';
import { accountMessages as messages } from '../../lib/messages/preflight-deployment.ts';
import type { PreflightContext } from '../context.ts';

/** Kubernetes makes it in every namespace; no member may be called so. */
const kubernetesOwn = 'default';

export async function accounts(context: PreflightContext): Promise<Finding[]> {
  const { settings, gathered, commands, options } = context;
  if ((await gathered.namespace(settings.accounts.namespace)) === undefined)
    return [unknown(messages.noNamespace({ namespace: settings.accounts.namespace }))];
  const all = await gathered.accounts();
  const owned = all.filter(isOwned);
  const foreign = all.filter((account) => !isOwned(account) && account.name !== kubernetesOwn);
  const [probes, others] = [
    foreign.filter(({ name }) => name.startsWith(probeNamePrefix)),
    foreign.filter(({ name }) => !name.startsWith(probeNamePrefix)),
  ];
  const inTheWay = await namesInTheWay(
    context,
    others.map(({ name }) => name),
  );
  const findings: Finding[] = others.map(({ name, labelled }) => {
    const { namespace } = settings.accounts;
    return warning(messages.foreign({ name, namespace, labelled, instead: inTheWay.get(name) }), {
      label: messages.unlessNeeded(),
      command: commands.kubectl`-n ${settings.accounts.namespace} delete serviceaccount/${name}`,
    });
  });
  if (probes.length > 0 && !options.probe) {
    findings.push(
      warning(
        messages.probeLeft({ names: listed(probes.map(({ name }) => name)), namespace: settings.accounts.namespace }),
        commands.credentialsUpdater('preflight', ['--probe']),
      ),
    );
  }
  return findings.length > 0
    ? findings
    : [ok(owned.length === 0 ? messages.none() : messages.allMembers({ accounts: owned.length }))];
}

/** By account name: the name that the member of that login id gets instead. Nothing where the directory can't be asked. */
async function namesInTheWay({ nextSync }: PreflightContext, names: readonly string[]): Promise<Map<string, string>> {
  if (names.length === 0) return new Map();
  const next = await nextSync().catch(() => undefined);
  return new Map(
    (next?.plan.create ?? []).flatMap(({ member, name }) =>
      member.login !== null && names.includes(member.login) ? [[member.login, name] as const] : [],
    ),
  );
}
