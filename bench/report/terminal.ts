/** The report on a terminal. */
import type { Results } from '../results.ts';
import { conditionList } from './document.ts';
import { textTable } from './table.ts';
import { tables } from './tables.ts';
import { english } from './words.ts';

export function renderText(results: Results): string {
  const parts = Object.values(tables).flatMap((tableOf) => {
    const table = tableOf(results, english);
    return table === undefined ? [] : [textTable(table)];
  });
  return `${[conditionList(results, english), ...parts].join('\n\n').replaceAll('**', '').replaceAll('`', '')}\n`;
}
