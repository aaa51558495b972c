/** What every member may do cluster-wide: enough to make a namespace of their own, and nothing that leads further. */
import type { AuditContext } from '../context.ts';
import { gainsOfAll, rightsBeyond } from '../escalation.ts';
import { type Finding, failed, ok, warning } from '../finding.ts';
import {
  criticalNamespaces,
  isMembersGroup,
  memberNamed,
  memberRules,
  ownerOf,
  readerRoleName,
  readerRules,
} from '../members.ts';
import {
  everyonesRules,
  type Grant,
  grantsOf,
  grantsRight,
  type RbacObjects,
  rightsOf,
  serviceAccountsGroup,
} from '../rbac.ts';
import { bindingName, bySubject, pathOf, placeOf, removeSubjectCommand, rightsText, subjectName } from '../words.ts';

const memberRoleName = 'poolc-member';

export async function memberRole(context: AuditContext): Promise<Finding[]> {
  const rbac = await context.gathered.rbac();
  const grants = grantsOf(rbac);
  const targetNamespace = context.namespaces.targetNamespace;
  const ofMembers = grants.filter(({ subject }) => isMembersGroup(subject, targetNamespace));
  const closed = criticalNamespaces(grants, context.namespaces);
  const owned = new Set(
    (await context.gathered.namespaces())
      .filter((namespace) => ownerOf(namespace) !== undefined)
      .map(({ metadata }) => metadata.name),
  );
  const findings = [
    ...missing(context, rbac, ofMembers),
    ...byBinding(ofMembers).flatMap((each) => beyondForAll(context, each, closed)),
    ...byBinding(grants.filter(({ subject }) => memberNamed(subject, targetNamespace) !== undefined)).flatMap((each) =>
      beyondForOne(context, each, (namespace) => closed(namespace) && !owned.has(namespace)),
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

function byBinding(grants: readonly Grant[]): Grant[][] {
  // One subject of one binding at a time: that is what a command can take away.
  return [...Map.groupBy(grants, ({ binding }) => binding).values()].flatMap((each) =>
    bySubject(each).map(([, ofSubject]) => ofSubject),
  );
}

function missing({ namespaces, commands }: AuditContext, rbac: RbacObjects, grants: readonly Grant[]): Finding[] {
  const group = serviceAccountsGroup(namespaces.targetNamespace);
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
  const allowed = [...memberRules, ...everyonesRules, ...chosen].map((rule) => ({ rule, namespace: undefined }));
  const tooMuch = grants.filter(({ rule }) => rightsBeyond(rule, namespace, allowed).length > 0);
  if (tooMuch.length === 0) return [];
  const rights = tooMuch.flatMap(({ rule }) => rightsBeyond(rule, namespace, allowed));
  const gains = gainsOfAll(tooMuch.map(({ rule }) => rule));
  const text = `every member may ${rightsText(rights)} ${placeOf(namespace)}, by ${subjectName(subject)} → ${pathOf(first)}`;
  const isOurs = role.name === memberRoleName && binding.name === memberRoleName;
  const fix = isOurs ? commands.applyMemberRole : removeSubjectCommand(commands, binding, subject);
  if (gains.length === 0) return [warning(text, fix)];
  const leadsOut = namespace === undefined || closed(namespace);
  const finding = `${text}: anyone who has that ${gains.join(', ')}`;
  return [leadsOut ? failed(finding, fix) : warning(finding, fix)];
}

/** An operator may be a member too, so that this is for people to judge. */
function beyondForOne(
  { commands }: AuditContext,
  grants: readonly Grant[],
  closed: (namespace: string) => boolean,
): Finding[] {
  const [first] = grants;
  if (first === undefined) return [];
  const { namespace, subject, binding } = first;
  const gains = gainsOfAll(grants.map(({ rule }) => rule));
  if (gains.length === 0 || (namespace !== undefined && !closed(namespace))) return [];
  return [
    warning(
      `the member of ${subjectName(subject)} ${gains.join(', ')} ${placeOf(namespace)}, by ${pathOf(first)}. Anyone who gets hold of their token can, too`,
      { label: 'unless it is meant', command: removeSubjectCommand(commands, binding, subject) },
    ),
  ];
}
