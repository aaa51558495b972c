/**
 * What --help leaves out, so that it fits two screens: the settings, which many commands share and which are flags as
 * well, and the exit codes. `--help=all` shows them too.
 */
import type { Command, Option } from 'commander';
import { flagOf, gatewayDefinitions, settingDefinitions, settingGroups } from '../config/definitions.ts';
import { wrapLine } from '../lib/terminal-text.ts';
import { exitCodesOf } from './flags.ts';

const columns = 80;
const settingFlags = new Map(
  [...settingDefinitions, ...gatewayDefinitions].map(({ name }) => [flagOf(name), name] as const),
);

/** The arguments without `=all`, and whether it was there. */
export function readHelpFlag(args: readonly string[]): { readonly args: readonly string[]; readonly all: boolean } {
  const all = args.includes('--help=all');
  return { all, args: args.map((arg) => (arg === '--help=all' ? '--help' : arg)) };
}

/** @param all whether settings and exit codes are shown too */
export function shortenHelp(program: Command, all: boolean): void {
  for (const command of everyCommand(program)) {
    const settings = command.options.filter(isSetting);
    for (const option of settings) option.hideHelp(!all);
    const codes = exitCodesOf.get(command);
    if (codes === undefined) continue;
    const more = settings.length === 0 ? codes : `${codes}${inEnvironment(command)}`;
    command.addHelpText('after', all ? more.trimEnd() : `\n${pointer(settings.length)}`);
  }
}

function pointer(settings: number): string {
  const also = settings === 0 ? '' : `, and the ${settings} settings, which are flags or variables`;
  return `--help=all: the exit codes${also}`;
}

/** For programs that want to know every flag. */
export function showEveryFlag(program: Command): void {
  for (const command of everyCommand(program)) for (const option of command.options) option.hideHelp(false);
}

function everyCommand(program: Command): Command[] {
  return program.commands.flatMap((command) => [command, ...command.commands]);
}

function isSetting({ long }: Option): boolean {
  return long !== undefined && long !== null && settingFlags.has(long);
}

function inEnvironment(command: Command): string {
  const also =
    '\nEach setting can be given in the environment instead, under the name that its\ndescription begins with; the flag wins.\n';
  if (command.name() !== 'sync') return also;
  const settings = settingGroups.flatMap((group) => (group.environmentOnly ? group.settings : []));
  const lines = settings.map(({ name, description }) => `  ${name}\n${wrapLine(`      ${description}`, columns, 6)}\n`);
  return `${also}\nIn the environment alone, since each address is a credential:\n${lines.join('')}`;
}
