/** The members' own program: the members' commands and nothing else. */
import { Command, CommanderError } from 'commander';
import { exitCodes, Failure, toFailure } from '../lib/failure.ts';
import { version } from '../lib/version.ts';
import { addMemberCommands } from './commands.ts';
import type { MemberEnvironment } from './environment.ts';
import { say } from './say.ts';

/** Runs the command that the arguments name, and says what went wrong. @returns its exit code */
export async function runMemberProgram(args: readonly string[], environment: MemberEnvironment): Promise<number> {
  const program = new Command('credentials-updater')
    .description("Gives kubectl your current token from the club's site, so that you never copy one.")
    .version(version, '-V, --version')
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (help) => void environment.stdout.write(help),
      writeErr: () => undefined, // errors become Failures, printed in one place
    });
  addMemberCommands(program, () => environment);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    return reportFailure(environment, error instanceof CommanderError ? usageFailure(error) : error);
  }
}

/** Nothing is printed as a stack trace, since one may hold what must not leak. @returns the exit code */
export function reportFailure({ stderr }: Pick<MemberEnvironment, 'stderr'>, error: unknown): number {
  const failure = toFailure(error);
  say(stderr, failure.message, failure.hint);
  return failure.exitCode;
}

function usageFailure({ message }: CommanderError): Failure {
  return new Failure('usage', message.replace(/^error: /, '').replace(/\n/g, ' '), {
    hint: '`credentials-updater --help` shows the commands, `credentials-updater COMMAND --help` their flags',
  });
}
