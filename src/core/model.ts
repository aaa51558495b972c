/** The nouns that decisions are made about. Plain data: the adapters make it, plan/ reads it. */
import { withoutInvisible } from '../lib/terminal-text.ts';

/** A member as the directory knows them. */
export interface Member {
  /** The identity: the directory's UUID, lower-cased. */
  readonly uuid: string;
  /** The UUID as the directory spells it, which is how it must be spelled in the delivery. */
  readonly directoryUuid: string;
  /** What the member types to log in; anything at all, or nothing. Never an identity. */
  readonly loginId: string | null;
}

/** A ServiceAccount of the target namespace, ours or not. */
export interface Account {
  readonly name: string;
  /** The object's UID: a delivered token hangs on it. */
  readonly uid: string;
  /** Whether it has the label `app.kubernetes.io/managed-by=credentials-updater`. */
  readonly labelled: boolean;
  /** The member's UUID, lower-cased, from the annotation; undefined where it is missing or isn't a UUID. */
  readonly uuid: string | undefined;
  /** creationTimestamp, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** Whether it has a deletionTimestamp: someone is deleting it already. */
  readonly terminating: boolean;
}

/** An account that is ours: labelled, and bound to a member by UUID. Nothing else is ever touched. */
export interface OwnedAccount extends Account {
  readonly uuid: string;
}

export function isOwned(account: Account): account is OwnedAccount {
  return account.labelled && account.uuid !== undefined;
}

/** Who was given which name, for ever: ServiceAccount name -> member UUID. */
export type Reservations = ReadonlyMap<string, string>;

export const managedByLabel = 'app.kubernetes.io/managed-by';
export const managedByValue = 'credentials-updater';
export const userUuidAnnotation = 'credentials-updater/user-uuid';

/** For a name that is to be nobody's: no directory has a member of this UUID (RFC 9562, 5.9). */
export const nobodysUuid = '00000000-0000-0000-0000-000000000000';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether the text is a UUID in its usual spelling, of any version, in any case. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** A name from outside, for a sentence or a log: control and invisible characters escaped, cut at 64. */
export function printable(text: string): string {
  const escaped = withoutInvisible(text);
  return escaped.length > 64 ? `${escaped.slice(0, 63)}…` : escaped;
}

/** How a member is called in a message: the login id where there is one, else the UUID. */
export function memberLabel(member: Pick<Member, 'uuid' | 'loginId'>): string {
  return member.loginId === null || member.loginId === '' ? member.uuid : printable(member.loginId);
}
