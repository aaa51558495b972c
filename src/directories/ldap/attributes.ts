/** The attributes of an entry, as LDAP has them: names without case, any number of values. */
import type { Entry } from 'ldapts';

export type Value = string | Buffer;

/** The values as text; none where the attribute is missing. */
export function valuesOf(entry: Entry, attribute: string): string[] {
  return rawValuesOf(entry, attribute).map((value) => (typeof value === 'string' ? value : value.toString('utf8')));
}

export function rawValuesOf(entry: Entry, attribute: string): Value[] {
  const values: Value[] = [];
  for (const name of Object.keys(entry)) {
    const value = entry[name];
    if (value === undefined || !isSameName(name, attribute)) continue;
    if (Array.isArray(value)) values.push(...value);
    else values.push(value);
  }
  return values;
}

/** Lengths first: a list of thousands asks for each of its attributes by each name. */
function isSameName(name: string, other: string): boolean {
  return name.length === other.length && (name === other || name.toLowerCase() === other.toLowerCase());
}

/** The canonical text of an objectGUID: its first three parts are stored with their bytes reversed. */
export function guidText(bytes: Buffer): string {
  const part = (from: number, to: number, isReversed: boolean) => {
    const piece = bytes.subarray(from, to);
    return Buffer.from(isReversed ? piece.toReversed() : piece).toString('hex');
  };
  return [part(0, 4, true), part(4, 6, true), part(6, 8, true), part(8, 10, false), part(10, 16, false)].join('-');
}
