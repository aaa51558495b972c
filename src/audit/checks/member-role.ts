/** What every member may do cluster-wide: enough to make a namespace of their own, and nothing that leads further. */
import type { AuditContext } from '../context.ts';
import { type Finding, failed, ok, unknown, warning } from '../finding.ts';
import {
  criticalNamespaces,
  isMembersGroup,
  memberNamed,
  memberRules,
  ownedNamespaces,
  readerRoleName,
  readerRules,
} from '../members.ts';
import { type Grant, grantsOf, grantsRight, type RbacObjects, rightsOf, serviceAccountsGroup } from '../rbac.ts';
import { leadsToText, mayText, reachOf } from '../reach.ts';
import { bindingName, bySubjectOfBinding, pathOf, removeSubjectCommand, rightsText, subjectName } from '../words.ts';

const memberRoleName = 'poolc-member';

export async function memberRole(context: AuditContext): Promise<Finding[]> {
  const rbac = await context.gathered.rbac();
  const grants = grantsOf(rbac);
  const targetNamespace = context.namespaces.targetNamespace;
  const ofMembers = grants.filter(({ subject }) => isMembersGroup(subject, targetNamespace));
  const closed = criticalNamespaces(grants, context.namespaces);
  const owned = ownedNamespaces(await context.gathered.namespaces());
  const findings = [
    ...missing(context, rbac, ofMembers),
    ...bySubjectOfBinding(ofMembers).flatMap((each) => beyondForAll(context, each, closed)),
    ...bySubjectOfBinding(grants.filter(({ subject }) => memberNamed(subject, targetNamespace) !== undefined)).flatMap(
      (each) => beyondForOne(context, each, (namespace) => closed(namespace) && !owned.has(namespace)),
    ),
  ];
  return findings.length > 0
    ? findings
    : [
        ok(
          ofMembers.some(({ role }) => role.name === readerRoleName)
            ? `every member may see namespaces and Ingresses and create namespaces, and read what ${readerRoleName} says, no more`
            : 'every member may see namespaces and Ingresses and create namespaces, no more',
        ),
      ];
}

function missing(
  { namespaces, commands, expectsPolicies }: AuditContext,
  rbac: RbacObjects,
  grants: readonly Grant[],
): Finding[] {
  const group = serviceAccountsGroup(namespaces.targetNamespace);
  // A club whose members create no namespaces gives them nothing cluster-wide.
  if (
    !expectsPolicies &&
    !rbac.bindings.some((binding) => binding.namespace === undefined && binding.roleRef.name === memberRoleName)
  )
    return [];
  const lacking = memberRules
    .flatMap((rule) => rightsOf(rule, undefined))
    .filter((right) => !grants.some(({ rule, namespace }) => grantsRight(rule, namespace, right)));
  if (lacking.length === 0) return [];
  return [failed(`members may not ${rightsText(lacking)}: ${whyNot(rbac, group)}`, commands.applyMemberRole)];
}

function whyNot({ roles, bindings }: RbacObjects, group: string): string {
  const naming = bindings.filter(
    ({ namespace, subjects }) =>
      namespace === undefined && subjects.some(({ kind, name }) => kind === 'Group' && name === group),
  );
  const hasRole = roles.some(({ name, namespace }) => namespace === undefined && name === memberRoleName);
  if (naming.length === 0) {
    const role = hasRole ? '' : `, and the ClusterRole ${memberRoleName} does not exist`;
    return `no ClusterRoleBinding names the group ${group}${role}`;
  }
  const dangling = naming.find(
    ({ roleRef }) => !roles.some(({ name, namespace }) => namespace === undefined && name === roleRef.name),
  );
  if (dangling !== undefined)
    return `${bindingName(dangling)} names the ClusterRole ${dangling.roleRef.name}, which does not exist`;
  return `the ClusterRoles of the group ${group} lack it`;
}

/** A right of the group is a right of everybody who joins tomorrow. */
function beyondForAll(
  { commands }: AuditContext,
  grants: readonly Grant[],
  closed: (namespace: string) => boolean,
): Finding[] {
  const [first] = grants;
  if (first === undefined) return [];
  const { namespace, subject, binding, role } = first;
  // By any other role, the same rights are nobody's choice.
  const chosen = role.namespace === undefined && role.name === readerRoleName ? readerRules : [];
  const reach = reachOf(grants, [...memberRules, ...chosen]);
  if (reach.rights.length === 0) return [];
  const text = `every member ${mayText(reach, namespace)}, by ${subjectName(subject)} → ${pathOf(first)}${leadsToText(reach)}`;
  const isOurs = role.name === memberRoleName && binding.name === memberRoleName;
  const fix = isOurs ? commands.applyMemberRole : removeSubjectCommand(commands, binding, subject);
  const leadsOut = reach.leads.length > 0 && (namespace === undefined || closed(namespace));
  return [leadsOut ? failed(text, fix) : warning(text, fix)];
}

/**
 * An operator may be a member too, so that this is for people to judge. In a namespace, what one may do there and nowhere
 * else is between its owner and them, unless the namespace is closed.
 */
function beyondForOne(
  { commands }: AuditContext,
  grants: readonly Grant[],
  closed: (namespace: string) => boolean,
): Finding[] {
  const [first] = grants;
  const reach = reachOf(grants, memberRules);
  if (first === undefined || reach.rights.length === 0) return [];
  const { namespace, subject, binding } = first;
  const leadsOn = reach.leads.length + reach.unknownGroups.length > 0;
  if (namespace !== undefined && !(leadsOn && closed(namespace))) return [];
  const text = `the member of ${subjectName(subject)} ${mayText(reach, namespace)}, by ${pathOf(first)}${leadsToText(reach)}. Anyone who gets hold of their token can, too`;
  const fix = { label: 'unless it is meant', command: removeSubjectCommand(commands, binding, subject) };
  return [reach.leads.length === 0 && leadsOn ? unknown(text, fix) : warning(text, fix)];
}
