/** `wrk`, the fastest client there is to compare with: an event loop in C that does nothing but send and count. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Club } from '../club.ts';

const run = promisify(execFile);
const scripts = join(import.meta.dirname, '../wrk');

export const howToGetWrk =
  'wrk is not installed, so its column is left out: `apt-get install wrk` on Debian and Ubuntu, `brew install wrk` on macOS, else github.com/wg/wrk';

export interface WrkOptions {
  readonly connections: number;
  /** Whole seconds. */
  readonly seconds: number;
}

/** Its version; undefined when it isn't installed. */
export async function findWrk(): Promise<string | undefined> {
  try {
    // It prints its version and its usage, and exits with 1.
    const { stdout } = await run('wrk', ['-v']).catch((error: unknown) => outputSchema.parse(error));
    return /^wrk (\S+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

const outputSchema = z.object({ stdout: z.string() });

export interface WrkSample {
  /** Requests a second. */
  readonly rate: number;
  /** Its own, user and system. */
  readonly cpuSecondsEach: number;
}

/** TokenRequests, for the accounts in a file of `club.accountsFile()`. */
export function wrkTokenRequests(club: Club, accountsFile: string, options: WrkOptions): Promise<WrkSample> {
  return wrk(club, 'token-request.lua', { ACCOUNTS_FILE: accountsFile }, options);
}

/** ServiceAccounts that are created. */
export function wrkCreations(club: Club, options: WrkOptions): Promise<WrkSample> {
  return wrk(club, 'create-account.lua', { PREFIX: `wrk-${randomBytes(4).toString('hex')}-` }, options);
}

const reportSchema = z.object({
  requests: z.number(),
  seconds: z.number(),
  refused: z.number(),
  broken: z.number(),
});

/** @throws when a request was refused */
async function wrk(
  club: Club,
  script: string,
  env: Readonly<Record<string, string>>,
  { connections, seconds }: WrkOptions,
): Promise<WrkSample> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', join(scripts, script), club.controlPlane.server];
  // Node doesn't say what a child took; the shell does, on the last line of its standard error.
  const { stdout, stderr } = await run('bash', ['-c', 'TIMEFORMAT="%U %S"; time wrk "$@"', 'wrk', ...args], {
    env: {
      LC_ALL: 'C',
      PATH: process.env['PATH'],
      TOKEN_FILE: club.tokenFile,
      NAMESPACE: club.usersNamespace,
      REPORT_SCRIPT: join(scripts, 'report.lua'),
      ...env,
    },
  });
  const report = reportSchema.parse(JSON.parse(lastLineOf(stdout)));
  if (report.refused > 0 || report.broken > 0 || report.requests === 0)
    throw new Error(`wrk with ${script}: of ${report.requests} requests ${report.refused + report.broken} failed`);
  const [user = Number.NaN, system = Number.NaN] = lastLineOf(stderr).split(' ').map(Number);
  return { rate: report.requests / report.seconds, cpuSecondsEach: (user + system) / report.requests };
}

function lastLineOf(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
