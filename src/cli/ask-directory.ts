/** Asks the directory of the settings, for commands that can do without it. */
import type { Settings } from '../config/settings.ts';
import { fetchMembers } from '../directories/poolc.ts';
import type { Log } from '../lib/log.ts';
import type { Redactor } from '../lib/redact.ts';
import { askDirectory, type DirectoryAnswer } from '../operator/ask-directory.ts';
import { type Environment, openPoolc } from './environment.ts';

/** @throws only the reason of the environment's own signal */
export async function askConfiguredDirectory(
  environment: Environment,
  settings: Settings,
  { redactor, log }: { redactor: Redactor; log: Log },
): Promise<DirectoryAnswer> {
  if (settings.endpoint === undefined) return { unavailable: 'POOLC_API_ENDPOINT is not set' };
  return askDirectory(
    async (signal) => fetchMembers(openPoolc(environment, settings, redactor), { signal, random: Math.random, log }),
    environment.signal,
  );
}
