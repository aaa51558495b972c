/** docs/commands.md and its Korean twin name every command, flag, exit code and setting that there is, and no other. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { flagOf, gatewayDefinitions, settingDefinitions, settingGroups } from '../config/definitions.ts';
import { describeMemberSync, tableFields } from '../config/describe-fields.ts';
import { exitCodes } from '../lib/failure.ts';
import { createProgram } from './program.ts';

const docs = join(import.meta.dirname, '../../docs');
const { stdout, stderr } = process;
const program = createProgram({
  environment: { env: {}, program: ['credentials-updater'], stdout, stderr, signal: new AbortController().signal },
  end: () => undefined,
});
const membersCommands = ['login', 'logout', 'get-token', 'whoami', 'devices'];
const commands = program.commands.filter((command) => !membersCommands.includes(command.name()));
/** A command in parts has one section, which names the flags of each of them. */
const optionsOf = (command: (typeof commands)[number]) =>
  command.commands.length === 0 ? command.options : command.commands.flatMap((part) => part.options);
const settingFlags = new Set([...settingDefinitions, ...gatewayDefinitions].map(({ name }) => flagOf(name)));
const ownFlags = commands.map((command) => ({
  command: command.name(),
  flags: [
    ...new Set(
      optionsOf(command).flatMap(({ long, short }) => [long, short].filter((flag) => typeof flag === 'string')),
    ),
  ],
}));

describe.each(['commands.md', 'commands.ko.md'])('docs/%s', async (file) => {
  const text = await readFile(join(docs, file), 'utf8');
  const section = (name: string) => text.split(/^## /m).find((part) => part.startsWith(`${name}\n`)) ?? '';
  const named = (part: string) => new Set([...part.matchAll(/(?<![\w-])--?[a-z][a-z-]*/g)].map(([flag]) => flag));

  test.each(ownFlags)('names each flag of $command, and none that is not', ({ command, flags }) => {
    const common = ['--kubeconfig', '--context', '--file', '-f', '--member-sync'];
    const wanted = flags.filter((flag) => !settingFlags.has(flag) && !common.includes(flag));
    expect(section(command)).not.toBe('');
    const inTable = named(
      section(command)
        .split('\n')
        .filter((line) => line.startsWith('| `-'))
        .map((line) => line.split('|')[1])
        .join(),
    );
    expect([...inTable].toSorted()).toEqual(wanted.toSorted());
  });

  test('names no flag that the program does not have', () => {
    const known = new Set(ownFlags.flatMap(({ flags }) => flags));
    expect([...named(text)].filter((flag) => !known.has(flag) && flag !== '--help')).toEqual([]);
  });

  test('names every setting with its default', () => {
    for (const { name, default: fallback } of settingDefinitions) {
      const line = text
        .split('\n')
        .find((each) => each.startsWith('| ') && each.split('|')[1]?.match(new RegExp(`\\b${name}\\b`)));
      expect({ name, line }).toEqual({ name, line: expect.stringContaining(fallback ?? '') });
    }
    for (const { settings, environmentOnly } of settingGroups)
      for (const { name } of settings) expect(text.includes(flagOf(name)) && environmentOnly).toBeFalsy();
  });

  test('names every exit code', () => {
    for (const code of Object.values(exitCodes))
      expect(text).toMatch(new RegExp(`^\\| (\\d+, )?${code}(, \\d+)? \\|`, 'm'));
  });
});

test.each(['gateway.md', 'gateway.ko.md'])(
  'docs/%s names every setting of a gateway with its default, and no other',
  async (file) => {
    const text = await readFile(join(docs, file), 'utf8');
    const rows = new Map(
      [...text.matchAll(/^\| ([A-Z][A-Z_]+) \|([^|]*)\|/gm)].map(([, name = '', value = '']) => [name, value]),
    );
    expect([...rows.keys()]).toEqual(gatewayDefinitions.map(({ name }) => name));
    for (const { name, default: fallback = '' } of gatewayDefinitions)
      expect({ name, value: rows.get(name) }).toEqual({ name, value: expect.stringContaining(fallback) });
  },
);

describe('the fields of a MemberSync', async () => {
  const rows = tableFields(describeMemberSync())
    .filter(({ fields, type }) => fields.length === 0 || type !== 'object')
    .map(({ path, required, default: fallback = '', description }) => [
      `\`${path}\``,
      required ? 'required' : fallback === '' ? '' : `\`${fallback}\``,
      description.replaceAll('|', '\\|'),
    ]);
  const read = (file: string) => readFile(join(docs, file), 'utf8');
  const rowsOf = (text: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('| `') && /`(apiVersion|kind|metadata|spec)\b/.test(line))
      .map((line) => line.slice(2, -2).split(' | '));

  test('stand in docs/membersync.md as they are in the table', async () => {
    expect(rowsOf(await read('membersync.md'))).toEqual(rows);
  });

  test('stand in docs/membersync.ko.md with their defaults', async () => {
    const korean = rowsOf(await read('membersync.ko.md'));
    expect(korean.map(([path, fallback]) => [path, fallback?.replace('필수', 'required')])).toEqual(
      rows.map(([path, fallback]) => [path, fallback]),
    );
    for (const [path, , description] of korean)
      expect({ path, description }).toEqual({ path, description: expect.stringMatching(/[가-힣]/) });
  });

  test.each(['membersync.md', 'membersync.ko.md'])('the example in docs/%s is docs/membersync.yaml', async (file) => {
    const example = (await read('membersync.yaml')).trimEnd().replace(/^/gm, '    ');
    expect(await read(file)).toContain(example);
  });
});
