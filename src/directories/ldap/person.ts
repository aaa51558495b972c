/** A person as an LDAP server knows them: what is used of their entry. */
import type { Entry } from 'ldapts';
import { rawValuesOf, type Value, valuesOf } from './attributes.ts';
import { normalDN } from './dn.ts';

export interface Person {
  /** As the server spells it. */
  readonly dn: string;
  /** In the spelling that is compared. */
  readonly normalDN: string;
  readonly ids: readonly Value[];
  readonly logins: readonly string[];
  readonly keys: readonly string[];
  /** The first value of each, for groups. */
  readonly uid: string | undefined;
  readonly primaryGroup: string | undefined;
  /** Active Directory's userAccountControl. */
  readonly control: string | undefined;
  /** FreeIPA's nsAccountLock. */
  readonly lock: string | undefined;
}

/** OpenSSH's own, and FreeIPA's. */
const keyAttributes = ['sshPublicKey', 'ipaSshPubKey'];
const binaryIds = ['objectguid', 'ms-ds-consistencyguid'];

export interface NamedAttributes {
  readonly id: string;
  readonly login: string;
}

/** Whether the id is bytes, and not text. */
export function isBinaryId({ id }: Pick<NamedAttributes, 'id'>): boolean {
  return binaryIds.includes(id.toLowerCase());
}

/** What a search for people asks the server for. */
export function attributesOfPeople({ id, login }: NamedAttributes): {
  attributes: string[];
  explicitBufferAttributes: string[];
} {
  const others = ['uid', ...keyAttributes, 'primaryGroupID', 'userAccountControl', 'nsAccountLock'];
  return { attributes: [...new Set([id, login, ...others])], explicitBufferAttributes: isBinaryId({ id }) ? [id] : [] };
}

export function toPerson(entry: Entry, { id, login }: NamedAttributes): Person {
  return {
    dn: entry.dn,
    normalDN: normalDN(entry.dn),
    ids: rawValuesOf(entry, id),
    logins: valuesOf(entry, login),
    keys: keyAttributes.flatMap((attribute) => valuesOf(entry, attribute)),
    uid: valuesOf(entry, 'uid')[0],
    primaryGroup: valuesOf(entry, 'primaryGroupID')[0],
    control: valuesOf(entry, 'userAccountControl')[0],
    lock: valuesOf(entry, 'nsAccountLock')[0],
  };
}
