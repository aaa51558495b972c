/** What a test measured, for docs/promises.md: printed, and collected in the file that PROMISES_FIGURES names. */
import { appendFileSync } from 'node:fs';

export interface Figure {
  readonly name: string;
  readonly text: string;
}

export function printFigure(name: string, text: string): void {
  console.log(`figure: ${name}: ${text}`);
  const file = process.env['PROMISES_FIGURES'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ name, text } satisfies Figure)}\n`);
}
