/** docs/promises.md and docs/promises.ko.md say the same, and nothing that isn't there. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const languages = ['docs/promises.md', 'docs/promises.ko.md'] as const;
const promises = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9'];

/** What stands between backquotes: files, commands, settings. */
const quoted = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, word]) => word ?? []);
const files = (text: string): string[] =>
  quoted(text).filter((word) => /^(src|test|dev|deploy|docs)\/[\w./-]+$/.test(word));
const numbers = (text: string): string[] => text.match(/\d[\d,.]*\d|\d/g) ?? [];

/** The section of each promise, from its heading to the next. */
function sectionsOf(text: string): Map<string, string> {
  const sections = text.split(/^## /m).slice(1);
  return new Map(sections.map((section) => [section.split(/\W/, 1)[0] ?? '', section]));
}

describe.each(languages)('%s', (path) => {
  const text = read(path);

  test('names only files that exist', () => {
    expect(files(text).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  test('names only commands that exist', () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));
    const named = quoted(text).flatMap((word) => /^npm (?:run )?([\w:-]+)/.exec(word)?.[1] ?? []);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  test.each(promises)('says of %s what keeps it and which test shows it', (promise) => {
    const named = files(sectionsOf(text).get(promise) ?? '');
    expect(named.filter((file) => /^(src|deploy)\/.+(?<!\.test)\.(ts|yaml)$/.test(file))).not.toEqual([]);
    expect(named.filter((file) => file.endsWith('.test.ts'))).not.toEqual([]);
  });
});

test.each(promises)('both languages name the same files and figures for %s', (promise) => {
  const [english = '', korean = ''] = languages.map((path) => sectionsOf(read(path)).get(promise));
  expect(files(korean)).toEqual(files(english));
  expect(numbers(korean).toSorted()).toEqual(numbers(english).toSorted());
});
