/**
 * Bindings that name ServiceAccounts of namespaces that do not exist. A namespace's name outlives it: whoever creates the
 * next one of that name, and in it a ServiceAccount, has what is still bound to it.
 */

import { printable } from '../../core/model.ts';
import { allInOrder } from '../../lib/all-in-order.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, failed, ok, unknown, warning } from '../finding.ts';
import { namespaceNamed, ownedNamespaces } from '../members.ts';
import { type Binding, type Grant, grantsOf, type Subject } from '../rbac.ts';
import { leadsToText, mayText, type Reach, reachOf } from '../reach.ts';
import { namesForMembers } from '../system-namespaces.ts';
import { bindingName, enListed, removeSubjectCommand, subjectName } from '../words.ts';

interface Naming {
  readonly binding: Binding;
  readonly subject: Subject;
  /** The namespace that doesn't exist. */
  readonly missing: string;
  readonly grants: readonly Grant[];
}

export async function freeNames(context: AuditContext): Promise<Finding[]> {
  const { gathered } = context;
  const [rbac, namespaces, mayTake] = await allInOrder([
    gathered.rbac(),
    gathered.namespaces(),
    namesForMembers(gathered),
  ]);
  const existing = new Set(namespaces.map(({ metadata }) => metadata.name));
  const owned = ownedNamespaces(namespaces);
  // Of these two, the check of the namespaces says that they are missing.
  const reported = new Set([context.namespaces.targetNamespace, context.namespaces.podNamespace]);
  const grants = Map.groupBy(grantsOf(rbac), ({ binding }) => binding);
  const namings = rbac.bindings.flatMap((binding) =>
    // The last first, so that the commands for one binding can be run one after the other.
    binding.subjects.toReversed().flatMap((subject): Naming[] => {
      const missing = namespaceNamed(subject);
      if (missing === undefined || existing.has(missing) || reported.has(missing)) return [];
      const ofSubject = (grants.get(binding) ?? []).filter((grant) => grant.subject === subject);
      return [{ binding, subject, missing, grants: ofSubject }];
    }),
  );
  const isMembers = ({ binding }: Naming): boolean => binding.namespace !== undefined && owned.has(binding.namespace);
  const findings = [
    ...namings.filter((naming) => !isMembers(naming)).map((naming) => findingOf(context, naming, mayTake)),
    ...membersOwn(namings.filter(isMembers)),
  ];
  return findings.length > 0
    ? findings
    : [ok(`each ServiceAccount that one of ${rbac.bindings.length} bindings names is of a namespace that exists`)];
}

function findingOf(
  { commands }: AuditContext,
  { binding, subject, missing, grants }: Naming,
  mayTake: (namespace: string) => boolean,
): Finding {
  const reach = reachOf(grants);
  const takes = mayTake(missing);
  const heir = takes
    ? 'a member may create it, and then has what is bound to it'
    : 'the person who creates it gets what is bound to it';
  const text = `${bindingName(binding)} names ${subjectName(subject)}, but there is no namespace ${printable(missing)}: ${heir}: ${whatText(reach, binding)}`;
  const fix = { label: 'unless the namespace comes soon', command: removeSubjectCommand(commands, binding, subject) };
  if (reach.leads.length > 0) return takes ? failed(text, fix) : warning(text, fix);
  return reach.unknownGroups.length > 0 ? unknown(text, fix) : warning(text, fix);
}

function whatText(reach: Reach, { namespace, roleRef }: Binding): string {
  if (reach.rights.length === 0) return `${roleRef.kind} ${printable(roleRef.name)}, which gives nothing now`;
  return `it ${mayText(reach, namespace)}${leadsToText(reach)}`;
}

/** What a member gives in a namespace of theirs is theirs to give, and there may be many. */
function membersOwn(namings: readonly Naming[]): Finding[] {
  if (namings.length === 0) return [];
  const each = namings.map(({ binding, missing }) => `${bindingName(binding)} (${printable(missing)})`);
  return [
    warning(
      `${namings.length} RoleBindings in members' namespaces name ServiceAccounts of namespaces that do not exist: ${enListed(each)}. Tell the owners: the person who creates such a namespace gets what they gave`,
    ),
  ];
}
