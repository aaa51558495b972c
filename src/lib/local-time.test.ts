import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const file = join(import.meta.dirname, 'local-time.ts');

/** The zone of a process is set when it starts. */
function inZone(zone: string, ms: number): string {
  const program = `import { localTime } from ${JSON.stringify(file)}; process.stdout.write(localTime(${ms}));`;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    env: { TZ: zone, LANG: 'ko_KR.UTF-8' },
  });
}

test.each([
  ['Asia/Seoul', '2026-12-01 00:07 GMT+9'],
  ['UTC', '2026-11-30 15:07 UTC'],
  ['America/New_York', '2026-11-30 10:07 EST'],
])('in %s it is %s', (zone, text) => {
  expect(inZone(zone, Date.UTC(2026, 10, 30, 15, 7, 59))).toBe(text);
});

test('a time that is none is not an error', () => {
  expect(inZone('UTC', Number.NaN)).toBe('?');
});
