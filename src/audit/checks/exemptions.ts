/** Whom Kyverno lets past every policy: nobody who is a member, and nothing that a member can act as. */

import { printable } from '../../core/model.ts';
import { allInOrder } from '../../lib/all-in-order.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, failed, ok } from '../finding.ts';
import {
  type ExclusionSetting,
  type Exclusions,
  type Exemption,
  exemptionsOf,
  isExcluded,
  readExclusions,
} from '../kyverno-exclusions.ts';
import { isMembersSubject, ownerOf } from '../members.ts';
import { type Identity, serviceAccountIdentity } from '../rbac.ts';
import { bindingName, enListed, removeSubjectCommand, subjectName } from '../words.ts';

export async function exemptions(context: AuditContext): Promise<Finding[]> {
  const { gathered, client, signal, namespaces, commands } = context;
  const exclusions = await readExclusions(client, gathered, signal);
  if (exclusions === undefined) return [ok('Kyverno is not installed, so that nobody is exempt from its policies')];
  const [{ bindings }, all] = await allInOrder([gathered.rbac(), gathered.namespaces()]);
  const owned = all.filter((namespace) => ownerOf(namespace) !== undefined).map(({ metadata }) => metadata.name);
  const isMembers = isMembersSubject(owned, namespaces.targetNamespace);
  const exempt = exemptionsOf(exclusions, bindings);
  const findings = [
    ...exempt
      .filter(({ subject }) => isMembers(subject))
      .map((exemption) =>
        failed(exemptMember(exemption), removeSubjectCommand(commands, exemption.binding, exemption.subject)),
      ),
    ...excludedByName(exclusions, [namespaces.targetNamespace, ...owned]),
  ];
  if (findings.length > 0) return findings;
  const others = exempt.map(({ subject, binding }) => `${subjectName(subject)} (${printable(binding.roleRef.name)})`);
  const byName = [...exclusions.excludeUsernames.excluded, ...exclusions.excludeGroups.excluded].map(printable);
  const who = [...new Set([...byName, ...others])];
  return [ok(who.length === 0 ? 'Kyverno exempts nobody' : `no member is exempt. Kyverno exempts ${enListed(who)}`)];
}

/** For preflight and for the roll-out. */
export function exemptMember({ subject, binding, setting }: Exemption): string {
  return `Kyverno lets ${subjectName(subject)} past every policy, in every namespace: it is bound to ${printable(binding.roleRef.name)} by ${bindingName(binding)}, and Kyverno's ${setting} has that role`;
}

/** A pattern for everybody in a namespace of members, by its users or its groups. */
function excludedByName(exclusions: Exclusions, membersNamespaces: readonly string[]): Finding[] {
  const identities = membersNamespaces.map((namespace) => serviceAccountIdentity(namespace, 'anyone'));
  const hits = (setting: ExclusionSetting, namesOf: (identity: Identity) => readonly string[]): Finding[] => {
    const names = identities.flatMap(namesOf).filter((name) => isExcluded(exclusions[setting], name));
    const [first] = names;
    return first === undefined
      ? []
      : [
          failed(
            `Kyverno lets members past every policy: its ${setting} (${exclusions[setting].excluded.map(printable).join(',')}) has ${first}. Take that out of config.${setting} in Kyverno's Helm values`,
          ),
        ];
  };
  return [...hits('excludeUsernames', ({ user }) => [user]), ...hits('excludeGroups', ({ groups }) => groups)];
}
