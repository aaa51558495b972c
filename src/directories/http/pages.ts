/**
 * From pages to members. The list is complete when
 * - `total` is given: it is the same on every page, and as many members were read;
 * - `next` is given: the last page is the one where it is null or missing;
 * - neither is given: by the word of the operator, who says so by leaving them out, that there is one page.
 */
import { type Member, printable } from '../../core/model.ts';
import { Failure } from '../../lib/failure.ts';
import { isRecord } from '../../lib/json.ts';
import { idsOf, type MemberRow, membersOf, mostMembers } from '../member-rows.ts';
import type { CompiledExpressions } from './expressions.ts';
import { shownUrl } from './shown-url.ts';

const mostPages = 1_000;

/** Asks for one page. @throws Failure (directory) where there is no JSON document */
export type AskPage = (url: URL, page: number) => Promise<unknown>;

interface Row extends MemberRow {
  readonly isActive: boolean;
}

/** @throws Failure (directory): never a part of the list */
export async function readPages(first: URL, expressions: CompiledExpressions, ask: AskPage): Promise<Member[]> {
  const rows: Row[] = [];
  const asked = new Set<string>();
  let total: number | undefined;
  let url: URL | undefined = first;
  for (let page = 1; url !== undefined; page++) {
    if (page > mostPages) throw malformed(`it has more than ${mostPages} pages`);
    asked.add(url.href);
    const document = await ask(url, page);
    for (const row of rowsOf(document, expressions, page)) rows.push(row);
    if (rows.length > mostMembers)
      throw malformed(`it has more than ${mostMembers} members, and so many are not taken for a club's`);
    const said = totalOf(document, expressions, page);
    if (page > 1 && said !== total)
      throw malformed(`total was ${total} on page 1 and is ${said} on page ${page}: it changed while it was read`);
    total = said;
    url = nextOf(document, expressions, url, page);
    if (url !== undefined && asked.has(url.href))
      throw malformed(`next on page ${page} is the address of a page that was read already`);
  }
  if (total !== undefined && total !== rows.length)
    throw malformed(`total is ${total}, and ${rows.length} ${rows.length === 1 ? 'member was' : 'members were'} read`);
  // Of leavers too, an id that is there twice says that the answer isn't what it seems.
  const members = membersOf(rows, idsOf('http', first.hostname), malformed);
  return members.filter((_, index) => rows[index]?.isActive);
}

function rowsOf(document: unknown, expressions: CompiledExpressions, page: number): Row[] {
  const list = expressions.members(document);
  if (!Array.isArray(list)) throw malformed(`members on page ${page} is ${nameOf(list)}, and a list is needed`);
  const ids = expressions.id(list);
  const logins = expressions.login?.(list);
  const actives = expressions.active?.(list);
  return list.map((_, index) => {
    const where = () => `member ${index + 1} on page ${page}`;
    return {
      where,
      id: idOf(ids[index], where),
      login: loginOf(logins?.[index] ?? null, where),
      isActive: activeOf(actives === undefined ? true : actives[index], where),
    };
  });
}

function idOf(value: unknown, where: () => string): string {
  if (typeof value === 'string') return value;
  if (Number.isSafeInteger(value)) return String(value);
  const why = typeof value === 'number' ? 'a number that JSON does not keep exactly' : nameOf(value);
  throw malformed(`the id of ${where()} is ${why}, and a text or a whole number is needed`);
}

function loginOf(value: unknown, where: () => string): string | null {
  if (value === null || typeof value === 'string') return value;
  throw malformed(`the login of ${where()} is ${nameOf(value)}, and a text or null is needed`);
}

function activeOf(value: unknown, where: () => string): boolean {
  if (typeof value === 'boolean') return value;
  throw malformed(`active of ${where()} is ${nameOf(value)}, and true or false is needed`);
}

function totalOf(document: unknown, { total }: CompiledExpressions, page: number): number | undefined {
  if (total === undefined) return undefined;
  const value = total(document);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(`total on page ${page} is ${nameOf(value)}, and a whole number is needed`);
}

/** Headers go with each request: a page of another origin would get them. */
function nextOf(document: unknown, { next }: CompiledExpressions, current: URL, page: number): URL | undefined {
  const value = next?.(document) ?? null;
  if (value === null) return undefined;
  if (typeof value !== 'string' || value === '')
    throw malformed(
      `next on page ${page} is ${value === '' ? 'an empty text' : nameOf(value)}, and an address, or null on the last page, is needed`,
    );
  if (!URL.canParse(value, current)) throw malformed(`next on page ${page} is not an address`);
  const url = new URL(value, current);
  if (url.origin !== current.origin)
    throw malformed(
      `next on page ${page} leads to another origin, ${printable(url.origin)}, where the headers are not sent`,
    );
  if (url.username !== '' || url.password !== '')
    throw malformed(`next on page ${page}, ${shownUrl(url)}, holds a user name or password`);
  url.hash = '';
  return url;
}

/** What kind of value it is: its content is not for messages. */
function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'missing or null';
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'an object';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'boolean' ? 'true or false' : 'a number of another kind';
}

function malformed(what: string): Failure {
  return new Failure('directory', `the list of members can't be used: ${what}; nothing was changed`, {
    hint: 'compare the expressions of spec.directory.http with an answer of the API',
  });
}
