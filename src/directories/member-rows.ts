/** What every directory that reads rows has in common: each row names one member, and no member twice. */
import type { MemberId } from '../core/member-id.ts';
import { type Member, printable } from '../core/model.ts';
import type { Failure } from '../lib/failure.ts';

/** More are not taken for a club's, and would not fit into the heap that the image gives. */
export const mostMembers = 100_000;

export interface MemberRow {
  /** As the directory spells it; never empty. */
  readonly id: string;
  readonly login: string | null;
  readonly keys?: readonly string[];
  /** Where it stands, for messages: `line 3`, `members.2`. Called where one is needed: most lists have nothing wrong. */
  readonly where: () => string;
}

/**
 * Makes ids of those that a directory gives: `<kind>[:<host>]:<id>`, in which every character that is not printable ASCII,
 * and `%` itself, is percent-encoded, so that two ids of one directory never become one.
 */
export function idsOf(kind: string, host?: string): (id: string) => MemberId {
  const prefix = host === undefined ? `${kind}:` : `${kind}:${host}:`;
  return (id) => prefix + (needsNoEncoding.test(id) ? id : percentEncoded(id));
}

const needsNoEncoding = /^[\x21-\x24\x26-\x7e]*$/;

function percentEncoded(id: string): string {
  return id.replace(/[^\x21-\x24\x26-\x7e]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/**
 * The members of the rows.
 * @param toId the id that is compared, of the one that the row has
 * @param malformed makes the failure of what is wrong
 * @throws what `malformed` makes, for an empty, overlong or repeated id, and for too many rows
 */
export function membersOf(
  rows: readonly MemberRow[],
  toId: (id: string) => MemberId,
  malformed: (what: string) => Failure,
): Member[] {
  if (rows.length > mostMembers)
    throw malformed(`it has ${rows.length} members, and more than ${mostMembers} are not taken for a club's`);
  const seen = new Map<MemberId, MemberRow>();
  return rows.map((row) => {
    const { login, keys } = row;
    const spelled = row.id.trim();
    if (spelled === '') throw malformed(`${row.where()} has no id`);
    const id = toId(spelled);
    if (id.length > 400) throw malformed(`the id of ${row.where()} is too long: ${printable(row.id)}`);
    const first = seen.get(id);
    if (first !== undefined)
      throw malformed(`${first.where()} and ${row.where()} have the same id ${printable(spelled)}`);
    seen.set(id, row);
    return keys === undefined ? { id, login } : { id, login, keys };
  });
}
