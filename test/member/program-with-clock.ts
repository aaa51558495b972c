/** The members' program on a clock that a file moves on: what `credentials-updater` is on some computers. */
import '../../src/member/node20.ts';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/lib/clock.ts';
import { memberEnvironment } from '../../src/member/environment.ts';
import { runMemberProgram } from '../../src/member/program.ts';

/** Put in when it is bundled: a file with how many milliseconds this computer's clock is ahead of the machine's. */
declare const CLOCK_FILE: string;

const ahead = Number(readFileSync(CLOCK_FILE, 'utf8'));
const environment = memberEnvironment(new AbortController().signal);
const clock = { ...systemClock, now: () => systemClock.now() + ahead };
process.exitCode = await runMemberProgram(process.argv.slice(2), { ...environment, clock });
