/** Tells a story on a terminal of 80 columns: chapters, sentences, and commands with what they print. */
import { styleFor } from '../../src/cli/style.ts';
import { displayWidth, wrapLine } from '../../src/lib/terminal-text.ts';

const columns = 80;
const indent = '    ';

export interface Narrator {
  chapter(title: string): void;
  say(sentences: string): void;
  /** What the audience would type. */
  command(line: string): void;
  /** What a command printed. */
  output(text: string): void;
  /** Lines to copy, which are never broken. */
  copyable(lines: readonly string[]): void;
  /** What is being waited for. */
  progress(line: string): void;
  /** A claim of the story that was just found true. */
  fact(sentence: string): void;
}

export function narrateOn(stream: NodeJS.WriteStream): Narrator {
  const style = styleFor(stream);
  const write = (text: string): void => void stream.write(`${text}\n`);
  let chapters = 0;
  return {
    chapter: (title) => {
      chapters++;
      const heading = `${chapters}. ${title} `;
      write(`\n${style('bold', heading)}${style('dim', '─'.repeat(Math.max(0, columns - displayWidth(heading))))}\n`);
    },
    say: (sentences) => write(`${wrapLine(sentences, columns)}\n`),
    command: (line) =>
      write(style('cyan', wrapLine(`${indent}$ ${line}`, columns - 2, indent.length + 4).replaceAll('\n', ' \\\n'))),
    output: (text) => {
      for (const line of text.trimEnd().split('\n')) write(wrapLine(`${indent}${line}`, columns, indent.length + 4));
      write('');
    },
    copyable: (lines) => write(lines.map((line) => `${indent}${line}\n`).join('')),
    progress: (line) => write(style('dim', `${indent}${line}`)),
    fact: (sentence) => write(`${style('green', wrapLine(`  ✓ ${sentence}`, columns, 4))}\n`),
  };
}

/** A table of kubectl's that is wider than the terminal: its last columns come below the first ones, indented. */
export function inTwoRows(table: string): string {
  const lines = table.trimEnd().split('\n');
  const [heading = ''] = lines;
  const width = columns - indent.length;
  if (lines.every((line) => displayWidth(line) <= width)) return table;
  // A column begins after two spaces, since titles have single ones within.
  const starts = [...heading.matchAll(/(?<= {2})\S/g)].map(({ index }) => index);
  const split = starts.findLast((start) => start <= width) ?? heading.length;
  return lines.flatMap((line) => [line.slice(0, split).trimEnd(), `${indent}${line.slice(split)}`]).join('\n');
}
