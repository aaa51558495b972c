/** Variables are read in config/ alone; members' commands, a program of their own, read theirs in one file. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { settingDefinitions } from './definitions.ts';

const source = join(import.meta.dirname, '..');
const files = (await readdir(source, { recursive: true })).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('config/'),
);

test('nothing outside config/ looks a variable up', async () => {
  const lookUps = /process\.env\b|ProcessEnv\b|\benv(ironment)?\[|\bvariables\[|\benv\.[A-Z]/;
  const exempt = ['member/environment.ts', 'member/places.ts', 'member/own-command.ts', 'lib/variables.ts'];
  const found: string[] = [];
  for (const file of files.filter((each) => !exempt.includes(each)))
    if (lookUps.test(await readFile(join(source, file), 'utf8'))) found.push(file);
  expect(found).toEqual([]);
});

test('each setting has one name, which says its flag, and one place: a MemberSync or the process', () => {
  const names = settingDefinitions.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  expect(names.length).toBeGreaterThan(20);
  for (const { name, paths, belongsTo } of settingDefinitions) {
    expect(name).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    const roots = paths.map(([root]) => root);
    expect(roots).not.toEqual([]);
    const ofDocument = roots.every((root) => root === 'spec' || root === 'metadata');
    expect(ofDocument).toBe(belongsTo === 'member-sync');
  }
});
