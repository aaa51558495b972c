/** Answers of the directory as something in between, a broken release or a bad migration would give them, from a valid one. */
import { gzipSync } from 'node:zlib';
import type { DirectoryAnswer } from './directory-oracle.ts';
import type { Chance } from './random.ts';

export interface FuzzedAnswer extends DirectoryAnswer {
  /** What was done to the valid answer, for the message of a failure. */
  readonly how: readonly string[];
}

type Change<T> = (value: T, chance: Chance) => T;
type NamedChanges<T> = readonly [change: [string, Change<T>], ...others: [string, Change<T>][]];

/** One to three changes: of what the answer says, of its text, of its bytes, of the exchange. */
export function fuzzedAnswer(chance: Chance, uuids: readonly string[]): FuzzedAnswer {
  const how: string[] = [];
  const change = <T>(changes: NamedChanges<T>, value: T): T => {
    const [name, apply] = chance.pick(changes);
    how.push(name);
    return apply(value, chance);
  };
  const kind = chance.next();
  let document: unknown = { activeMembers: uuids.map((uuid) => memberOf(uuid, chance)) };
  if (kind < 0.65) document = change(documentChanges, document);
  if (kind < 0.2) document = change(documentChanges, document);
  let text = JSON.stringify(document, undefined, chance.pick([0, 0, 2]));
  if (kind >= 0.6 && kind < 0.8) text = change(textChanges, text);
  let body: Buffer = Buffer.from(text);
  if (kind >= 0.75 && kind < 0.92) body = change(byteChanges, body);
  let answer: DirectoryAnswer = { status: 200, headers: { 'content-type': 'application/json' }, body, cut: false };
  if (kind >= 0.9) answer = change(exchangeChanges, answer);
  return { ...answer, how };
}

/** A directory of these members. */
export function validAnswer(uuids: readonly string[]): DirectoryAnswer {
  const activeMembers = uuids.map((uuid, index) => ({ member_uuid: uuid, login_id: `m${index}` }));
  const body = Buffer.from(JSON.stringify({ activeMembers }));
  return { status: 200, headers: { 'content-type': 'application/json' }, body, cut: false };
}

