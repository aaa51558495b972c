/** A table, for a terminal and for Markdown. The first column is words, the others are figures unless said otherwise. */

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Indexes of further columns that hold words. */
  readonly words?: readonly number[];
}

export function markdownTable({ columns, rows, words = [] }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map((_, index) => (index === 0 || words.includes(index) ? '---' : '---:'));
  return [line(columns), line(rule), ...rows.map(line)].join('\n');
}

export function textTable({ columns, rows, words = [] }: Table): string {
  const widths = columns.map((column, index) =>
    Math.max(...[column, ...rows.map((row) => row[index] ?? '')].map(width)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const space = ' '.repeat((widths[index] ?? 0) - width(cell));
        return index === 0 || words.includes(index) ? cell + space : space + cell;
      })
      .join('   ')
      .trimEnd();
  return [line(columns), ...rows.map(line)].map((text) => `  ${text}`).join('\n');
}

function width(text: string): number {
  return Array.from(text).length;
}
