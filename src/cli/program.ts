/** The commands, by name. Each one is a file of its own, with its flags and its --help; this one only lists them. */
import { Command, CommanderError } from 'commander';
import { flagOf, settingGroups } from '../config/definitions.ts';
import { exitCodes, Failure } from '../lib/failure.ts';
import type { Message, Text } from '../lib/message.ts';
import { usageMessages as messages } from '../lib/messages/usage.ts';
import { version } from '../lib/version.ts';
import { addMemberCommands } from '../member/commands.ts';
import { memberEnvironment } from '../member/environment.ts';
import { addAdoptCommand } from './adopt.ts';
import { addAllowCommand } from './allow.ts';
import { addCertificateCommand } from './certificate.ts';
import { addCompletionCommand } from './completion.ts';
import { addControllerCommand } from './controller.ts';
import { addEnrollCommand } from './enroll.ts';
import type { Environment } from './environment.ts';
import { addExplainCommand } from './explain.ts';
import type { CommandContext } from './flags.ts';
import { addGatewayCommand } from './gateway.ts';
import { readHelpFlag, shortenHelp } from './help.ts';
import { addKubeconfigCommand } from './kubeconfig.ts';
import { addPlanCommand } from './plan.ts';
import { addPoliciesCommand } from './policies.ts';
import { addPreflightCommand } from './preflight.ts';
import { addRbacCommand } from './rbac.ts';
import { addRekeyCommand } from './rekey.ts';
import { addReserveCommand } from './reserve.ts';
import { addRevokeCommand } from './revoke.ts';
import { addStatusCommand } from './status.ts';
import { addSyncCommand } from './sync.ts';

const commands: readonly ((program: Command, context: CommandContext) => void)[] = [
  addSyncCommand,
  addPlanCommand,
  addPreflightCommand,
  addPoliciesCommand,
  addStatusCommand,
  addKubeconfigCommand,
  addCertificateCommand,
  addGatewayCommand,
  addEnrollCommand,
  addRevokeCommand,
  addReserveCommand,
  addRekeyCommand,
  addAdoptCommand,
  addExplainCommand,
  addRbacCommand,
  addControllerCommand,
  addAllowCommand,
  addCompletionCommand,
];

/** Runs the command that the arguments name; `sync` when they name none. @returns its exit code. @throws Failure */
export async function runProgram(given: readonly string[], environment: Environment): Promise<number> {
  const { args, all } = readHelpFlag(given);
  let exitCode: number = exitCodes.done;
  const program = createProgram({
    environment,
    end: (code) => {
      exitCode = code;
    },
  });
  // What is hidden is not suggested either, for a flag that was mistyped.
  if (args.some((arg) => /^(-h|--help|help)$/.test(arg))) shortenHelp(program, all);
  const [first] = args;
  const asksForProgram = first !== undefined && /^(-h|--help|-V|--version)$/.test(first);
  const namesCommand = first !== undefined && !first.startsWith('-');
  try {
    // A word in the place of a command is always taken for one, so that a mistyped one is not read as sync's argument.
    await program.parseAsync(namesCommand || asksForProgram ? [...args] : ['sync', ...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.done;
    throw usageFailure(error, program, namesCommand ? first : 'sync');
  }
  return exitCode;
}

/** Commander's message, which names the nearest flag or command, and where to read on. */
function usageFailure({ code, message }: CommanderError, program: Command, name: string): Failure {
  const known = program.commands.find((command) => command.name() === name);
  const isKnown = known !== undefined;
  // Without words of its own: `help` of a command that isn't there, and a command that needs one below it.
  const parts = known?.commands.map((command) => command.name()) ?? [];
  const without =
    parts.length > 0 ? messages.needsPart({ command: name, parts: parts.join(', ') }) : messages.noSuchCommand();
  const said = withoutValue(message.replace(/^error: /, ''))
    .replace(/\n/g, ' ')
    .replace(/\.$/, '');
  return new Failure('usage', code === 'commander.help' ? without : inBoth(said), {
    hint: hintFor(message) ?? (isKnown ? messages.commandHelp({ command: name }) : messages.programHelp()),
  });
}

/** Commander's commonest complaints; the others stay as they are. */
function inBoth(said: string): Text {
  const [, kind, name = '', nearest] =
    /^unknown (option|command) '([^']+)'(?: \(Did you mean (\S+)\?\))?$/.exec(said) ?? [];
  if (kind === 'option') return messages.unknownFlag({ flag: name, nearest });
  if (kind === 'command') return messages.unknownCommand({ command: name, nearest });
  const [, argument] = /^missing required argument '([^']+)'$/.exec(said) ?? [];
  if (argument !== undefined) return messages.missingArgument({ argument });
  const [, flag] = /^option '([^']+)' argument missing$/.exec(said) ?? [];
  return flag === undefined ? said : messages.missingValue({ flag });
}

/** What somebody gave to a flag that isn't there may be a secret: --poolc-api-key=…, --notify-url=…. */
function withoutValue(message: string): string {
  return message.replace(/(unknown option '[^'=]+)=.*'/s, "$1'");
}

/** For a setting that has no flag. */
function hintFor(message: string): Message | undefined {
  const setting = settingGroups
    .filter(({ environmentOnly }) => environmentOnly)
    .flatMap(({ settings }) => settings)
    .find(({ name }) => new RegExp(`unknown option '${flagOf(name)}['=]`).test(message));
  return setting && messages.environmentAlone({ setting: setting.name });
}

/** The program with all its commands: what --help and the shells' completion are made from. */
export function createProgram(context: CommandContext): Command {
  const { stdout } = context.environment;
  const program = new Command('credentials-updater')
    .description(
      "Keeps a Kubernetes cluster's accounts and tokens equal to a member directory. Without a command it runs sync.",
    )
    .usage('[command] [flags]')
    .version(version, '-V, --version')
    .exitOverride()
    // Their flags and arguments are shown by each command's own help.
    .configureHelp({ subcommandTerm: (command) => command.name(), minWidthToWrap: 20 })
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (help) => void stdout.write(help),
      writeErr: () => undefined, // errors become Failures, printed in one place
      getOutHelpWidth: () => (stdout.isTTY ? stdout.columns : 80),
    })
    .addHelpText('after', programHelp);
  for (const add of commands) add(program, context);
  program.commandsGroup('For members, on their own computers:');
  const { program: words, signal } = context.environment;
  addMemberCommands(program, { open: () => memberEnvironment(signal, words), end: context.end });
  return program;
}

const programHelp = `
Exit codes:
    0  done
    1  failed; no active member's delivered token was harmed
    2  bad configuration or usage
    3  done, but some members have no fresh token, or no workspace
    4  refused by the guard, nothing changed
    5  the run lock is held by another run, or was lost
   10  plan --detailed-exitcode: changes pending
  130  stopped by Ctrl-C (143: by SIGTERM)

\`credentials-updater COMMAND --help\` shows its flags, \`--help=all\` its settings.
`;