export function newUuid(chance: Chance): string {
  const hex = (length: number) => Array.from({ length }, () => chance.between(0, 15).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
}

function memberOf(uuid: unknown, chance: Chance): Record<string, unknown> {
  return { member_uuid: uuid, login_id: `m${chance.between(0, 1_000_000)}` };
}

const oddTexts = [
  '',
  ' ',
  'Jimin',
  'a_b+c',
  '풀씨',
  '🦭',
  '\ud800',
  '"',
  '\\',
  '\u0000\u001b[2J',
  'x'.repeat(5_000),
] as const;
const oddValues = [null, true, 0, -0.5, 1e308, '', [], {}, [[]], ['x'], { member_uuid: 'x' }] as const;

const brokenUuids: NamedChanges<string> = [
  ['cut', (uuid, { between }) => uuid.slice(0, between(0, uuid.length - 1))],
  ['lengthened', (uuid) => `${uuid}0`],
  ['without hyphens', (uuid) => uuid.replaceAll('-', '')],
  ['with a letter that is no digit', (uuid, { between }) => replaceAt(uuid, between(0, uuid.length - 1), 'g')],
  ['with a letter of another alphabet', (uuid) => replaceAt(uuid, 0, 'а')],
  ['with a wide digit', (uuid) => replaceAt(uuid, 1, '１')],
  ['with hyphens elsewhere', (uuid) => `${uuid.slice(1, 9)}${uuid.slice(0, 1)}${uuid.slice(9)}`],
  ['in braces', (uuid) => `{${uuid}}`],
  ['as a URN', (uuid) => `urn:uuid:${uuid}`],
  ['with a space', (uuid) => ` ${uuid}`],
  ['with a line end', (uuid) => `${uuid}\n`],
  ['with a zero byte', (uuid) => `${uuid}\u0000`],
];

type Rename = readonly [from: string, to: string];

const otherNames: readonly [Rename, ...Rename[]] = [
  ['member_uuid', 'memberUuid'],
  ['member_uuid', 'uuid'],
  ['member_uuid', 'MEMBER_UUID'],
  ['login_id', 'loginID'],
  ['login_id', 'loginId'],
];

/** Of one member; what it becomes need not be one. */
const memberChanges: NamedChanges<unknown> = [
  ['a field dropped', (member, { pick }) => without(member, pick(['member_uuid', 'login_id']))],
  ['a field renamed', (member, { pick }) => renamed(member, ...pick(otherNames))],
  ['a UUID retyped', (member, { pick }) => ({ ...asRecord(member), member_uuid: pick(oddValues) })],
  ['a login id retyped', (member, { pick }) => ({ ...asRecord(member), login_id: pick(oddValues) })],
  ['an odd login id', (member, { pick }) => ({ ...asRecord(member), login_id: pick(oddTexts) })],
  ['further fields', (member, { pick }) => ({ ...asRecord(member), since: pick(oddValues), name: pick(oddTexts) })],
  ['a field of its prototype', (member) => JSON.parse(`{"__proto__":${JSON.stringify(member)}}`)],
  ['a member retyped', (_member, { pick }) => pick(oddValues)],
  ['a member in a list', (member) => [member]],
  ['a UUID in capitals', (member) => withUuid(member, (uuid) => uuid.toUpperCase())],
  ['a UUID broken', (member, chance) => withUuid(member, (uuid) => chance.pick(brokenUuids)[1](uuid, chance))],
  ["another's UUID", (member, chance) => withUuid(member, () => newUuid(chance))],
];

const listChanges: NamedChanges<readonly unknown[]> = [
  ['emptied', () => []],
  ['shortened', (list, { between }) => list.slice(0, between(0, list.length))],
  ['shortened by a few', (list, { between }) => list.slice(between(1, 12))],
  ['lengthened', (list, chance) => [...list, ...newMembers(chance, chance.between(1, 120))]],
  ['all others', (list, chance) => newMembers(chance, list.length)],
  ['one twice', (list, { pick }) => (list.length === 0 ? list : [...list, pick(nonEmpty(list))])],
  [
    'one twice, once in capitals',
    (list) => [...list, ...list.slice(0, 1).map((member) => withUuid(member, (uuid) => uuid.toUpperCase()))],
  ],
  ['in another order', (list) => list.toReversed()],
  ['a list in the list', (list) => [list]],
  [
    'something else in between',
    (list, { pick, between }) => list.toSpliced(between(0, list.length), 0, pick(oddValues)),
  ],
  ['by UUID', (list) => [Object.fromEntries(list.map((member, index) => [`m${index}`, member]))]],
];

const documentChanges: NamedChanges<unknown> = [
  ...repeated(
    6,
    inList('a member', memberChanges, (list, change, chance) => {
      const index = chance.between(0, list.length - 1);
      return list.with(index, change(list[index], chance));
    }),
  ),
  ...repeated(
    14,
    inList('the list', listChanges, (list, change, chance) => change(list, chance)),
  ),
  [
    'the list renamed',
    (document, { pick }) => renamed(document, 'activeMembers', pick(['active_members', 'members', 'ActiveMembers'])),
  ],
  ['the list retyped', (document, { pick }) => ({ ...asRecord(document), activeMembers: pick(oddValues) })],
  ['the list dropped', (document) => without(document, 'activeMembers')],
  ['the list by number', (document) => ({ activeMembers: Object.fromEntries((listOf(document) ?? []).entries()) })],
  ['the list as text', (document) => ({ activeMembers: JSON.stringify(listOf(document)) })],
  ['the list alone', (document) => listOf(document) ?? null],
  ['in an envelope', (document) => ({ data: document, status: 200 })],
  ['in a list', (document) => [document]],
  ['further fields', (document, { pick }) => ({ page: 1, ...asRecord(document), next: pick(oddValues) })],
  ['something else', (_document, { pick }) => pick(oddValues)],
];

const textChanges: NamedChanges<string> = [
  ['the list twice, the second one empty', (text) => text.replace(/\}\s*$/, ',"activeMembers":[]}')],
  ['the list twice, the first one empty', (text) => text.replace('{', '{"activeMembers":[],')],
  ['the list twice, once with an escaped name', (text) => text.replace('{', '{"active\\u004dembers":[],')],
  ['a UUID twice', (text, chance) => text.replace('"member_uuid"', `"member_uuid":"${newUuid(chance)}","member_uuid"`)],
  ['a login id twice', (text) => text.replace('"login_id"', '"login_id":null,"login_id"')],
  [
    'a huge number',
    (text, { pick }) => text.replace('{', `{"total":${pick(['1e999', '9'.repeat(400), '-0', '1E+5'])},`),
  ],
  [
    'a number that is none',
    (text, { pick }) => text.replace('{', `{"total":${pick(['01', '+1', '.5', 'NaN', '0x10'])},`),
  ],
  ['deeply nested', (text) => text.replace('{', `{"deep":${'['.repeat(500)}${']'.repeat(500)},`)],
  ['deeply nested, not closed', (text) => text.replace('{', `{"deep":${'['.repeat(500)}${']'.repeat(499)},`)],
  ['a comma too many', (text, { pick }) => text.replace(pick([/\]\s*\}\s*$/, /\}\s*$/]), (end) => `,${end}`)],
  ['a comment', (text) => text.replace('{', '{/* all of them */')],
  ['single quotes', (text) => text.replaceAll('"', "'")],
  ['a bad escape', (text) => text.replace('"m', '"\\x6d')],
  ['a line end within a text', (text) => text.replace('"m', '"\n')],
  ['something after the end', (text, { pick }) => `${text}${pick(['\n', ' ', ';', '{}', text, '\u0000', '\u00a0'])}`],
  ['something before', (text, { pick }) => `${pick(['\n', ' ', ")]}',\n", 'while(1);', '\u00a0', '\v'])}${text}`],
  ['a page', () => '<!doctype html><title>502 Bad Gateway</title>'],
  ['nothing', (_text, { pick }) => pick(['', ' ', '\n', 'null', 'undefined', '{}'])],
];

