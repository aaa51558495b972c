/** What a command found, as a document for programs: JSON or YAML, harmless where it is printed on a terminal. */
import { stringify } from 'yaml';
import { escapedForTerminal, terminalJson } from '../lib/terminal-text.ts';

export const documentFormats = ['json', 'yaml'] as const;
export type DocumentFormat = (typeof documentFormats)[number];

export function isDocument(format: string): format is DocumentFormat {
  return documentFormats.some((known) => known === format);
}

export function documentText(format: DocumentFormat, data: unknown): string {
  return format === 'json' ? terminalJson(data) : terminalYaml(data);
}

/** What a terminal acts on is escaped, which YAML only reads back between double quotes. */
function terminalYaml(data: unknown): string {
  // As JSON has it: without what is undefined.
  const plain: unknown = JSON.parse(JSON.stringify(data));
  const text = stringify(plain, { lineWidth: 0, aliasDuplicateObjects: false });
  if (escapedForTerminal(text) === text) return text;
  return escapedForTerminal(
    stringify(plain, { lineWidth: 0, aliasDuplicateObjects: false, defaultStringType: 'QUOTE_DOUBLE' }),
  );
}
