/** `credentials-updater completion SHELL`: what the Tab key needs to know, made from the program's own commands. */

import type { Help } from 'commander';
import { Argument, type Command, type Option } from 'commander';
import { exitCodes } from '../lib/failure.ts';
import { type CompletedCommand, type CompletedFlag, completionScripts, type FlagValue } from './completion-scripts.ts';
import { type CommandContext, withExamples } from './flags.ts';
import { showEveryFlag } from './help.ts';

export function addCompletionCommand(program: Command, { environment, end }: CommandContext): void {
  const shells = Object.keys(completionScripts);
  const command = program
    .command('completion')
    .summary("complete commands and flags with the shell's Tab key")
    .description(
      'Prints a script that lets the shell complete commands, flags, their values and file names with the Tab key. Load it when the shell starts. Pressing Tab runs kubectl for its contexts and this program for the members, and nothing else.',
    )
    .addArgument(new Argument('<shell>', 'the shell it is for').choices(shells))
    .action((shell: string) => {
      showEveryFlag(program);
      environment.stdout.write(completionScripts[shell]?.(program.name(), describeCommands(program)) ?? '');
      end(exitCodes.done);
    });
  withExamples(
    command,
    [
      [
        'bash: now, and whenever a shell starts',
        "source <(credentials-updater completion bash)\n  $ echo 'source <(credentials-updater completion bash)' >> ~/.bashrc",
      ],
      ['zsh: after compinit, in ~/.zshrc', 'source <(credentials-updater completion zsh)'],
      ['PowerShell, in $PROFILE', 'credentials-updater completion powershell | Out-String | Invoke-Expression'],
      ['fish', 'credentials-updater completion fish > ~/.config/fish/completions/credentials-updater.fish'],
    ],
    { 0: 'printed', 2: 'no such shell' },
  );
}

/** The commands as the scripts need them. Without a command the program runs sync, so sync's flags count there too. */
function describeCommands(program: Command): CompletedCommand[] {
  const help = program.createHelp();
  return help.visibleCommands(program).map((command) => ({
    name: command.name(),
    description: command.summary() || command.description(),
    flags: flagsOf(help, command),
    words:
      command.name() === 'help'
        ? program.commands.map((other) => other.name())
        : (command.registeredArguments[0]?.argChoices ?? command.commands.map((part) => part.name())),
    argument: command.registeredArguments[0]?.name() === 'member' ? 'member' : undefined,
    isDefault: command.name() === 'sync',
  }));
}

/** Of a command in parts: those of all of them, each once. */
function flagsOf(help: Help, command: Command): CompletedFlag[] {
  const options = [command, ...command.commands].flatMap((part) => help.visibleOptions(part));
  return [...new Map(options.map((option) => [option.flags, option])).values()].map(describeFlag);
}

function describeFlag(option: Option): CompletedFlag {
  return {
    names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
    description: option.description,
    value: valueOf(option),
  };
}

function valueOf({ flags, argChoices, required }: Option): FlagValue {
  if (argChoices !== undefined) return argChoices;
  if (!required) return 'none';
  if (/^--context\b/.test(flags)) return 'context';
  if (/^--plan\b/.test(flags)) return 'plan';
  return /<file\b/i.test(flags) ? 'file' : 'any';
}
