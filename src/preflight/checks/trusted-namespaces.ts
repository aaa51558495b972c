/**
 * Whether a member has a hand in a namespace that the policies trust by its name. Its ServiceAccounts may do what
 * operators may, and so may everybody who can act as one of them.
 */

import { leadsOfAll } from '../../audit/escalation.ts';
import { type Finding, failed, ok, unknown } from '../../audit/finding.ts';
import { isMembersSubject, ownerLabel, ownerOf } from '../../audit/members.ts';
import { readPolicies, variantInPlace } from '../../audit/policies-in-place.ts';
import { type Grant, grantsOf, type Subject } from '../../audit/rbac.ts';
import { trustedNamespaces as readTrusted } from '../../audit/system-namespaces.ts';
import { bySubject, leadsText, pathOf, removeSubjectCommand, subjectName } from '../../audit/words.ts';
import { printable } from '../../core/model.ts';
import { allInOrder } from '../../lib/all-in-order.ts';
import type { PreflightContext } from '../context.ts';

const orTakeOut = `if it is a member's after all, take its name out of trustedNamespaces in deploy/policies/settings/settings.yaml and apply the policies again`;

export async function trustedNamespaces(context: PreflightContext): Promise<Finding[]> {
  const { gathered, settings, commands } = context;
  if (!context.expectsPolicies && variantInPlace(await readPolicies(gathered)) === undefined)
    return [ok('not needed: without policies for the members nothing is trusted by its name')];
  const [trusted, namespaces, rbac] = await allInOrder([readTrusted(gathered), gathered.namespaces(), gathered.rbac()]);
  // Nobody there is trusted, but who owns it could mint every member's token.
  const isTrusted = (name: string) => trusted.names.has(name) || name === settings.accounts.namespace;
  const owned = namespaces.flatMap((namespace) => {
    const owner = ownerOf(namespace);
    return owner === undefined ? [] : [{ name: namespace.metadata.name, owner }];
  });
  const labelled = owned
    .filter(({ name }) => isTrusted(name))
    .map(({ name, owner }) =>
      failed(
        `${whatItIs(name, settings.accounts.namespace)}, but its label ${ownerLabel} says that it is ${printable(owner)}'s. Look at what runs in it before you take the label off; ${orTakeOut}`,
        commands.kubectl`label namespace/${name} ${`${ownerLabel}-`}`,
      ),
    );
  const isMembers = isMembersSubject(
    owned.map(({ name }) => name).filter((name) => !isTrusted(name)),
    settings.accounts.namespace,
  );
  const inHands = grantsOf(rbac).filter(
    ({ namespace, subject }) => namespace !== undefined && trusted.names.has(namespace) && isMembers(subject),
  );
  const findings = [
    ...trusted.unread.map((setting) =>
      unknown(
        `which namespaces the policies trust: trustedNamespaces is no plain list of names: ${printable(setting)}`,
      ),
    ),
    ...labelled,
    ...[...Map.groupBy(inHands, ({ binding }) => binding).values()].flatMap((ofBinding) =>
      bySubject(ofBinding).flatMap(([subject, grants]) => handFinding(context, subject, grants)),
    ),
  ];
  if (findings.length > 0) return findings;
  return [ok(`no member has a hand in the ${trusted.names.size} namespaces that the policies trust by name`)];
}

function whatItIs(name: string, targetNamespace: string): string {
  return name === targetNamespace
    ? `the namespace ${name} holds the members' accounts`
    : `the namespace ${name} is trusted by its name`;
}

function handFinding({ commands }: PreflightContext, subject: Subject, grants: readonly Grant[]): Finding[] {
  const leads = leadsOfAll(grants);
  const [first] = grants;
  if (first === undefined || leads.length === 0) return [];
  return [
    failed(
      `the namespace ${first.namespace ?? ''} is trusted by its name, but it is in a member's hands: ${subjectName(subject)} ${leadsText(leads)} there, by ${pathOf(first)}. The policies don't hold anyone who acts as its ServiceAccounts; ${orTakeOut}`,
      removeSubjectCommand(commands, first.binding, subject),
    ),
  ];
}
