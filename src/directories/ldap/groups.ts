/**
 * Who is in groups, and in groups inside of them:
 * - by DN (member, uniqueMember), by login (memberUid), and by primary group in Active Directory;
 * - a group that is not there, and a member that can't be found, are failures: access rules hide entries silently.
 */
import type { Entry } from 'ldapts';
import { printable } from '../../core/model.ts';
import { Failure } from '../../lib/failure.ts';
import { valuesOf } from './attributes.ts';
import type { LdapConversation } from './connection.ts';
import { isUnder, normalDN } from './dn.ts';
import type { Person } from './person.ts';

const groupClasses = ['groupofnames', 'groupofuniquenames', 'posixgroup', 'group', 'ipausergroup', 'nestedgroup'];
const groupAttributes = ['objectClass', 'member', 'uniqueMember', 'memberUid', 'primaryGroupToken'];
const mostGroups = 5_000;

export interface GroupSearch {
  /** DNs. */
  readonly groups: readonly string[];
  readonly nestedGroups: boolean;
  readonly base: string;
  readonly filter: string;
}

/** The DNs of the groups' members among the people, in the spelling that is compared. */
export async function membersOfGroups(
  conversation: LdapConversation,
  { groups, nestedGroups, base, filter }: GroupSearch,
  people: ReadonlyMap<string, Person>,
): Promise<ReadonlySet<string>> {
  const members = new Set<string>();
  const visited = new Set<string>();
  const byLogin = Map.groupBy(people.values(), ({ uid }) => uid ?? '');
  const byPrimaryGroup = Map.groupBy(people.values(), ({ primaryGroup }) => primaryGroup ?? '');

  const visit = async (dn: string, group: Entry): Promise<void> => {
    const normal = normalDN(dn);
    if (visited.has(normal)) return;
    visited.add(normal);
    if (visited.size > mostGroups)
      throw new Failure('directory', `there are more than ${mostGroups} groups inside the groups; nothing was changed`);
    const [token] = valuesOf(group, 'primaryGroupToken');
    if (token !== undefined) for (const person of byPrimaryGroup.get(token) ?? []) members.add(person.normalDN);
    for (const login of valuesOf(group, 'memberUid')) {
      const [person, second] = byLogin.get(login) ?? [];
      if (person === undefined || second !== undefined)
        throw unresolved(login, dn, person === undefined ? 'nobody under the base has that uid' : 'two people have it');
      members.add(person.normalDN);
    }
    for (const member of await memberDNs(conversation, dn, group)) {
      const person = normalDN(member);
      if (people.has(person)) members.add(person);
      else await visitOther(member, dn);
    }
  };

  /** A member that is not among the people: a group, somebody whom the filter leaves out, or nobody. */
  const visitOther = async (member: string, of: string): Promise<void> => {
    if (visited.has(normalDN(member))) return;
    const entry = await conversation.entry(member, { attributes: groupAttributes });
    if (entry === undefined) throw unresolved(member, of, 'there is no such entry, or it is hidden from this account');
    // Or of a class that is not listed here, such as groupOfMembers: who has members is no person.
    const isGroup =
      valuesOf(entry, 'objectClass').some((name) => groupClasses.includes(name.toLowerCase())) ||
      ['member', 'uniqueMember', 'memberUid'].some((name) => valuesOf(entry, name).length > 0);
    if (isGroup) {
      if (nestedGroups) await visit(member, entry);
      return;
    }
    if (!isUnder(member, base)) throw unresolved(member, of, `it is not under the base ${base}`);
    if ((await conversation.entry(member, { attributes: ['objectClass'], filter })) !== undefined)
      throw unresolved(member, of, 'the list of people was incomplete');
  };

  for (const dn of groups) {
    const group = await conversation.entry(dn, { attributes: groupAttributes });
    if (group === undefined)
      throw new Failure('directory', `the group ${printable(dn)} is not there, or is hidden; nothing was changed`, {
        hint: 'check spec.directory.ldap.groups, and that the account may read the group and its members',
      });
    await visit(dn, group);
  }
  return members;
}

/** Of member and uniqueMember. Active Directory gives long lists in ranges of 1,500, each asked for by itself. */
async function memberDNs(conversation: LdapConversation, dn: string, group: Entry): Promise<string[]> {
  const members = [
    ...valuesOf(group, 'member'),
    // A unique member may have a bit string behind its DN (RFC 4517, 3.3.21).
    ...valuesOf(group, 'uniqueMember').map((member) => member.replace(/#'[01]*'B$/, '')),
  ];
  let range = rangeOf(group);
  while (range !== undefined) {
    members.push(...range.values);
    if (range.isLast) break;
    const from = range.to + 1;
    const next = await conversation.entry(dn, { attributes: [`member;range=${from}-*`] });
    const following = next === undefined ? undefined : rangeOf(next);
    if (following === undefined || following.from !== from)
      throw new Failure(
        'directory',
        `the members of ${printable(dn)} from ${from} on are missing; nothing was changed`,
      );
    range = following;
  }
  return members.filter((member) => member.trim() !== '');
}

function rangeOf(entry: Entry) {
  for (const name of Object.keys(entry)) {
    const [, from, to] = /^member;range=(\d+)-(\d+|\*)$/i.exec(name) ?? [];
    if (from === undefined || to === undefined) continue;
    return { from: Number(from), to: Number(to), isLast: to === '*', values: valuesOf(entry, name) };
  }
  return undefined;
}

function unresolved(member: string, group: string, why: string): Failure {
  return new Failure(
    'directory',
    `the member ${printable(member)} of the group ${printable(group)} can't be found: ${why}; nothing was changed`,
    { hint: 'give the account the right to read all members, or take a member that is gone out of the group' },
  );
}
