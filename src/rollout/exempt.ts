/** Whom Kyverno lets past the policies that are about to come: no roll-out reaches them. */
import { exemptMember } from '../audit/checks/exemptions.ts';
import { exemptionsOf, readExclusions } from '../audit/kyverno-exclusions.ts';
import { isMembersSubject, ownerOf } from '../audit/members.ts';
import { removeSubjectCommand } from '../audit/words.ts';
import type { CommandTemplate } from '../lib/shell-command.ts';
import type { RolloutContext } from './context.ts';

export interface ExemptMember {
  readonly problem: string;
  readonly command: string;
}

/** Members who are bound to a role that Kyverno excludes, such as cluster-admin, in whichever namespace. */
export async function exemptMembers(
  { client, gathered, targetNamespace, signal }: RolloutContext,
  kubectl: CommandTemplate,
): Promise<ExemptMember[]> {
  const exclusions = await readExclusions(client, gathered, signal);
  if (exclusions === undefined) return [];
  const [{ bindings }, namespaces] = await Promise.all([gathered.rbac(), gathered.namespaces()]);
  const owned = namespaces.filter((namespace) => ownerOf(namespace) !== undefined);
  const isMembers = isMembersSubject(
    owned.map(({ metadata }) => metadata.name),
    targetNamespace,
  );
  return exemptionsOf(exclusions, bindings)
    .filter(({ subject }) => isMembers(subject))
    .map((exemption) => ({
      problem: exemptMember(exemption),
      command: removeSubjectCommand({ kubectl }, exemption.binding, exemption.subject),
    }));
}
