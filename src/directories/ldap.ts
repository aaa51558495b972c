/**
 * OpenLDAP, FreeIPA or Active Directory as a directory. Complete when every page of the search came, nothing was referred
 * to another server, and each member of the configured groups could be found.
 */

import type { Entry } from 'ldapts';
import { isUuid } from '../core/member-id.ts';
import { type Member, printable } from '../core/model.ts';
import { isLoopback } from '../http/endpoint.ts';
import { withRetry } from '../http/retry.ts';
import type { Clock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import { directoryMessages as messages } from '../lib/messages/directory.ts';
import type { Directory } from './directory.ts';
import { guidText, rawValuesOf, valuesOf } from './ldap/attributes.ts';
import { converse, type LdapServer } from './ldap/connection.ts';
import { normalDN } from './ldap/dn.ts';
import { type GroupSearch, membersOfGroups } from './ldap/groups.ts';
import { type MemberRow, membersOf, qualifiedId } from './member-rows.ts';

export interface LdapOptions extends LdapServer, GroupSearch {
  /** The attribute that never changes: entryUUID, or objectGUID in Active Directory. */
  readonly id: string;
  readonly login: string;
}

/** OpenSSH's own, and FreeIPA's. */
const keyAttributes = ['sshPublicKey', 'ipaSshPubKey'];
const binaryIds = ['objectguid', 'ms-ds-consistencyguid'];

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
    isOwnId: (id) => id.startsWith(qualifiedId('ldap', hostOf(options), '')),
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
    const isBinaryId = binaryIds.includes(options.id.toLowerCase());
    const entries = await conversation.search(options.base, {
      filter: options.filter,
      attributes: [
        ...new Set([
          options.id,
          options.login,
          'uid',
          ...keyAttributes,
          'primaryGroupID',
          'userAccountControl',
          'nsAccountLock',
        ]),
      ],
      ...(isBinaryId ? { explicitBufferAttributes: [options.id] } : {}),
    });
    const people = new Map<string, Entry>();
    for (const entry of entries) {
      const dn = normalDN(entry.dn);
      if (people.has(dn)) throw malformed(options)(`there are two entries of the name ${printable(entry.dn)}`);
      people.set(dn, entry);
    }
    const wanted =
      options.groups.length === 0 ? new Set(people.keys()) : await membersOfGroups(conversation, options, people);
    const isActive = activityOf(entries, isBinaryId);
    const rows = [...people]
      .filter(([dn, entry]) => wanted.has(dn) && isActive(entry))
      .map(([, entry]) => rowOf(entry, options, isBinaryId));
    return membersOf(rows, (id) => qualifiedId('ldap', hostOf(options), id), malformed(options));
  });
}

function rowOf(entry: Entry, { id, login }: LdapOptions, isBinaryId: boolean): MemberRow {
  const where = printable(entry.dn);
  const [value, second] = rawValuesOf(entry, id);
  if (value === undefined || second !== undefined)
    throw new Failure(
      'directory',
      `${where} has ${value === undefined ? 'no' : 'more than one'} ${printable(id)}; nothing was changed`,
      { hint: 'check spec.directory.ldap.id, and that the account may read that attribute' },
    );
  const spelled = isBinaryId ? guidOf(value, where) : value.toString();
  const keys = keyAttributes.flatMap((attribute) => valuesOf(entry, attribute));
  return {
    id: isUuid(spelled) ? spelled.toLowerCase() : spelled,
    // Of several values, which LDAP keeps in no order, always the same one.
    login: valuesOf(entry, login).toSorted()[0] ?? null,
    ...(keys.length === 0 ? {} : { keys }),
    where,
  };
}

/** Text, where the id is configured in another case than the server's: its bytes are lost then, unless it is a UUID. */
function guidOf(value: string | Buffer, where: string): string {
  if (typeof value === 'string') {
    if (isUuid(value)) return value;
    throw new Failure('directory', `the id of ${where} is not the 16 bytes of a GUID; nothing was changed`, {
      hint: 'write spec.directory.ldap.id as the server spells it: objectGUID',
    });
  }
  if (value.length === 16) return guidText(value);
  throw new Failure('directory', `the objectGUID of ${where} has ${value.length} bytes, and 16 are needed`);
}

const accountDisabled = 2;

/**
 * Whether an account is in use. Active Directory says so of every account (ACCOUNTDISABLE); FreeIPA and 389 Directory
 * Server give a locked one an attribute.
 * @throws Failure where an account that must say it doesn't: access rules may hide it, and the account be disabled
 */
function activityOf(entries: readonly Entry[], isActiveDirectory: boolean): (entry: Entry) => boolean {
  const control = 'userAccountControl';
  const isControlled = isActiveDirectory || entries.some((entry) => valuesOf(entry, control).length > 0);
  return (entry) => {
    const [flags] = valuesOf(entry, control);
    if (flags === undefined && isControlled)
      throw unknowable(`${printable(entry.dn)} has no ${control}`, 'let the account of bindDN read it');
    if (flags !== undefined && !/^-?\d{1,10}$/.test(flags))
      throw unknowable(`the ${control} of ${printable(entry.dn)} is no number: ${printable(flags)}`, 'correct it');
    const lock = valuesOf(entry, 'nsAccountLock')[0]?.toLowerCase();
    if (lock !== undefined && lock !== 'true' && lock !== 'false')
      throw unknowable(
        `the nsAccountLock of ${printable(entry.dn)} is neither TRUE nor FALSE: ${printable(lock)}`,
        'correct it',
      );
    return (Number(flags ?? 0) & accountDisabled) === 0 && lock !== 'true';
  };
}

function unknowable(what: string, fix: string): Failure {
  return new Failure('directory', `${what}, so nobody can tell whether that account is disabled; nothing was changed`, {
    hint: `${fix}, or leave entries that are no accounts out by spec.directory.ldap.filter`,
  });
}

/** As it is compared: DNS knows no case, and a URL of this scheme keeps the one that was written. */
function hostOf({ url }: Pick<LdapServer, 'url'>): string {
  return url.hostname.toLowerCase();
}

function malformed({ url, base }: LdapOptions): (what: string) => Failure {
  return (what) =>
    new Failure(
      'directory',
      `the list of members under ${base} on ${url.host} is malformed: ${what}; nothing was changed`,
    );
}
