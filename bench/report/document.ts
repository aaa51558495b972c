/** docs/benchmarks.md and its Korean twin: what lies between a pair of markers is written here, the rest by hand. */
import type { Results } from '../results.ts';
import { markdownTable } from './table.ts';
import { tableNames, tables } from './tables.ts';
import type { Words } from './words.ts';

/** The document with every generated part made anew. @throws when a pair of markers is missing */
export function renderDocument(document: string, results: Results, words: Words): string {
  return tableNames.reduce((text, name) => {
    const content = name === 'conditions' ? conditionList(results, words) : tableOf(name, results, words);
    return replacePart(text, name, content);
  }, document);
}

function tableOf(name: Exclude<(typeof tableNames)[number], 'conditions'>, results: Results, words: Words): string {
  const table = tables[name](results, words);
  return table === undefined ? words.notMeasured : markdownTable(table);
}

function replacePart(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- generated: ${name} -->`, '<!-- end -->'];
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`the document has no part between "${begin}" and "${end}"`);
  return `${document.slice(0, from + begin.length)}\n${content}\n${document.slice(to)}`;
}

export function conditionList({ conditions, steadyState = [] }: Results, words: Words): string {
  const { machine, kubernetes, node, wrk, nodeFlags, loadBefore, priority, startedAt } = conditions;
  const rounds = Math.max(0, ...steadyState.map((size) => size.rounds.length));
  return [
    `${words.conditions.when} ${startedAt.slice(0, 16).replace('T', ' ')} UTC`,
    words.conditions.machine(
      machine.cpus,
      machine.model,
      (machine.memoryBytes / 2 ** 30).toFixed(0),
      machine.system.split('-')[0] ?? machine.system,
    ),
    words.conditions.versions(kubernetes, node, wrk ?? '–'),
    words.conditions.flags(nodeFlags.join(' ')),
    words.conditions.load(loadBefore.toFixed(1), priority),
    words.conditions.rounds(rounds),
  ]
    .map((line) => `- ${line}`)
    .join('\n');
}
