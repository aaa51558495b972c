/** Whether the API key opens the directory: one GET, which changes nothing. */

import { type Finding, failed, ok, unknown } from '../../audit/finding.ts';
import { directoryAddress } from '../../config/settings.ts';
import { Failure } from '../../lib/failure.ts';
import { keyLocation } from '../api-key.ts';
import type { PreflightContext } from '../context.ts';
import { replaceSecret } from './secret.ts';

/** The PoolC API answers a wrong key with 400; a proxy in front of it, or a later version, may say so plainly. */
const keyRefusals: readonly number[] = [400, 401, 403];

export async function directory(context: PreflightContext): Promise<Finding[]> {
  const { settings } = context;
  if (directoryAddress(settings) === undefined) return [unknown('not asked: there is no POOLC_API_ENDPOINT')];
  const key = await findKey(context);
  if (key === undefined) return [unknown('not asked: there is no API key that could be used')];
  try {
    const members = await context.members();
    if (members.length === 0)
      return [failed('the directory says that there are no members at all: every sync will be refused')];
    if (members.length < settings.guard.minMembers) {
      return [
        failed(
          `the directory has ${members.length} members, fewer than MIN_MEMBERS=${settings.guard.minMembers}: every sync will be refused`,
        ),
      ];
    }
    return [ok(`the API key works: ${members.length} members`)];
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'directory') throw error;
    if (error.status !== undefined && keyRefusals.includes(error.status)) {
      const location = keyLocation(await context.deployed().catch(() => undefined));
      return [
        failed(
          `${error.message}: that is how a wrong API key is answered (${key.from}). Put the current one into the Secret`,
          replaceSecret(context, location),
        ),
      ];
    }
    return [failed(`${error.message}${error.hint === undefined ? '' : `: ${error.hint}`}`)];
  }
}

/** undefined also where the key can't be used, which the check of the Secret says. */
async function findKey(context: PreflightContext) {
  try {
    return await context.apiKey();
  } catch (error) {
    if (error instanceof Failure && error.kind === 'usage') return undefined;
    throw error;
  }
}
