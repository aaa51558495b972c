import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { renderDocs } from './publish.ts';

test('what docs/benchmarks.md and its Korean twin say is what docs/benchmarks.json holds', async () => {
  for (const [file, content] of await renderDocs())
    expect([file, await readFile(file, 'utf8')]).toEqual([file, content]);
});
