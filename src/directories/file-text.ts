/** A list of members as people keep it: YAML, JSON, or CSV as Excel writes it. */
import { CsvError, parse as parseCsv } from 'csv-parse/sync';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { printable } from '../core/model.ts';
import type { Failure } from '../lib/failure.ts';
import { type MemberRow, mostMembers } from './member-rows.ts';

type Malformed = (what: string) => Failure;

/** What fits into the heap that the image gives. */
const longestFile = 16 * 1024 * 1024;

/**
 * The rows of a file's bytes. A text that begins with `members:`, `{`, `---` or a comment is YAML or JSON; all else is CSV.
 * @throws what `malformed` makes, which says what is wrong and where
 */
export function parseMemberFile(bytes: Buffer, malformed: Malformed): MemberRow[] {
  if (bytes.length > longestFile) throw malformed(`it has more than ${longestFile / 1024 / 1024} MiB`);
  const text = decode(bytes, malformed);
  if (text.trim() === '') throw malformed('it is empty');
  return /^\s*(\{|members\s*:|---|#|%YAML)/.test(text) ? readYaml(text, malformed) : readCsv(text, malformed);
}

function decode(bytes: Buffer, malformed: Malformed): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw malformed('it is UTF-16; save it as UTF-8 (in Excel: "CSV UTF-8")');
  let text: string;
  try {
    // Takes a byte order mark away, which Excel puts in front.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed('it is not UTF-8; Excel in Korea writes CP949 unless you save as "CSV UTF-8"');
  }
  if (text.includes('\0')) throw malformed('it holds NUL characters, so it is no text');
  return text;
}

const knownColumns = ['id', 'login', 'keys'] as const;
type Column = (typeof knownColumns)[number];

function readCsv(text: string, malformed: Malformed): MemberRow[] {
  const [header, ...records] = csvRecords(text, malformed);
  if (records.length > mostMembers)
    throw malformed(`it has ${records.length} members, and more than ${mostMembers} are not taken for a club's`);
  const columns = columnsOf(header ?? [], malformed);
  const width = header?.length ?? 0;
  const [idColumn, loginColumn, keysColumn] = knownColumns.map((column) => columns.get(column) ?? -1);
  return records.map((record, index) => {
    const where = () => `line ${lastLineOf(text, index + 1)}`;
    if (record.length !== width)
      throw malformed(`${where()} has ${record.length} columns, and the header has ${width}`);
    const at = (column: number | undefined) => record[column ?? -1]?.trim() ?? '';
    const [id, login] = [at(idColumn), at(loginColumn)];
    // Two quotes that nobody meant make one field of all that is between them: those members would be gone unseen.
    if (hasLineBreak(id) || hasLineBreak(login))
      throw malformed(
        `${where()} has a line break in ${hasLineBreak(id) ? 'id' : 'login'}; is there a quote too many before?`,
      );
    if (record.some((value) => hasLineBreak(value) && holdsRow(value, width)))
      throw malformed(`the field that ends on ${where()} holds whole lines; is there a quote too many before?`);
    const row = { id, login: login === '' ? null : login, where };
    const keys = keysIn(at(keysColumn));
    return keys.length === 0 ? row : { ...row, keys };
  });
}

function keysIn(field: string): string[] {
  if (field === '') return [];
  return field
    .split(/[\n;]/)
    .map((key) => key.trim())
    .filter((key) => key !== '');
}

function hasLineBreak(value: string): boolean {
  return value.includes('\n') || value.includes('\r');
}

/** Whether a line inside of the field has as many commas as a row of its own. */
function holdsRow(value: string, width: number): boolean {
  const [, ...lines] = value.split(/\r\n|\r|\n/);
  return lines.some((line) => line.split(',').length === width);
}

const csvOptions = { relaxColumnCount: true, skipEmptyLines: true } as const;

/** The header first. */
function csvRecords(text: string, malformed: Malformed): string[][] {
  try {
    return parseCsv(text, csvOptions);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') throw malformed('a quote is opened and never closed');
    const line = typeof error['lines'] === 'number' ? ` at line ${error['lines']}` : '';
    throw malformed(`its quotes are not those of CSV${line}: a field with quotes must be quoted whole`);
  }
}

/** On which line of the text a record ends; the first is 1. Read once more for it, since counting takes time at each record. */
function lastLineOf(text: string, wanted: number): number {
  let index = 0;
  let line = 0;
  parseCsv(text, {
    ...csvOptions,
    onRecord: (_record: string[], { lines }) => {
      if (index++ === wanted) line = lines;
      return null;
    },
  });
  return line;
}

/** Others than the known columns are passed over: a list often has names and addresses too. */
function columnsOf(header: readonly string[], malformed: Malformed): ReadonlyMap<Column, number> {
  const names = header.map((name) => name.trim().toLowerCase());
  const columns = new Map<Column, number>();
  for (const column of knownColumns) {
    const [first, second] = names.flatMap((name, index) => (name === column ? [index] : []));
    if (second !== undefined) throw malformed(`its header has the column ${column} twice`);
    if (first !== undefined) columns.set(column, first);
  }
  const missing = (['id', 'login'] as const).filter((column) => !columns.has(column));
  if (missing.length === 0) return columns;
  const found = names.slice(0, 8).map((name) => printable(name === '' ? '(empty)' : name));
  throw malformed(
    `its first line must be the header id,login[,keys]: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing, and it has ${found.join(', ')}`,
  );
}

function readYaml(text: string, malformed: Malformed): MemberRow[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' });
  const lineOf = (node: unknown): number => {
    const offset = isMap(node) || isSeq(node) || isScalar(node) ? (node.range?.[0] ?? 0) : 0;
    return lines.linePos(offset).line;
  };
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    throw malformed(`it is neither YAML nor JSON at line ${line} (${printable(error.message)})`);
  }
  const root = document.contents;
  if (!isMap(root)) throw malformed('it must be {members: [{id, login, keys?}]}');
  for (const { key } of root.items) {
    if (textOf(key) !== 'members')
      throw malformed(`line ${lineOf(key)} has the field ${printable(String(textOf(key)))}; only members is known`);
  }
  const list = root.get('members', true);
  if (!isSeq(list)) throw malformed('members must be a list');
  return list.items.map((item, index) => readMember(item, { where: `members.${index}`, lineOf, malformed }));
}

