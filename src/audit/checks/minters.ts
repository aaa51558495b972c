/** Who else can act as a member: mint their tokens, impersonate them, or start pods under their ServiceAccounts. */
import type { AuditContext } from '../context.ts';
import { type Gain, gainsOfAll, type PlacedRule, rightsBeyond } from '../escalation.ts';
import { type Finding, failed, ok, warning } from '../finding.ts';
import { gatewayAccount, gatewayRules, isGatewayHeld } from '../gateway-policies.ts';
import { isMembersGroup, memberNamed, namespaceOwnerRole, ownedNamespaces } from '../members.ts';
import {
  type Binding,
  type Grant,
  grantsOf,
  isSubject,
  type PolicyRule,
  ruleOf,
  type Subject,
  serviceAccountIdentity,
} from '../rbac.ts';
import { bySubject, pathOf, removeSubjectCommand, subjectName } from '../words.ts';

/** Ways to act as any account of a namespace. */
const waysToActAsMembers: readonly Gain[] = [
  'does everything',
  'mints tokens',
  'impersonates others',
  'makes Secrets, so a token for any ServiceAccount',
  'starts pods under any ServiceAccount',
  'gives itself other rights',
];

export async function minters(context: AuditContext): Promise<Finding[]> {
  const { namespaces, gathered, commands } = context;
  const { podNamespace, targetNamespace } = namespaces;
  const updater = serviceAccountIdentity(podNamespace, await context.updaterAccount());
  const gateway = serviceAccountIdentity(podNamespace, gatewayAccount);
  const isHeld = await isGatewayHeld(gathered);
  const ofGateway = gatewayRules(targetNamespace).map((rule) => ({ rule, namespace: targetNamespace }));
  const owned = ownedNamespaces(await gathered.namespaces());
  const others = grantsOf(await gathered.rbac())
    .filter(({ namespace }) => namespace === undefined || namespace === targetNamespace)
    .filter(({ binding, subject }) => !isKubernetesOwn(binding, subject))
    .filter(({ rule }) => !givesNamespacesToOwners(rule))
    // The updater and the members have checks of their own.
    .filter(({ subject }) => subject.kind === 'Group' || !isSubject(subject, updater))
    // Of a gateway, its policies bound what it uses, and nothing else.
    .flatMap((grant) =>
      isHeld && grant.subject.kind !== 'Group' && isSubject(grant.subject, gateway) ? beyond(grant, ofGateway) : grant,
    )
    .filter(
      ({ subject }) => !isMembersGroup(subject, targetNamespace) && memberNamed(subject, targetNamespace) === undefined,
    );

  const findings = [...Map.groupBy(others, ({ binding }) => binding).values()].flatMap((ofBinding) =>
    bySubject(ofBinding).flatMap(([subject, grants]) => {
      const [first] = grants;
      const gains = waysFrom(grants);
      if (first === undefined || gains.length === 0) return [];
      const fix = {
        label: 'unless it is meant',
        command: removeSubjectCommand(commands, first.binding, subject),
      };
      const text = `${subjectName(subject)} can act as any member: it ${gains.join(', ')}, by ${pathOf(first)}`;
      const isMembersOwn = subject.kind === 'ServiceAccount' && owned.has(subject.namespace ?? '');
      return [isMembersOwn ? failed(`${text}. Its namespace is a member's`, fix) : warning(text, fix)];
    }),
  );
  return findings.length > 0
    ? findings
    : [ok(`only Kubernetes itself and the updater can act as the accounts in ${targetNamespace}`)];
}

function waysFrom(grants: readonly Grant[]): Gain[] {
  const gains = gainsOfAll(grants);
  return waysToActAsMembers.filter((gain) => gains.includes(gain));
}

/** The rights of the grant that are not among these, as grants. */
function beyond(grant: Grant, allowed: readonly PlacedRule[]): Grant[] {
  return rightsBeyond(grant.rule, grant.namespace, allowed).map((right) => ({ ...grant, rule: ruleOf(right) }));
}

/** deploy/policies gives this to Kyverno, which makes a new namespace its creator's. */
function givesNamespacesToOwners({ verbs, resourceNames }: PolicyRule): boolean {
  return (
    verbs.every((verb) => verb === 'bind') && resourceNames.length === 1 && resourceNames[0] === namespaceOwnerRole
  );
}

/** Controllers and administrators that the API server's and kubeadm's own bindings name. */
function isKubernetesOwn(binding: Binding, { kind, name, namespace }: Subject): boolean {
  if (kind === 'Group' && name === 'kubeadm:cluster-admins') return true;
  if (!binding.builtIn) return false;
  return kind === 'ServiceAccount' ? namespace === 'kube-system' : name.startsWith('system:');
}
