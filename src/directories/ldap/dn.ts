/** Distinguished names, compared as servers compare them: without case, spaces around separators, or kinds of escapes. */

/** Without escapes, without several values in a component, and without spaces that mean nothing. */
const plainDN = /^[a-z0-9.-]+=[^\\,+= ]+( [^\\,+= ]+)*(,[a-z0-9.-]+=[^\\,+= ]+( [^\\,+= ]+)*)*$/i;

/** Two DNs of one entry have the same text. */
export function normalDN(dn: string): string {
  // Nearly every name; a list has thousands.
  if (plainDN.test(dn)) return dn.toLowerCase();
  return components(dn)
    .map((component) =>
      component
        .map(([type, value]) => `${type}=${value}`)
        .toSorted()
        .join('+'),
    )
    .join(',');
}

/** Whether an entry lies at the base or below it. */
export function isUnder(dn: string, base: string): boolean {
  const [inner, outer] = [normalDN(dn), normalDN(base)];
  return inner === outer || inner.endsWith(`,${outer}`);
}

type Attribute = readonly [type: string, value: string];

function components(dn: string): Attribute[][] {
  return split(dn, ',')
    .filter((component) => component.trim() !== '')
    .map((component) =>
      split(component, '+').map((attribute): Attribute => {
        const at = attribute.indexOf('=');
        const value = unescape(trimmed(attribute.slice(at + 1)));
        return [attribute.slice(0, at).trim().toLowerCase(), escapeSeparators(value.toLowerCase().replace(/ +/g, ' '))];
      }),
    );
}

/** At separators that no backslash precedes. */
function split(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator);
  const parts: string[] = [''];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '\\') {
      parts.push((parts.pop() ?? '') + text.slice(at, at + 2));
      at++;
    } else if (character === separator) parts.push('');
    else parts.push((parts.pop() ?? '') + character);
  }
  return parts;
}

/** White space around a value means nothing, but for an escaped one. */
function trimmed(value: string): string {
  const start = value.replace(/^ +/, '');
  return /\\ +$/.test(start) ? start.replace(/(\\ ) *$/, '$1') : start.replace(/ +$/, '');
}

/** `\2C` and `\,` are the same comma; bytes in hex are UTF-8. */
function unescape(value: string): string {
  if (!value.includes('\\')) return value;
  const bytes: Buffer[] = [];
  for (let at = 0; at < value.length; at++) {
    const hex = /^\\([0-9A-Fa-f]{2})/.exec(value.slice(at, at + 3))?.[1];
    if (hex !== undefined) {
      bytes.push(Buffer.from(hex, 'hex'));
      at += 2;
    } else if (value[at] === '\\' && at + 1 < value.length) {
      const character = String.fromCodePoint(value.codePointAt(at + 1) ?? 0);
      bytes.push(Buffer.from(character));
      at += character.length;
    } else {
      const character = String.fromCodePoint(value.codePointAt(at) ?? 0);
      bytes.push(Buffer.from(character));
      at += character.length - 1;
    }
  }
  return Buffer.concat(bytes).toString('utf8');
}

function escapeSeparators(value: string): string {
  return value.replaceAll(/[\\,+=]/g, (character) => `\\${character}`);
}