function readMember(
  item: unknown,
  { where, lineOf, malformed }: { where: string; lineOf: (node: unknown) => number; malformed: Malformed },
): MemberRow {
  const at = `${where} (line ${lineOf(item)})`;
  if (!isMap(item)) throw malformed(`${at} must be {id, login, keys?}`);
  for (const { key } of item.items) {
    const name = textOf(key);
    if (name !== 'id' && name !== 'login' && name !== 'keys')
      throw malformed(`${at} has the field ${printable(String(name))}; id, login and keys are known`);
  }
  const id = textOf(item.get('id', true));
  if (typeof id !== 'string') throw malformed(`${at} has no id: a text or a whole number is needed`);
  const login = item.get('login', true);
  const loginText = login === undefined ? null : textOf(login);
  if (loginText === undefined) throw malformed(`the login of ${at} is not a text`);
  const keys = item.get('keys', true);
  return {
    id,
    login: loginText === '' ? null : loginText,
    ...(keys === undefined ? {} : { keys: readKeys(keys, at, malformed) }),
    where: () => at,
  };
}

function readKeys(keys: unknown, at: string, malformed: Malformed): string[] {
  if (!isSeq(keys)) throw malformed(`the keys of ${at} are not a list`);
  return keys.items.map((key) => {
    const text = textOf(key);
    if (typeof text !== 'string') throw malformed(`a key of ${at} is not a text`);
    return text;
  });
}

/**
 * The text of a scalar as it was written: `0042` is an id, and not the number 34 or 42.
 * @returns null for a null, undefined for anything that is neither text nor number
 */
function textOf(node: unknown): string | null | undefined {
  if (!isScalar(node)) return undefined;
  const { value, source } = node;
  if (typeof value === 'string') return value;
  if (value === null) return null;
  return typeof value === 'number' || typeof value === 'bigint' ? source : undefined;
}
