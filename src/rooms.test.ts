/** What the rooms under src/ may know of each other. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mayImport } from '../rooms.ts';

const source = import.meta.dirname;
const root = join(source, '..');

/** What the linter, with this project's own configuration, says of files that are not part of it: one line an import. */
function lint(files: Readonly<Record<string, string>>): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'pks-rooms-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const config = `export { default } from ${JSON.stringify(join(root, 'oxlint.config.ts'))};\n`;
  for (const [file, text] of Object.entries({ 'oxlint.config.ts': config, ...files })) {
    mkdirSync(join(directory, file, '..'), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
  const { stdout, stderr } = spawnSync(process.execPath, [oxlint, '--format=unix'], {
    cwd: directory,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line.includes('no-restricted-imports'));
}

it('the table of rooms has every room, and each may import only from those above it', () => {
  const rooms = Object.keys(mayImport);
  const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(new Set(rooms)).toEqual(new Set(folders.map(({ name }) => name)));
  for (const [index, room] of rooms.entries()) {
    const imported = (mayImport[room] ?? []).map((each) => (typeof each === 'string' ? each : each.room));
    expect(rooms.slice(0, index)).toEqual(expect.arrayContaining(imported));
  }
});

it('the linter reports an import that the table does not have, at whatever depth, types included', () => {
  const reported = lint({
    'src/core/scratch.ts': "import { retry } from '../http/retry.ts';\nexport const one = retry;\n",
    'src/audit/checks/scratch.ts':
      "import type { Deployed } from '../../preflight/deployed.ts';\nexport type One = Deployed;\n",
    'src/member/scratch.ts': "export { openClient } from '../kube/client.ts';\n",
    'src/core/clock.ts': "import { readFileSync } from 'node:fs';\nexport const one = readFileSync;\n",
  });
  expect(reported.map((line) => line.replace(/:.*/, '')).toSorted()).toEqual([
    'src/audit/checks/scratch.ts',
    'src/core/clock.ts',
    'src/core/scratch.ts',
    'src/member/scratch.ts',
  ]);
});

it('and no other', () => {
  const reported = lint({
    'src/preflight/checks/scratch.ts':
      "export { one } from '../../audit/leavers/leavers.ts';\nexport { two } from '../deployed.ts';\n",
    'src/member/scratch.ts':
      "export { renderKubeconfig } from '../kube/kubeconfig-document.ts';\nexport { one } from './login.ts';\n",
  });
  expect(reported).toEqual([]);
});

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

describe.each(['architecture.md', 'architecture.ko.md'])('docs/%s', (page) => {
  const text = readFileSync(join(root, 'docs', page), 'utf8');

  it('says what each room is for, in the order of the table of rooms', () => {
    const rows = [...text.matchAll(/^\| `([a-z]+)\/` \| \S/gm)].map(([, room]) => room);
    expect(rows).toEqual(Object.keys(mayImport));
  });

  it('draws each room above those that it imports', () => {
    const lines = text.split('\n').map((line) => (line.startsWith('    ') ? line.trim().split(' · ') : []));
    const lineOf = (room: string) => lines.findIndex((line) => line.includes(room));
    for (const [room, imported] of Object.entries(mayImport)) {
      expect({ room, line: lineOf(room) }).not.toEqual({ room, line: -1 });
      const above = imported
        .map((each) => (typeof each === 'string' ? each : each.room))
        .filter((each) => lineOf(each) <= lineOf(room));
      expect({ room, above }).toEqual({ room, above: [] });
    }
  });

  it('names only files that exist', () => {
    const named = [...text.matchAll(/`((?:src|test|dev|deploy|docs)\/[\w./-]+|[\w-]+\.ts)`/g)].map(
      ([, file]) => file ?? '',
    );
    // `docs/commands` stands for both languages.
    const isThere = (file: string) => existsSync(join(root, file)) || existsSync(join(root, `${file}.md`));
    expect(named.filter((file) => !isThere(file))).toEqual([]);
  });

  it('is linked from the README in its language', () => {
    const readme = readFileSync(join(root, page.replace('architecture', 'README')), 'utf8');
    expect(readme).toContain(`(docs/${page})`);
  });
});
