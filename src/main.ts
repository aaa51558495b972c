/** Entry: arguments in, exit code out. Nothing is ever printed as a stack trace, since one may hold what must not leak. */
import { runProgram } from './cli/program.ts';
import { styleFor } from './cli/style.ts';
import { startedAs } from './config/started-as.ts';
import { processVariables, readSurroundings } from './config/surroundings.ts';
import { outliveReaders } from './lib/closed-reader.ts';
import { exitCodes, Failure, toFailure } from './lib/failure.ts';
import { inLanguage, type Text } from './lib/message.ts';
import { generalMessages } from './lib/messages/general.ts';
import { Redactor } from './lib/redact.ts';
import { columnsOf, wrapMessage } from './lib/terminal-text.ts';

const stopped = new AbortController();

const stopBy = (signal: 'SIGINT' | 'SIGTERM', exitCode: number) => {
  process.once(signal, () => {
    stopped.abort(
      new Failure('aborted', `stopped by ${signal}`, {
        exitCode,
        hint: 'nothing that a delivered token needs was removed; the next run finishes the work',
      }),
    );
    // Ten seconds are promised; whatever is still in the way then is not waited for.
    setTimeout(() => process.exit(exitCode), 9_000).unref();
  });
};
stopBy('SIGINT', exitCodes.interrupted);
stopBy('SIGTERM', exitCodes.terminated);

const report = (error: unknown): number => {
  const failure = toFailure(error);
  if (failure.isSaid) return failure.exitCode;
  const { stderr } = process;
  const { language } = readSurroundings(processVariables());
  const said = (text: Text) => inLanguage(text, language);
  const written = (text: string) => wrapMessage(new Redactor().redact(text), columnsOf(stderr), 2);
  // One line for a file or a pipe; on a terminal, what to do stands below.
  const parts = [`${styleFor(stderr)('red', 'credentials-updater:')} ${said(failure.said)}`];
  const whatToDo = `${stderr.isTTY ? '  ' : ''}${said(generalMessages.whatToDo())}`;
  if (failure.advised !== undefined) parts.push(`${whatToDo} ${said(failure.advised)}`);
  stderr.write(`${parts.map(written).join(stderr.isTTY ? '\n' : '; ')}\n`);
  return failure.exitCode;
};
process.on('uncaughtException', (error) => process.exit(report(error)));
process.on('unhandledRejection', (error) => process.exit(report(error)));
outliveReaders(process.stdout, process.stderr);

try {
  process.exitCode = await runProgram(process.argv.slice(2), {
    env: processVariables(),
    program: startedAs(process),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stopped.signal,
  });
} catch (error) {
  process.exitCode = report(error);
}
