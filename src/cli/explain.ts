/** `credentials-updater explain [FIELD]`: what the fields of a MemberSync mean, as `kubectl explain` says it. */
import type { Command } from 'commander';
import { flagOf } from '../config/definitions.ts';
import { describeMemberSync, type FieldDescription, findField } from '../config/describe-fields.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import { nearest } from '../lib/nearest.ts';
import { columnsOf, withoutInvisible, wrapLine } from '../lib/terminal-text.ts';
import { type CommandContext, withExamples } from './flags.ts';

export function addExplainCommand(program: Command, { environment, end }: CommandContext): void {
  const command = program
    .command('explain')
    .summary('what the fields of a MemberSync mean')
    .description(
      'Explains a field of a MemberSync, the document that sync, plan, preflight, status and revoke read with -f: its type, its default, the setting that says the same, and the fields in it. Without a field, the whole document.',
    )
    .argument('[field]', 'such as spec.token.lifetime')
    .action((field: string | undefined) => {
      const { stdout } = environment;
      stdout.write(explain(field, columnsOf(stdout)));
      end(exitCodes.done);
    });
  withExamples(
    command,
    [
      ['The whole document', 'credentials-updater explain'],
      ['One field', 'credentials-updater explain spec.token.lifetime'],
      ['What a directory needs', 'credentials-updater explain spec.directory.ldap'],
    ],
    { 0: 'explained', 2: 'no such field' },
  );
}

/**
 * @param columns of the terminal; undefined for no wrapping
 * @throws Failure (usage) for a field that there is none of
 */
function explain(field: string | undefined, columns: number | undefined): string {
  const found = findField(pathOf(field));
  if ('unknown' in found) throw unknownField(found);
  const { path, type, description, default: fallback, setting, required, only, fields } = found;
  const lines = [
    `FIELD:       ${path === '' ? 'MemberSync' : path} <${type}>${required && path !== '' ? ' (required)' : ''}`,
    `DESCRIPTION: ${description}`,
    ...(fallback === undefined ? [] : [`DEFAULT:     ${fallback}`]),
    ...(setting === undefined ? [] : [`SETTING:     ${settingText(found)}`]),
    ...(only === undefined
      ? []
      : [`ONLY:        ${only === 'command' ? 'with -f, not in the cluster' : 'in the cluster, not with -f'}`]),
    ...(fields.length === 0 ? [] : ['', 'FIELDS:', ...fields.flatMap(fieldLines)]),
  ];
  return `${lines.map((line) => wrapLine(line, columns, line.startsWith('    ') ? 4 : 13)).join('\n')}\n`;
}

/** People write the path as a message or as a document has it. */
function pathOf(field: string | undefined): string[] {
  const [first, ...rest] = (field ?? '').split('.').filter((part) => part !== '');
  if (first === undefined) return [];
  const path = first.toLowerCase() === 'membersync' ? rest : [first, ...rest];
  const atRoot = describeMemberSync().fields.some(({ name }) => name === path[0]);
  const inSpec = describeMemberSync()
    .fields.find(({ name }) => name === 'spec')
    ?.fields.some(({ name }) => name === path[0]);
  return !atRoot && inSpec === true ? ['spec', ...path] : path;
}

function settingText({ setting = '', path }: FieldDescription): string {
  return path.startsWith('spec.notifications')
    ? `${setting} (in the environment alone)`
    : `${setting}, ${flagOf(setting)}`;
}

function fieldLines({ name, type, description, required, default: fallback }: FieldDescription): string[] {
  const suffix = fallback === undefined ? '' : ` [${fallback}]`;
  return [`  ${name} <${type}>${required ? ' (required)' : ''}`, `    ${description}${suffix}`];
}

function unknownField({ within, unknown }: { within: FieldDescription; unknown: string }): Failure {
  const known = within.fields.map(({ name }) => name);
  const meant = nearest(unknown, known);
  const where = within.path === '' ? 'a MemberSync' : within.path;
  return new Failure(
    'usage',
    `${where} has no field ${withoutInvisible(unknown.slice(0, 100))}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    { hint: known.length === 0 ? `${where} has no fields` : `it has ${known.join(', ')}` },
  );
}
