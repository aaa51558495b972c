/** Text for people: wrapped at words to the width of their terminal, and tables whose columns line up in Korean too. */
import { stripVTControlCharacters } from 'node:util';
import { eastAsianWidth } from 'get-east-asian-width';

/** No terminal is too narrow for this; below it, lines are left to the terminal. */
const narrowest = 40;

/** How many columns a stream has; undefined where nobody looks at it, so that nothing is wrapped in files and pipes. */
export function columnsOf({
  isTTY,
  columns = 0,
}: {
  readonly isTTY?: boolean;
  readonly columns?: number;
}): number | undefined {
  return isTTY === true && columns >= narrowest ? columns : undefined;
}

/**
 * Breaks a line between words where it would be longer than `columns`; what follows is indented by `indent` spaces. A
 * word that is longer by itself stays whole, because names, addresses and commands are there to be copied.
 */
export function wrapLine(line: string, columns: number | undefined, indent = 0): string {
  if (columns === undefined || displayWidth(line) <= columns) return line;
  const [lead = ''] = /^ */.exec(line) ?? [];
  const lines: string[] = [];
  let current = lead;
  let isEmpty = true;
  for (const word of line.slice(lead.length).split(' ')) {
    if (!isEmpty && displayWidth(current) + 1 + displayWidth(word) > columns) {
      lines.push(current.trimEnd());
      current = ' '.repeat(indent);
      isEmpty = true;
    }
    current += isEmpty ? word : ` ${word}`;
    isEmpty = isEmpty && word === '';
  }
  return [...lines, current].join('\n');
}

/**
 * A message and what belongs to it. The first line is a sentence, and wrapped; the lines after it are commands to copy,
 * and stay as they are.
 */
export function wrapMessage(message: string, columns: number | undefined, indent = 0): string {
  const [sentence = '', ...commands] = message.split('\n');
  return [wrapLine(sentence, columns, indent), ...commands].join('\n');
}

/** Wide enough for most names; of a table that is too wide, no column is wider for the sake of a few long ones. */
const widestAlignment = 24;

/**
 * Rows below their heading, in columns as wide as their widest cell. Where that is more than the terminal has, a long
 * cell pushes the rest of its own row to the right, or onto the next line.
 */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string[] {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => displayWidth(row[column] ?? ''))));
  const isTooWide = columns !== undefined && widths.reduce((sum, width) => sum + width + 2, -2) > columns;
  const aligned = widths.map((width) => (isTooWide ? Math.min(width, widestAlignment) : width));
  return all.map((row) => {
    const cells = row.map((cell, column) => (column === row.length - 1 ? cell : padEnd(cell, aligned[column] ?? 0)));
    return wrapLine(cells.join('  ').trimEnd(), columns, 4);
  });
}

/** Text with spaces after it, up to a width in columns. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** Columns that a terminal gives to the text: two for Korean, none for colours and combining marks. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text).normalize('NFC')) {
    if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) continue;
    width += eastAsianWidth(character.codePointAt(0) ?? 0);
  }
  return width;
}

/** Text from outside made safe for a terminal: control and invisible characters escaped. */
export function withoutInvisible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** A JSON document whose texts are the same to a program, and harmless where it is printed on a terminal. */
export function terminalJson(data: unknown): string {
  return `${escapedForTerminal(JSON.stringify(data, undefined, 2))}\n`;
}

/** Of text in which control characters are escaped already: the rest of what a terminal acts on or doesn't show, as `\u202e`. */
export function escapedForTerminal(text: string): string {
  return text.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
