/**
 * Who a member is, for ever: an opaque text that never changes and is never reused.
 *
 * - PoolC's ids are UUIDs, lower-cased. Its accounts carry them in the annotation `credentials-updater/user-uuid`.
 * - Every other directory's are `<kind>[:<host>]:<id>`, case kept, in `credentials-updater/member-id`. So id 42 of one
 *   directory is never id 42 of another.
 */
import { createHash } from 'node:crypto';

/** Compared as it stands: two ids are equal when their texts are. */
export type MemberId = string;

export const userUuidAnnotation = 'credentials-updater/user-uuid';
export const memberIdAnnotation = 'credentials-updater/member-id';

/** For a name that is to be nobody's: no directory has a member of this UUID (RFC 9562, 5.9). */
export const nobodysId: MemberId = '00000000-0000-0000-0000-000000000000';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether the text is a UUID in its usual spelling, of any version, in any case. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** What another directory than PoolC's calls its members: `ldap:ldap.example.org:6ba7b810-…`, `github:api.github.com:42`. */
const qualifiedPattern = /^[a-z][a-z0-9-]{0,30}:[\x21-\x7e]{1,480}$/;

/** The id that a text spells, in the one spelling that is compared; undefined where it spells none. */
export function parseMemberId(text: string): MemberId | undefined {
  const trimmed = text.trim();
  if (isUuid(trimmed)) return trimmed.toLowerCase();
  return qualifiedPattern.test(trimmed) ? trimmed : undefined;
}

/** The annotation that holds this id on an account. */
export function annotationOf(id: MemberId): typeof userUuidAnnotation | typeof memberIdAnnotation {
  return isUuid(id) ? userUuidAnnotation : memberIdAnnotation;
}

/**
 * The id that an account's annotations name; undefined where they name none, or two: then nobody can say whose it is,
 * and the account is not ours.
 */
export function memberIdFrom(annotations: Readonly<Record<string, string>>): MemberId | undefined {
  const uuid = annotations[userUuidAnnotation];
  const qualified = annotations[memberIdAnnotation];
  if (qualified === undefined) return uuid !== undefined && isUuid(uuid.trim()) ? parseMemberId(uuid) : undefined;
  if (uuid !== undefined) return undefined;
  return isUuid(qualified.trim()) ? undefined : parseMemberId(qualified);
}

/** Parts of an id for the end of a name, each a piece of the next: lower-case letters, digits and hyphens. */
export interface IdSuffixes {
  /** 4 characters, for a name that is nearly the login. */
  readonly short: string;
  /** 8 characters. */
  readonly middle: string;
  /** As unique as the id itself. */
  readonly whole: string;
}

/** Of a UUID its own characters, as the original program did; of any other id hex of its SHA-256. */
export function suffixesOf(id: MemberId): IdSuffixes {
  if (isUuid(id)) return { short: id.slice(-4), middle: id.slice(0, 8), whole: id };
  const hash = createHash('sha256').update(id).digest('hex');
  return { short: hash.slice(0, 4), middle: hash.slice(0, 8), whole: hash.slice(0, 32) };
}
