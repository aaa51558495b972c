/** Asks the directory of the settings, for commands that can do without it. */
import { directoryAddress, type Settings } from '../config/settings.ts';
import type { Log } from '../lib/log.ts';
import { statusMessages as messages } from '../lib/messages/status.ts';
import type { Redactor } from '../lib/redact.ts';
import { askDirectory, type DirectoryAnswer } from '../operator/ask-directory.ts';
import { readMembers } from '../sync/make-plan.ts';
import type { Environment } from './environment.ts';
import { openDirectory } from './open-directory.ts';

/** @throws only the reason of the environment's own signal */
export async function askConfiguredDirectory(
  environment: Environment,
  settings: Settings,
  { redactor, log }: { redactor: Redactor; log: Log },
): Promise<DirectoryAnswer> {
  if (settings.directory.kind === 'poolc' && directoryAddress(settings) === undefined)
    return { unavailable: messages.notSet({ setting: 'POOLC_API_ENDPOINT' }) };
  return askDirectory(
    async (signal) => readMembers(openDirectory(environment, settings, redactor), log, signal),
    environment.signal,
  );
}
