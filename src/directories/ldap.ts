/**
 * OpenLDAP, FreeIPA or Active Directory as a directory. Complete when every page of the search came, nothing was referred
 * to another server, and each member of the configured groups could be found.
 */
import { isUuid } from '../core/member-id.ts';
import { type Member, printable } from '../core/model.ts';
import { isLoopback } from '../http/endpoint.ts';
import { withRetry } from '../http/retry.ts';
import type { Clock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import { directoryMessages as messages } from '../lib/messages/directory.ts';
import type { Directory } from './directory.ts';
import { guidText } from './ldap/attributes.ts';
import { converse, type LdapServer } from './ldap/connection.ts';
import { type GroupSearch, membersOfGroups } from './ldap/groups.ts';
import { attributesOfPeople, isBinaryId, type NamedAttributes, type Person, toPerson } from './ldap/person.ts';
import { idsOf, type MemberRow, membersOf } from './member-rows.ts';

/** Of `id`, the attribute that never changes: entryUUID, or objectGUID in Active Directory. */
export type LdapOptions = LdapServer & GroupSearch & NamedAttributes;

export function ldapDirectory(
  options: LdapOptions,
  { clock, random }: { clock: Clock; random: () => number },
): Directory {
  const { url } = options;
  return {
    kind: 'ldap',
    address: `${url.protocol}//${url.host}/${options.base}`,
    host: url.host,
    isLocal: isLoopback(url.hostname),
    whatToLookAt: messages.within({ where: options.base, host: url.host }),
    isOwnId: (id) => id.startsWith(toIdOf(options)('')),
    isSnapshot: true,
    members: ({ signal, onRetry }) =>
      // From the start each time: a page of another connection belongs to another list.
      withRetry(() => readMembers(options, signal), {
        clock,
        random,
        signal,
        policy: { budgetMs: 45_000, firstWaitMs: 500, longestWaitMs: 5_000 },
        ...(onRetry === undefined ? {} : { onRetry: ({ message }, attempt) => onRetry(message, attempt) }),
      }),
  };
}

function readMembers(options: LdapOptions, signal: AbortSignal): Promise<Member[]> {
  return converse(options, signal, async (conversation) => {
    const found = await conversation.search(
      options.base,
      { filter: options.filter, ...attributesOfPeople(options) },
      (entry) => toPerson(entry, options),
    );
    const people = new Map<string, Person>();
    for (const person of found) {
      if (people.has(person.normalDN))
        throw malformed(options)(`there are two entries of the name ${printable(person.dn)}`);
      people.set(person.normalDN, person);
    }
    const wanted = options.groups.length === 0 ? people : await membersOfGroups(conversation, options, people);
    const isActive = activityOf(found, isBinaryId(options));
    const rows = found
      .filter((person) => wanted.has(person.normalDN) && isActive(person))
      .map((person) => rowOf(person, options));
    return membersOf(rows, toIdOf(options), malformed(options));
  });
}

function rowOf({ dn, ids, logins, keys }: Person, options: LdapOptions): MemberRow {
  const [value, second] = ids;
  if (value === undefined || second !== undefined)
    throw new Failure(
      'directory',
      `${printable(dn)} has ${value === undefined ? 'no' : 'more than one'} ${printable(options.id)}; nothing was changed`,
      { hint: 'check spec.directory.ldap.id, and that the account may read that attribute' },
    );
  const spelled = isBinaryId(options) ? guidOf(value, dn) : value.toString();
  const row = {
    id: isUuid(spelled) ? spelled.toLowerCase() : spelled,
    // Of several values, which LDAP keeps in no order, always the same one.
    login: logins.toSorted()[0] ?? null,
    where: () => printable(dn),
  };
  return keys.length === 0 ? row : { ...row, keys };
}

/** Text, where the id is configured in another case than the server's: its bytes are lost then, unless it is a UUID. */
function guidOf(value: string | Buffer, dn: string): string {
  if (typeof value === 'string') {
    if (isUuid(value)) return value;
    throw new Failure('directory', `the id of ${printable(dn)} is not the 16 bytes of a GUID; nothing was changed`, {
      hint: 'write spec.directory.ldap.id as the server spells it: objectGUID',
    });
  }
  if (value.length === 16) return guidText(value);
  throw new Failure('directory', `the objectGUID of ${printable(dn)} has ${value.length} bytes, and 16 are needed`);
}

const accountDisabled = 2;

/**
 * Whether an account is in use. Active Directory says so of every account (ACCOUNTDISABLE); FreeIPA and 389 Directory
 * Server give a locked one an attribute.
 * @throws Failure where an account that must say it doesn't: access rules may hide it, and the account be disabled
 */
function activityOf(people: readonly Person[], isActiveDirectory: boolean): (person: Person) => boolean {
  const isControlled = isActiveDirectory || people.some(({ control }) => control !== undefined);
  return ({ dn, control, lock: spelledLock }) => {
    if (control === undefined && isControlled)
      throw unknowable(`${printable(dn)} has no userAccountControl`, 'let the account of bindDN read it');
    if (control !== undefined && !/^-?\d{1,10}$/.test(control))
      throw unknowable(`the userAccountControl of ${printable(dn)} is no number: ${printable(control)}`, 'correct it');
    const lock = spelledLock?.toLowerCase();
    if (lock !== undefined && lock !== 'true' && lock !== 'false')
      throw unknowable(
        `the nsAccountLock of ${printable(dn)} is neither TRUE nor FALSE: ${printable(lock)}`,
        'correct it',
      );
    return (Number(control ?? 0) & accountDisabled) === 0 && lock !== 'true';
  };
}

function unknowable(what: string, fix: string): Failure {
  return new Failure('directory', `${what}, so nobody can tell whether that account is disabled; nothing was changed`, {
    hint: `${fix}, or leave entries that are no accounts out by spec.directory.ldap.filter`,
  });
}

/** DNS knows no case, and a URL of this scheme keeps the one that was written. */
function toIdOf({ url }: Pick<LdapServer, 'url'>) {
  return idsOf('ldap', url.hostname.toLowerCase());
}

function malformed({ url, base }: LdapOptions): (what: string) => Failure {
  return (what) =>
    new Failure(
      'directory',
      `the list of members under ${base} on ${url.host} is malformed: ${what}; nothing was changed`,
    );
}
