/** What the commands' definitions share: flags that several have, the parts of their --help, and how flags are read. */
import { type Command, Option } from 'commander';
import { flagOf, type SettingDefinition, settingDefinitions, settingGroups } from '../config/definitions.ts';
import { controllerGroup } from '../config/fields.ts';
import type { FlagValues, MemberSyncObject, SettingSources } from '../config/settings.ts';
import { wrapLine } from '../lib/terminal-text.ts';
import type { Environment } from './environment.ts';
import type { ClusterOptions } from './wiring.ts';

/** What a command is given besides its flags, and how it ends. */
export interface CommandContext {
  readonly environment: Environment;
  readonly end: (exitCode: number) => void;
}

/** As commander gives them: by name, in camel case. */
export type CommandOptions = Readonly<Record<string, unknown>>;

export function outputOption(formats: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print it (text on a terminal, else json)').choices(formats);
}

export function withClusterFlags(command: Command): Command {
  return command
    .addOption(new Option('--kubeconfig <file>', 'kubeconfig to use, as kubectl finds it unless given'))
    .addOption(new Option('--context <name>', 'context of the kubeconfig (its current one)'));
}

/** Of the commands that take a MemberSync. */
export function withFileFlag(command: Command): Command {
  return command
    .option('-f, --file <file>', 'a MemberSync in a file, in place of settings')
    .option('--member-sync <name>', 'a MemberSync of the cluster, in place of settings');
}

/**
 * Flags for settings, in their groups; each shows the environment variable that it stands for.
 * @param names those that the command reads; all but the controller's unless given
 */
export function withSettings(command: Command, names?: readonly string[]): Command {
  const settings = settingGroups.flatMap((group) => (group.environmentOnly ? [] : group.settings));
  return withDefinitions(
    command,
    settings.filter(({ name, group }) => (names === undefined ? group !== controllerGroup : names.includes(name))),
  );
}

/** A flag for each of these settings, under the heading of its group. */
export function withDefinitions(command: Command, definitions: readonly SettingDefinition[]): Command {
  for (const { name, placeholder, description, default: fallback, choices, group } of definitions) {
    const suffix = fallback === undefined ? '' : ` [${fallback}]`;
    const option = new Option(`${flagOf(name)} <${placeholder}>`, `${name}: ${description}${suffix}`).helpGroup(
      `${group} settings:`,
    );
    command.addOption(choices === undefined ? option : option.choices(choices));
  }
  return command;
}

/** Of each command, for --help=all. */
export const exitCodesOf = new WeakMap<Command, string>();

/** The end of a command's --help: examples, each with what it is for; and of --help=all, the exit codes. */
export function withExamples(
  command: Command,
  examples: readonly (readonly [purpose: string, line: string])[],
  exitCodes: Readonly<Record<number, string>>,
): Command {
  const exampleLines = examples.map(([purpose, line]) => `  # ${purpose}\n${wrapCommand(line)}\n`);
  const codeLines = Object.entries(exitCodes).map(
    ([code, meaning]) => `${wrapLine(`  ${code.padStart(3)}  ${meaning}`, helpColumns, 7)}\n`,
  );
  exitCodesOf.set(command, `\nExit codes:\n${codeLines.join('')}`);
  return command.addHelpText('after', `\nExamples:\n${exampleLines.join('').trimEnd()}`);
}

/** What is not broken by commander is broken for the narrowest terminal that people use. */
const helpColumns = 80;

/** A command line to copy, broken before a flag or a pipe where it is too long, as a shell goes on reading it. */
function wrapCommand(line: string): string {
  return line
    .split('\n')
    .flatMap((each, index) => {
      const parts = each.trim().split(/ (?=--|\||>)/);
      const lines: string[] = [];
      let current = index === 0 ? '  $ ' : '  ';
      for (const [number, part] of parts.entries()) {
        if (number > 0 && current.length + part.length + 3 > helpColumns) {
          lines.push(`${current}\\`);
          current = '      ';
        }
        current += `${part} `;
      }
      return [...lines, current.trimEnd()];
    })
    .join('\n');
}

/** What every command that works on a cluster takes. */
export interface CommonFlags extends ClusterOptions {
  readonly settings: FlagValues;
  /** A MemberSync, in place of the settings that it can say. */
  readonly file?: string | undefined;
  /** The name of one in the cluster. */
  readonly memberSync?: string | undefined;
  /** What it says, once it was read. */
  readonly object?: MemberSyncObject | undefined;
  readonly output?: string | undefined;
  /** All commands with their flags, for command lines to copy. */
  readonly program: Command;
}

export function commonFlags(program: Command, options: CommandOptions): CommonFlags {
  return {
    program,
    settings: flagValuesOf(options, settingDefinitions),
    file: textOf(options['file']),
    memberSync: textOf(options['memberSync']),
    output: textOf(options['output']),
    kubeconfig: textOf(options['kubeconfig']),
    context: textOf(options['context']),
  };
}

/** Where a command's settings come from, besides the environment. */
export function sourcesOf({ settings, file, object }: CommonFlags): SettingSources {
  return { flags: settings, file, object };
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** --foo-bar arrives as fooBar; settings are called FOO_BAR. */
export function flagValuesOf(options: CommandOptions, definitions: readonly SettingDefinition[]): FlagValues {
  return Object.fromEntries(
    definitions.map(({ name }) => [
      name,
      textOf(options[name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())]),
    ]),
  );
}
