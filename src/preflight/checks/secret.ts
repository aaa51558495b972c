/** The Secret that holds the PoolC API's key. Its value never goes onto a command line: it is read from standard input. */
import { type Finding, type Fix, failed, ok, warning } from '../../audit/finding.ts';
import { parseApiKey } from '../../config/poolc.ts';
import { Failure } from '../../lib/failure.ts';
import { type KeyLocation, keyLocation } from '../api-key.ts';
import type { PreflightContext } from '../context.ts';

/** A file would be left behind in the checkout. */
const PASTE = 'paste the API key, then press Enter and Ctrl-D';

export async function secret(context: PreflightContext): Promise<Finding[]> {
  const { settings, gathered } = context;
  if (settings.directory.kind !== 'poolc') return [ok('not needed: the directory is not the PoolC API')];
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
    return [failed(`${name} does not exist`, createSecret(context, location))];
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

function createSecret({ settings, commands }: PreflightContext, { secret: name, key }: KeyLocation): Fix {
  return {
    label: PASTE,
    command: commands.kubectl`-n ${settings.metadata.namespace} create secret generic ${name} --from-file=${key}=/dev/stdin`,
  };
}

/** Works whether the Secret is there or not. */
export function replaceSecret(
  { settings, commands }: Pick<PreflightContext, 'settings' | 'commands'>,
  { secret: name, key }: KeyLocation,
): Fix {
  const manifest = commands.kubectl`-n ${settings.metadata.namespace} create secret generic ${name}
    --from-file=${key}=/dev/stdin --dry-run=client -o yaml`;
  return { label: PASTE, command: `${manifest} | ${commands.kubectl`apply -f -`}` };
}
