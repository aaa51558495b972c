/** On a Node that is too old, everything that people start says so in one line, and nothing else. */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { temporaryDirectory } from '../dev/control-plane/testing.ts';
import packageJson from '../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');

/** With a Node that says it is an older one, as soon as it starts. */
async function onOld(version: string, words: readonly string[]) {
  const pretence = join(await temporaryDirectory(), 'old.cjs');
  const versions = { ...process.versions, node: version };
  await writeFile(pretence, `Object.defineProperty(process, 'versions', { value: ${JSON.stringify(versions)} });`);
  const options = { cwd: root, encoding: 'utf8', timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', pretence, ...words], options);
  return { status, stdout, stderr };
}

const refusal = (oldest: number, version: string) => ({
  status: 2,
  stdout: '',
  stderr: `credentials-updater needs Node ${oldest} or later, this is ${version}\n`,
});

test.each(['credentials-updater.mjs', 'poolc-api.mjs', 'publish-secrets.mjs'])('the bundle %s', async (file) => {
  expect(await onOld('20.20.2', [join('dist', file), '--help'])).toEqual(refusal(24, '20.20'));
});

test("the members' bundle, which needs less", async () => {
  const program = 'dist/member/credentials-updater-member.mjs';
  expect(await onOld('18.20.8', [program, '--help'])).toEqual(refusal(20, '18.20'));
  expect(await onOld('20.20.2', [program, '--help'])).toMatchObject({ status: 0, stderr: '' });
});

const scripts = Object.entries(z.record(z.string(), z.string()).parse(packageJson.scripts)).filter(([, line]) =>
  /^node .*\.ts$/.test(line),
);

test.each(scripts)('npm run %s', async (_, line) => {
  // First, since without it the script would do what it is for.
  for (const part of line.split(' && ')) expect(part).toMatch(/^node --require \.\/needs-node\.cjs /);
  const [first = ''] = line.split(' && ');
  expect(await onOld('20.20.2', [...first.split(' ').slice(1), '--help'])).toEqual(refusal(24, '20.20'));
});
