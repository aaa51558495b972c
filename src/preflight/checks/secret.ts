/** The Secret that holds the PoolC API's key. Its value never goes onto a command line: it is read from standard input. */
import { type Finding, type Fix, failed, ok, warning } from '../../audit/finding.ts';
import { parseApiKey } from '../../config/poolc.ts';
import { Failure } from '../../lib/failure.ts';
import { preflightMessages } from '../../lib/messages/preflight.ts';
import { secretMessages as messages } from '../../lib/messages/preflight-deployment.ts';
import { type KeyLocation, keyLocation } from '../api-key.ts';
import type { PreflightContext } from '../context.ts';

/** A file would be left behind in the checkout. */
const paste = messages.paste();

export async function secret(context: PreflightContext): Promise<Finding[]> {
  const { settings, gathered } = context;
  if (settings.directory.kind !== 'poolc') return [ok(messages.notNeeded())];
  const location = keyLocation(await context.deployed().catch(() => undefined));
  const place = { secret: location.secret, namespace: settings.metadata.namespace };
  let data: ReadonlyMap<string, Buffer> | undefined;
  try {
    data = await gathered.secret(location.secret);
  } catch (error) {
    // In the cluster it is mounted, and not readable otherwise.
    const mounted = error instanceof Failure && error.status === 403 ? await context.apiKey() : undefined;
    if (mounted === undefined) throw error;
    return [ok(messages.mounted({ from: mounted.from }))];
  }
  if (data === undefined) {
    return [failed(messages.missing(place), createSecret(context, location))];
  }
  const value = data.get(location.key);
  if (value === undefined) {
    const keys = [...data.keys()];
    return [failed(messages.noKey({ ...place, key: location.key, keys }), replaceSecret(context, location))];
  }
  try {
    const key = parseApiKey(value.toString('utf8'), messages.keyOf({ ...place, key: location.key }));
    const used = await context.apiKey();
    if (used !== undefined && used.key.reveal() !== key.reveal()) {
      return [warning(messages.otherKey({ ...place, from: used.from }), replaceSecret(context, location))];
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [
      failed(
        preflightMessages.withAdvice({ said: error.said, advised: error.advised }),
        replaceSecret(context, location),
      ),
    ];
  }
  return [ok(messages.found({ secret: location.secret, key: location.key }))];
}

function createSecret({ settings, commands }: PreflightContext, { secret: name, key }: KeyLocation): Fix {
  return {
    label: paste,
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
  return { label: paste, command: `${manifest} | ${commands.kubectl`apply -f -`}` };
}
