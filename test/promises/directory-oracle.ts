/**
 * What an answer of the directory means, judged apart from the program: a JSON reader of its own (RFC 8259), the format as
 * the PoolC API's contract has it, and the guard's limits once more, from their description.
 */
import { isUtf8 } from 'node:buffer';

/** An answer as it went over the wire. */
export interface DirectoryAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether the connection ends before the whole body has come. */
  readonly cut: boolean;
}

export type Judgement =
  | { readonly verdict: 'malformed' }
  /** Well-formed, but nothing to act on. */
  | { readonly verdict: 'implausible' }
  /** Members by their lower-cased UUID, with the UUID as the directory spells it. */
  | { readonly verdict: 'valid'; readonly members: ReadonlyMap<string, string> };

/** @param owned the lower-cased UUIDs of the accounts on the cluster */
export function judge(answer: DirectoryAnswer, owned: ReadonlySet<string>): Judgement {
  const members = membersOf(answer);
  if (members === undefined) return { verdict: 'malformed' };
  return isPlausible(new Set(members.keys()), owned) ? { verdict: 'valid', members } : { verdict: 'implausible' };
}

/** The guard's default limits. */
function isPlausible(members: ReadonlySet<string>, owned: ReadonlySet<string>): boolean {
  if (members.size === 0) return false;
  const leaving = [...owned].filter((uuid) => !members.has(uuid)).length;
  const joining = [...members].filter((uuid) => !owned.has(uuid)).length;
  if (leaving > 10 && 4 * leaving > owned.size) return false;
  if (owned.size >= 4 && 2 * leaving > owned.size) return false;
  return owned.size === 0 || joining <= 50 || joining <= owned.size;
}

function membersOf({ status, body, cut }: DirectoryAnswer): Map<string, string> | undefined {
  if (status !== 200 || cut || !isUtf8(body)) return undefined;
  // RFC 8259, 8.1: a byte order mark may be ignored. One.
  const root = readJson(body.toString('utf8').replace(/^\ufeff/, ''));
  const list = field(root, 'activeMembers');
  if (list?.type !== 'array') return undefined;
  const members = new Map<string, string>();
  for (const item of list.items) {
    const [uuid, loginId] = [field(item, 'member_uuid'), field(item, 'login_id')];
    if (uuid?.type !== 'string' || (loginId?.type !== 'string' && loginId?.type !== 'null')) return undefined;
    const identity = uuid.text.toLowerCase();
    if (!hasUuidShape(uuid.text) || members.has(identity)) return undefined;
    members.set(identity, uuid.text);
  }
  return members;
}

/** RFC 9562, 4: 8, 4, 4, 4 and 12 hexadecimal digits with hyphens between. */
function hasUuidShape(text: string): boolean {
  const groups = text.split('-');
  const digits = '0123456789abcdefABCDEF';
  return (
    groups.map(({ length }) => length).join() === '8,4,4,4,12' &&
    groups.every((group) => Array.from(group).every((digit) => digits.includes(digit)))
  );
}

type Json =
  | { readonly type: 'null' | 'boolean' | 'number' }
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'array'; readonly items: readonly Json[] }
  | { readonly type: 'object'; readonly fields: ReadonlyMap<string, Json> };

function field(value: Json | undefined, name: string): Json | undefined {
  return value?.type === 'object' ? value.fields.get(name) : undefined;
}

class NotJson extends Error {}

/** undefined for what isn't JSON, or says something twice: of two fields with one name, no reader can know which counts. */
function readJson(text: string): Json | undefined {
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [token] = pattern.exec(text) ?? [];
    at += token?.length ?? 0;
    return token;
  };
  const token = (pattern: RegExp): string | undefined => {
    take(/[ \t\n\r]*/y);
    return take(pattern);
  };
  const need = (found: string | undefined): string => {
    if (found === undefined) throw new NotJson();
    return found;
  };
  const string = (): string | undefined => {
    const quoted = token(/"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy);
    return quoted === undefined ? undefined : unescape(quoted.slice(1, -1));
  };
  const list = (end: RegExp, item: () => void): void => {
    if (token(end) !== undefined) return;
    do item();
    while (token(/,/y) !== undefined);
    need(token(end));
  };
  const value = (): Json => {
    if (token(/\{/y) !== undefined) {
      const fields = new Map<string, Json>();
      list(/\}/y, () => {
        const name = need(string());
        need(token(/:/y));
        if (fields.has(name)) throw new NotJson();
        fields.set(name, value());
      });
      return { type: 'object', fields };
    }
    if (token(/\[/y) !== undefined) {
      const items: Json[] = [];
      list(/\]/y, () => void items.push(value()));
      return { type: 'array', items };
    }
    const content = string();
    if (content !== undefined) return { type: 'string', text: content };
    if (token(/null/y) !== undefined) return { type: 'null' };
    if (token(/true|false/y) !== undefined) return { type: 'boolean' };
    need(token(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y));
    return { type: 'number' };
  };
  try {
    const root = value();
    take(/[ \t\n\r]*/y);
    return at === text.length ? root : undefined;
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

const short: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function unescape(text: string): string {
  return text.replace(/\\(?:u(.{4})|(.))/g, (_whole, code: string | undefined, letter = '') =>
    code === undefined ? (short[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
