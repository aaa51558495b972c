/** Command lines of this program for people to copy, which do what the run that prints them does, where it does it. */
import type { Command, Option } from 'commander';
import { flagOf, settingGroups } from '../config/definitions.ts';
import type { ClusterAccess } from '../kube/kubeconfig.ts';
import { type CommandLine, shellCommand } from '../lib/shell-command.ts';
import { type Variables, variableOf } from '../lib/variables.ts';
import type { Environment } from './environment.ts';
import type { CommonFlags } from './flags.ts';

/** Of these, none is a credential, and none says only how much is printed. */
const carriedSettings = settingGroups
  .filter(({ title, environmentOnly }) => !environmentOnly && title !== 'Log')
  .flatMap(({ settings }) => settings.map(({ name }) => name));

/**
 * With every flag that was given, and what came from the environment as flags: a variable that stood before the command is
 * gone in the next one, and the current context may be another by then. Of both, what the other command takes.
 * @param access undefined before there is one: then the context is as it was given
 */
export function commandLineOf(
  { env, program }: Pick<Environment, 'env' | 'program'>,
  flags: CommonFlags,
  access?: ClusterAccess,
): CommandLine {
  const carried = carriedFlags(env, flags, access);
  return (name, words = []) => {
    const command = flags.program.commands.find((each) => each.name() === name);
    const isTaken = ([flag, value]: readonly [flag: string, value: string]) =>
      !words.includes(flag) && takes(command, flag, value);
    return shellCommand([...program, name, ...words, ...carried.filter(isTaken).flat()]);
  };
}

function carriedFlags(
  variables: Variables,
  { settings, file, memberSync, kubeconfig, context, output }: CommonFlags,
  access: ClusterAccess | undefined,
): (readonly [flag: string, value: string])[] {
  const isPod = access !== undefined && access.contextName === undefined;
  const fromEnvironment = (name: string) => (carriedSettings.includes(name) ? variableOf(variables, name) : undefined);
  const values: readonly (readonly [flag: string, value: string | undefined])[] = [
    ['--kubeconfig', kubeconfig ?? (isPod ? undefined : variableOf(variables, 'KUBECONFIG'))],
    ['--context', context ?? access?.contextName],
    ['--file', file],
    ['--member-sync', memberSync],
    ...Object.entries(settings).map(([name, value]) => [flagOf(name), value ?? fromEnvironment(name)] as const),
    ['--output', output],
  ];
  return values.flatMap(([flag, value]) => (value === undefined ? [] : [[flag, value] as const]));
}

function takes(command: Command | undefined, flag: string, value: string): boolean {
  const option: Option | undefined = command?.options.find(({ long }) => long === flag);
  return option !== undefined && (option.argChoices === undefined || option.argChoices.includes(value));
}