const byteChanges: NamedChanges<Buffer> = [
  ...repeated<Buffer>(4, [
    'a bit flipped',
    (body, { between }) => flipped(body, between(0, body.length - 1), 1 << between(0, 7)),
  ]),
  ['a byte changed', (body, { between }) => flipped(body, between(0, body.length - 1), between(1, 255))],
  ...repeated<Buffer>(3, ['truncated', (body, { between }) => body.subarray(0, between(0, body.length))]),
  ['its beginning lost', (body, { between }) => body.subarray(between(0, body.length))],
  ['bytes lost', (body, { between }) => spliced(body, between(0, body.length), between(1, 200), '')],
  ['bytes inserted', (body, { between }) => spliced(body, between(0, body.length), 0, Buffer.from([between(0, 255)]))],
  [
    'a part said twice',
    (body, { between }) => spliced(body, between(0, body.length), 0, body.subarray(0, between(0, 500))),
  ],
  ['a byte order mark', (body) => spliced(body, 0, 0, '\ufeff')],
  ['two byte order marks', (body) => spliced(body, 0, 0, '\ufeff\ufeff')],
  ['in UTF-16', (body) => Buffer.from(body.toString('utf8'), 'utf16le')],
  ['a login id in Latin-1', (body) => spliced(body, body.indexOf('"m') + 1, 1, Buffer.from('Zoë', 'latin1'))],
  ['a login id in EUC-KR', (body) => spliced(body, body.indexOf('"m') + 1, 1, Buffer.from([0xc7, 0xae, 0xbe, 0xbe]))],
  ['compressed', (body) => gzipSync(body)],
];

