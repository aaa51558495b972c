/** What the settings say of the PoolC API: where it is, and the key. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { Failure } from '../lib/failure.ts';
import type { Text } from '../lib/message.ts';
import { apiKeyMessages as messages } from '../lib/messages/settings.ts';
import { Secret } from '../lib/secret.ts';
import type { Variables } from '../lib/variables.ts';
import { flagOf } from './definitions.ts';
import { type HeldKeys, heldName } from './read-reference.ts';
import type { SecretReference } from './secret-reference.ts';
import type { Settings } from './settings.ts';

type PoolcSettings = Pick<Settings, 'directory' | 'file'> & { readonly held?: HeldKeys | undefined };

/** The endpoint, for the commands that can't do without. @throws Failure (usage) */
export function requireEndpoint(settings: PoolcSettings): URL {
  const { endpoint } = poolcOf(settings);
  if (endpoint !== undefined) return endpoint;
  throw new Failure('usage', messages.noEndpoint(), {
    hint: messages.setEndpoint({ flag: flagOf('POOLC_API_ENDPOINT') }),
  });
}

/** The API key: read and trimmed at every run. @throws Failure (usage) without a word of its content */
export function readApiKey(settings: PoolcSettings, variables: Variables): Secret {
  const { apiKey } = poolcOf(settings);
  const field = 'spec.directory.poolc.apiKey';
  if ('env' in apiKey) {
    const from = messages.variable({ variable: apiKey.env, field });
    const value = variables[apiKey.env];
    if (value === undefined)
      throw new Failure('usage', messages.isNotSet({ what: from }), { hint: messages.mustHoldKey() });
    return parseApiKey(value, from);
  }
  if ('secretKeyRef' in apiKey) {
    const text = settings.held?.get(heldName('Secret', apiKey.secretKeyRef));
    if (text !== undefined) return parseApiKey(text, messages.secret({ secret: apiKey.secretKeyRef.name, field }));
  }
  return settings.file === undefined
    ? readKeyFile(fileOf(apiKey), {
        setting: 'POOLC_API_KEY_FILE',
        hint: messages.mountedKey(),
      })
    : readKeyFile(fileOf(apiKey), { setting: field, hint: messages.namedBy({ field }) });
}

/** Where the API key is, for messages. */
export function apiKeyPlace(settings: PoolcSettings): Text {
  const { apiKey } = poolcOf(settings);
  return 'env' in apiKey ? messages.place({ variable: apiKey.env }) : fileOf(apiKey);
}

function poolcOf({ directory }: PoolcSettings) {
  if (directory.kind === 'poolc') return directory;
  throw new Failure('usage', messages.otherDirectory({ kind: directory.kind }));
}

function fileOf(reference: SecretReference): string {
  if ('file' in reference) return reference.file;
  throw new Failure('usage', messages.notInFile());
}

function readKeyFile(path: string, { setting, hint }: { setting: string; hint: Text }): Secret {
  // What looks like no path may be the key itself, in the wrong place.
  const what = /[\\/.]/.test(path) ? messages.keyFile({ path }) : messages.keyFileNamedBy({ setting });
  let key: string;
  try {
    accessSync(path, constants.R_OK);
    key = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why =
      code === 'ENOENT'
        ? messages.doesNotExist({ what })
        : code === 'EISDIR'
          ? messages.isDirectory({ what })
          : messages.unreadable({ what, code: String(code) });
    throw new Failure('usage', why, { cause: error, hint });
  }
  return parseApiKey(key, what, hint);
}

/** @param from where it comes from, for the message. @throws Failure (usage) without a word of its content */
export function parseApiKey(text: string, from: Text, hint?: Text): Secret {
  const key = text.trim();
  if (key === '')
    throw new Failure('usage', messages.isEmpty({ what: from }), { hint: hint ?? messages.mustHoldKey() });
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new Failure('usage', messages.unsendable({ what: from }), { hint: messages.mustHoldKeyAlone() });
  }
  return new Secret(key);
}
