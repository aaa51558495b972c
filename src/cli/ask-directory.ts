/** The directory as a help, not a need: commands that can do without it must not wait for it. */
import { directoryAddress, type Settings } from '../config/settings.ts';
import { fetchMembers } from '../directories/poolc.ts';
import { toFailure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import type { Redactor } from '../lib/redact.ts';
import type { DirectoryAnswer } from '../operator/find-member.ts';
import { type Environment, openPoolc } from './environment.ts';

const patienceSeconds = 5;

/** @throws only the reason of the environment's own signal */
export async function askDirectory(
  environment: Environment,
  settings: Settings,
  { redactor, log }: { redactor: Redactor; log: Log },
): Promise<DirectoryAnswer> {
  if (directoryAddress(settings) === undefined) return { unavailable: 'POOLC_API_ENDPOINT is not set' };
  const brief = AbortSignal.any([environment.signal, AbortSignal.timeout(patienceSeconds * 1_000)]);
  try {
    const poolc = openPoolc(environment, settings, redactor);
    return { members: await fetchMembers(poolc, { signal: brief, random: Math.random, log }) };
  } catch (error) {
    environment.signal.throwIfAborted();
    return { unavailable: brief.aborted ? `no answer within ${patienceSeconds} s` : toFailure(error).message };
  }
}
