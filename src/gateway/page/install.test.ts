import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installCommands, systemOf } from './install.ts';

test.each(['members.md', 'members.ko.md'])('the commands are those of docs/%s', (file) => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs', file), 'utf8');
  for (const command of Object.values(installCommands)) expect(text).toContain(`\n    ${command}\n`);
});

test.each([
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36', 'Windows (PowerShell)'],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15', 'macOS'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Linux'],
  ['Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36', undefined],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15', undefined],
  [undefined, undefined],
])('a browser that says %j is on %s', (userAgent, system) => {
  expect(systemOf(userAgent)).toBe(system);
});
