/** The members' own program: the members' commands and nothing else. */
import { Command, CommanderError } from 'commander';
import { exitCodes, Failure, toFailure } from '../lib/failure.ts';
import { knownMessages } from '../lib/messages/member-token.ts';
import { version } from '../lib/version.ts';
import { addMemberCommands } from './commands.ts';
import type { MemberEnvironment } from './environment.ts';
import { ownCommand } from './own-command.ts';
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
  let exitCode: number = exitCodes.done;
  addMemberCommands(program, {
    open: () => environment,
    end: (code) => {
      exitCode = code;
    },
  });
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    return reportFailure(environment, error instanceof CommanderError ? usageFailure(error, environment) : error);
  }
}

/** Nothing is printed as a stack trace, since one may hold what must not leak. @returns the exit code */
export function reportFailure(environment: Pick<MemberEnvironment, 'stderr' | 'language'>, error: unknown): number {
  const failure = toFailure(error);
  if (!failure.isSaid) say(environment, failure.said, failure.advised);
  return failure.exitCode;
}

function usageFailure({ message }: CommanderError, environment: MemberEnvironment): Failure {
  return new Failure('usage', message.replace(/^error: /, '').replace(/\n/g, ' '), {
    hint: knownMessages.seeHelp({ command: ownCommand(environment) }),
  });
}
