/** Whether the directory gives its list, and the API key opens it: it is read, which changes nothing. */

import { type Finding, failed, ok, unknown } from '../../audit/finding.ts';
import { spellingFor } from '../../config/definitions.ts';
import { directoryAddress } from '../../config/settings.ts';
import type { Member } from '../../core/model.ts';
import { Failure } from '../../lib/failure.ts';
import { preflightMessages } from '../../lib/messages/preflight.ts';
import { directoryCheckMessages as messages } from '../../lib/messages/preflight-deployment.ts';
import { keyLocation } from '../api-key.ts';
import type { PreflightContext } from '../context.ts';
import { replaceSecret } from './secret.ts';

/** The PoolC API answers a wrong key with 400; a proxy in front of it, or a later version, may say so plainly. */
const keyRefusals: readonly number[] = [400, 401, 403];

export async function directory(context: PreflightContext): Promise<Finding[]> {
  const { settings } = context;
  if (settings.directory.kind !== 'poolc') return [await readOther(context)];
  if (directoryAddress(settings) === undefined) return [unknown(messages.noEndpoint())];
  const key = await findKey(context);
  if (key === undefined) return [unknown(messages.noKey())];
  try {
    const members = await context.members();
    return [tooFew(members, settings) ?? ok(messages.keyWorks({ members: members.length }))];
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'directory') throw error;
    if (error.status !== undefined && keyRefusals.includes(error.status)) {
      const location = keyLocation(await context.deployed().catch(() => undefined));
      return [failed(messages.wrongKey({ said: error.said, from: key.from }), replaceSecret(context, location))];
    }
    return [failed(preflightMessages.withAdvice({ said: error.said, advised: error.advised }))];
  }
}

async function readOther({ members: read, settings }: PreflightContext): Promise<Finding> {
  const { kind } = settings.directory;
  try {
    const members = await read();
    return tooFew(members, settings) ?? ok(messages.complete({ kind, members: members.length }));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return failed(preflightMessages.withAdvice({ said: error.said, advised: error.advised }));
  }
}

function tooFew({ length }: readonly Member[], settings: PreflightContext['settings']): Finding | undefined {
  const { guard } = settings;
  if (length === 0) return failed(messages.noMembers());
  if (length >= guard.minMembers) return undefined;
  const setting = spellingFor(settings)('MIN_MEMBERS');
  return failed(messages.tooFew({ members: length, setting, least: guard.minMembers }));
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
