/** The directory as a help, not a need: commands that can do without it must not wait for it. */
import type { Settings } from '../config/settings.ts';
import { toFailure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import type { Redactor } from '../lib/redact.ts';
import type { DirectoryAnswer } from '../operator/find-member.ts';
import { readMembers } from '../sync/make-plan.ts';
import type { Environment } from './environment.ts';
import { openDirectory } from './wiring.ts';

const patienceSeconds = 5;

/** @throws only the reason of the environment's own signal */
export async function askDirectory(
  environment: Environment,
  settings: Settings,
  { redactor, log }: { redactor: Redactor; log: Log },
): Promise<DirectoryAnswer> {
  if (settings.endpoint === undefined) return { unavailable: 'POOLC_API_ENDPOINT is not set' };
  const brief = AbortSignal.any([environment.signal, AbortSignal.timeout(patienceSeconds * 1_000)]);
  try {
    return { members: await readMembers(openDirectory(environment, settings, redactor), log, brief) };
  } catch (error) {
    environment.signal.throwIfAborted();
    return { unavailable: brief.aborted ? `no answer within ${patienceSeconds} s` : toFailure(error).message };
  }
}
