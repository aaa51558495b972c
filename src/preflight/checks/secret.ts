/** The Secret that holds the PoolC API's key. Its value never goes onto a command line: it is read from a file. */

import { type Finding, failed, ok, warning } from '../../audit/finding.ts';
import { parseApiKey } from '../../config/poolc.ts';
import { Failure } from '../../lib/failure.ts';
import { type KeyLocation, keyLocation } from '../api-key.ts';
import type { PreflightContext } from '../context.ts';

export async function secret(context: PreflightContext): Promise<Finding[]> {
  const { settings, gathered } = context;
  const location = keyLocation(await context.deployed().catch(() => undefined));
  const name = `the Secret ${location.secret} in ${settings.metadata.namespace}`;
  let data: ReadonlyMap<string, Buffer> | undefined;
  try {
    data = await gathered.secret(location.secret);
  } catch (error) {
    // In the cluster it is mounted, and not readable otherwise.
    const mounted = error instanceof Failure && error.status === 403 ? await context.apiKey() : undefined;
    if (mounted === undefined) throw error;
    return [ok(`the API key is there (${mounted.from})`)];
  }
  if (data === undefined) {
    return [
      failed(`${name} does not exist: put the API key into a file API_KEY, then`, createSecret(context, location)),
    ];
  }
  const value = data.get(location.key);
  if (value === undefined) {
    const has = data.size === 0 ? 'it is empty' : `it has ${[...data.keys()].join(', ')}`;
    return [failed(`${name} has no key ${location.key} (${has})`, replaceSecret(context, location))];
  }
  try {
    const key = parseApiKey(value.toString('utf8'), `${location.key} of ${name}`);
    const used = await context.apiKey();
    if (used !== undefined && used.key.reveal() !== key.reveal()) {
      return [
        warning(
          `${name} holds another key than ${used.from}, which was given here and is tried below`,
          replaceSecret(context, location),
        ),
      ];
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [failed(`${error.message}: ${error.hint ?? ''}`, replaceSecret(context, location))];
  }
  return [ok(`${location.secret} has its ${location.key}`)];
}

function createSecret({ settings, commands }: PreflightContext, { secret: name, key }: KeyLocation): string {
  return commands.kubectl`-n ${settings.metadata.namespace} create secret generic ${name} --from-file=${key}=./API_KEY`;
}

/** Works whether the Secret is there or not. */
export function replaceSecret(
  { settings, commands }: Pick<PreflightContext, 'settings' | 'commands'>,
  { secret: name, key }: KeyLocation,
): string {
  const manifest = commands.kubectl`-n ${settings.metadata.namespace} create secret generic ${name}
    --from-file=${key}=./API_KEY --dry-run=client -o yaml`;
  return `${manifest} | ${commands.kubectl`apply -f -`}`;
}
