/** What a test measured: printed, and collected for docs/promises.md where run.ts asks for it. */
import { appendFileSync } from 'node:fs';

export interface Figure {
  /** The key of the figure in docs/promises.md. */
  readonly name: string;
  readonly text: string;
}

export function printFigure(name: string, text: string): void {
  console.log(`figure: ${name}: ${text}`);
  const file = process.env['PROMISES_FIGURES'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ name, text } satisfies Figure)}\n`);
}
