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
  /** Where it stands, for messages: `line 3`, `members.2`. */
  readonly where: string;
}

/**
 * `<kind>[:<host>]:<id>`, in which every character that is not printable ASCII, and `%` itself, is percent-encoded: two
 * ids of one directory never become one.
 */
export function qualifiedId(kind: string, host: string | undefined, id: string): MemberId {
  const encoded = id.replace(/[^\x21-\x24\x26-\x7e]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
  return [kind, ...(host === undefined ? [] : [host]), encoded].join(':');
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
  const seen = new Map<MemberId, string>();
  return rows.map(({ id: spelled, login, keys, where }) => {
    if (spelled.trim() === '') throw malformed(`${where} has no id`);
    const id = toId(spelled.trim());
    if (id.length > 400) throw malformed(`the id of ${where} is too long: ${printable(spelled)}`);
    const first = seen.get(id);
    if (first !== undefined) throw malformed(`${first} and ${where} have the same id ${printable(spelled.trim())}`);
    seen.set(id, where);
    return { id, login, ...(keys === undefined ? {} : { keys }) };
  });
}
