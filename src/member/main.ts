/** Entry of the members' program: arguments in, exit code out. */
import './node20.ts';
import { outliveReaders } from '../lib/closed-reader.ts';
import { memberEnvironment } from './environment.ts';
import { reportFailure, runMemberProgram } from './program.ts';

const environment = memberEnvironment(new AbortController().signal);
process.on('uncaughtException', (error) => process.exit(reportFailure(environment, error)));
process.on('unhandledRejection', (error) => process.exit(reportFailure(environment, error)));
outliveReaders(process.stdout, process.stderr);

process.exitCode = await runMemberProgram(process.argv.slice(2), environment);
