/** Writes what a run found into the docs: the figures as JSON, the generated parts of the documents, the pictures. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Results, resultsSchema } from '../results.ts';
import { renderDocument } from './document.ts';
import { renderPlot } from './plot.ts';
import { english, korean } from './words.ts';

const docs = join(import.meta.dirname, '../../docs');
const resultsFile = join(docs, 'benchmarks.json');
const languages = [
  { document: join(docs, 'benchmarks.md'), picture: join(docs, 'pictures/benchmarks.en.svg'), words: english },
  { document: join(docs, 'benchmarks.ko.md'), picture: join(docs, 'pictures/benchmarks.ko.svg'), words: korean },
] as const;

/** The figures that the docs show now. */
export async function readPublishedResults(): Promise<Results> {
  return resultsSchema.parse(JSON.parse(await readFile(resultsFile, 'utf8')));
}

export async function publishResults(results: Results): Promise<void> {
  await writeFile(resultsFile, `${JSON.stringify(results, roundFigures, 2)}\n`);
  for (const [file, content] of await renderDocs()) await writeFile(file, content);
}

/** What the documents and pictures have to be, by file, for the figures that are kept in docs/benchmarks.json. */
export async function renderDocs(): Promise<Map<string, string>> {
  const results = await readPublishedResults();
  const files = new Map<string, string>();
  for (const { document, picture, words } of languages) {
    files.set(document, renderDocument(await readFile(document, 'utf8'), results, words));
    files.set(picture, renderPlot(results, words));
  }
  return files;
}

/** Six digits are more than any of these figures deserves. */
function roundFigures(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
