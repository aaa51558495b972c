/** The nouns that decisions are made about. Plain data: the adapters make it, core/ reads it. */
import { withoutInvisible } from '../lib/terminal-text.ts';
import type { MemberId } from './member-id.ts';

/** A member as the directory knows them. */
export interface Member {
  /** The identity. How the directory spells it on the wire stays inside that directory. */
  readonly id: MemberId;
  /** What the member types to log in; anything at all, or nothing. Never an identity. */
  readonly login: string | null;
  /** Public keys that a delivery may encrypt to (age or SSH, one a line each); undefined where the directory has none. */
  readonly keys?: readonly string[];
}

/** A ServiceAccount of the target namespace, ours or not. */
export interface Account {
  readonly name: string;
  /** The object's UID: a delivered token hangs on it. */
  readonly uid: string;
  /** Whether it has the label `app.kubernetes.io/managed-by=credentials-updater`. */
  readonly labelled: boolean;
  /** Whose it is, from its annotation; undefined where that is missing or names nobody. */
  readonly memberId: MemberId | undefined;
  /** creationTimestamp, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** Whether it has a deletionTimestamp: someone is deleting it already. */
  readonly terminating: boolean;
}

/** An account that is ours: labelled, and bound to a member by id. Nothing else is ever touched. */
export interface OwnedAccount extends Account {
  readonly memberId: MemberId;
}

export function isOwned(account: Account): account is OwnedAccount {
  return account.labelled && account.memberId !== undefined;
}

/** Who was given which name, for ever: ServiceAccount name -> member id. */
export type NamesGiven = ReadonlyMap<string, MemberId>;

export const managedByLabel = 'app.kubernetes.io/managed-by';
export const managedByValue = 'credentials-updater';
/** `<namespace>/<name>` of the MemberSync that made an object for a member. */
export const ownerAnnotation = 'credentials-updater.poolc.org/owner';
/** The member's account that it was made for, and the UID that the account had then. */
export const accountAnnotation = 'credentials-updater.poolc.org/account';
export const accountUidAnnotation = 'credentials-updater.poolc.org/account-uid';

/** A name from outside, for a sentence or a log: control and invisible characters escaped, cut at 64. */
export function printable(text: string): string {
  const escaped = withoutInvisible(text);
  return escaped.length > 64 ? `${escaped.slice(0, 63)}…` : escaped;
}

/** What a member is called in a message: the login where there is one, else the id. */
export function memberLabel(member: Pick<Member, 'id' | 'login'>): string {
  return member.login === null || member.login === '' ? member.id : printable(member.login);
}
