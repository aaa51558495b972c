/**
 * What ServiceAccounts of members' namespaces may do outside of them. Anyone who may start a pod there has it: the owner,
 * whom they invited, and whoever gets hold of a token in it.
 */
import { allInOrder } from '../../lib/all-in-order.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, failed, ok, unknown, warning } from '../finding.ts';
import { criticalNamespaces, namespaceNamed, ownedNamespaces } from '../members.ts';
import { type Grant, grantsOf, type Subject } from '../rbac.ts';
import { leadsToText, mayText, reachOf } from '../reach.ts';
import { trustedNamespaces } from '../system-namespaces.ts';
import { bySubjectOfBinding, pathOf, removeSubjectCommand, subjectName } from '../words.ts';

export async function memberNamespaces(context: AuditContext): Promise<Finding[]> {
  const { gathered, namespaces } = context;
  const [rbac, owned, trusted] = await allInOrder([
    gathered.rbac(),
    gathered.namespaces().then(ownedNamespaces),
    trustedNamespaces(gathered),
  ]);
  const grants = grantsOf(rbac);
  const isCritical = criticalNamespaces(grants, namespaces);
  const outside = (namespace: string | undefined): boolean =>
    namespace === undefined ||
    // The names that the policies trust, and the members' accounts, have checks of their own.
    (isCritical(namespace) &&
      !owned.has(namespace) &&
      !trusted.names.has(namespace) &&
      namespace !== namespaces.targetNamespace);
  // The members' own accounts are no robots, whatever label their namespace bears.
  const isRobot = (subject: Subject): boolean => {
    const named = namespaceNamed(subject);
    return named !== undefined && named !== namespaces.targetNamespace && owned.has(named);
  };
  const ofRobots = grants.filter(({ subject, namespace }) => isRobot(subject) && outside(namespace));
  const findings = bySubjectOfBinding(ofRobots).flatMap((each) => beyond(context, each));
  return findings.length > 0
    ? findings
    : [ok(`no ServiceAccount of the ${owned.size} members' namespaces has a right outside of them`)];
}

function beyond({ commands }: AuditContext, grants: readonly Grant[]): Finding[] {
  const [first] = grants;
  const reach = reachOf(grants);
  if (first === undefined || reach.rights.length === 0) return [];
  const { namespace, subject, binding } = first;
  const text = `${subjectName(subject)} of a member's namespace ${mayText(reach, namespace)}, by ${pathOf(first)}${leadsToText(reach)}. Anyone who may start a pod in that namespace can, too`;
  const fix = { label: 'unless it is meant', command: removeSubjectCommand(commands, binding, subject) };
  if (reach.leads.length > 0) return [failed(text, fix)];
  return [reach.unknownGroups.length > 0 ? unknown(text, fix) : warning(text, fix)];
}