const statuses = [
  201, 202, 203, 206, 301, 302, 307, 400, 401, 403, 404, 408, 409, 413, 425, 429, 500, 502, 503, 504,
] as const;
const contentTypes = [
  'text/html',
  'text/plain; charset=euc-kr',
  'application/octet-stream',
  'application/json; charset=utf-16',
  '',
] as const;

const exchangeChanges: NamedChanges<DirectoryAnswer> = [
  ['another status', (answer, { pick }) => ({ ...answer, status: pick(statuses) })],
  ['another content type', (answer, { pick }) => ({ ...answer, headers: { 'content-type': pick(contentTypes) } })],
  ['no content type', (answer) => ({ ...answer, headers: {} })],
  ['said to be compressed', (answer) => ({ ...answer, headers: { ...answer.headers, 'content-encoding': 'gzip' } })],
  [
    'the connection cut',
    (answer, { between }) => ({ ...answer, cut: true, body: answer.body.subarray(0, between(0, answer.body.length)) }),
  ],
  ['the connection cut at the very end', (answer) => ({ ...answer, cut: true })],
];

/** One of these changes, of the list or of something in it, where there is a list at all. */
function inList<T>(
  what: string,
  changes: NamedChanges<T>,
  apply: (list: readonly unknown[], change: Change<T>, chance: Chance) => readonly unknown[],
): [string, Change<unknown>] {
  return [
    what,
    (document, chance) => {
      const list = listOf(document);
      if (list === undefined || list.length === 0) return document;
      return { ...asRecord(document), activeMembers: apply(list, chance.pick(changes)[1], chance) };
    },
  ];
}

function repeated<T>(times: number, change: [string, Change<T>]): [[string, Change<T>], ...[string, Change<T>][]] {
  return [change, ...Array.from({ length: times - 1 }, () => change)];
}

function newMembers(chance: Chance, count: number): unknown[] {
  return Array.from({ length: count }, () => memberOf(newUuid(chance), chance));
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function listOf(document: unknown): readonly unknown[] | undefined {
  const { activeMembers } = asRecord(document);
  return Array.isArray(activeMembers) ? activeMembers : undefined;
}

function withUuid(member: unknown, change: (uuid: string) => string): unknown {
  const { member_uuid: uuid, ...others } = asRecord(member);
  return { member_uuid: typeof uuid === 'string' ? change(uuid) : uuid, ...others };
}

function without(value: unknown, name: string): unknown {
  return Object.fromEntries(Object.entries(asRecord(value)).filter(([key]) => key !== name));
}

function renamed(value: unknown, from: string, to: string): unknown {
  return Object.fromEntries(
    Object.entries(asRecord(value)).map(([key, content]) => [key === from ? to : key, content]),
  );
}

function nonEmpty<T>(list: readonly T[]): readonly [T, ...T[]] {
  const [first, ...others] = list;
  if (first === undefined) throw new Error('There is nothing to choose from');
  return [first, ...others];
}

function replaceAt(text: string, at: number, character: string): string {
  return `${text.slice(0, at)}${character}${text.slice(at + 1)}`;
}

function flipped(body: Buffer, at: number, bits: number): Buffer {
  const copy = Buffer.from(body);
  if (copy.length > 0)
    copy.writeUInt8(copy.readUInt8(Math.min(at, copy.length - 1)) ^ bits, Math.min(at, copy.length - 1));
  return copy;
}

function spliced(body: Buffer, at: number, length: number, inserted: string | Buffer): Buffer {
  return Buffer.concat([body.subarray(0, at), Buffer.from(inserted), body.subarray(at + length)]);
}
