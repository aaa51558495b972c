/** What the rooms under src/ may know of each other. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const source = import.meta.dirname;

const filesOf = (room: string): string[] =>
  readdirSync(join(source, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => join(room, file));

it.each(['http', 'kube'])('%s/ knows nothing of this product: its callers pass what they want said', (room) => {
  const product = /poolc|credentials-updater|TARGET_NAMESPACE|POD_NAMESPACE|\bdeploy\/|\bclub\b/i;
  const lines = filesOf(room).flatMap((file) =>
    readFileSync(join(source, file), 'utf8')
      .split('\n')
      .filter((line) => product.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(lines).toEqual([]);
});
