/** What the settings say of the PoolC API: where it is, and the key. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { Failure } from '../lib/failure.ts';
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
  throw new Failure('usage', 'POOLC_API_ENDPOINT is not set: the address of the PoolC API is needed', {
    hint: `set it in the environment or give ${flagOf('POOLC_API_ENDPOINT')} https://…`,
  });
}

/** The API key: read and trimmed at every run. @throws Failure (usage) without a word of its content */
export function readApiKey(settings: PoolcSettings, variables: Variables): Secret {
  const { apiKey } = poolcOf(settings);
  const field = 'spec.directory.poolc.apiKey';
  if ('env' in apiKey) {
    const from = `the variable ${apiKey.env}, which ${field} names,`;
    const value = variables[apiKey.env];
    if (value === undefined) throw new Failure('usage', `${from} is not set`, { hint: 'it must hold the key' });
    return parseApiKey(value, from);
  }
  if ('secretKeyRef' in apiKey) {
    const text = settings.held?.get(heldName('Secret', apiKey.secretKeyRef));
    if (text !== undefined) return parseApiKey(text, `the Secret ${apiKey.secretKeyRef.name}, which ${field} names,`);
  }
  return settings.file === undefined
    ? readKeyFile(fileOf(apiKey), {
        setting: 'POOLC_API_KEY_FILE',
        hint: 'it is mounted from the Secret credentials-updater-secret; name another file with POOLC_API_KEY_FILE',
      })
    : readKeyFile(fileOf(apiKey), { setting: field, hint: `${field} names it` });
}

/** Where the API key is, for messages. */
export function apiKeyPlace(settings: PoolcSettings): string {
  const { apiKey } = poolcOf(settings);
  return 'env' in apiKey ? `the variable ${apiKey.env}` : fileOf(apiKey);
}

function poolcOf({ directory }: PoolcSettings) {
  if (directory.kind === 'poolc') return directory;
  throw new Failure('usage', `the directory ${directory.kind} has neither an endpoint nor an API key`);
}

function fileOf(reference: SecretReference): string {
  if ('file' in reference) return reference.file;
  throw new Failure('usage', 'the API key is not in a file, and only the controller reads Secrets of the cluster');
}

function readKeyFile(path: string, { setting, hint }: { setting: string; hint: string }): Secret {
  // What looks like no path may be the key itself, in the wrong place.
  const file = /[\\/.]/.test(path) ? `the API key file ${path}` : `the API key file that ${setting} names`;
  let key: string;
  try {
    accessSync(path, constants.R_OK);
    key = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why =
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a directory' : `can't be read (${String(code)})`;
    throw new Failure('usage', `${file} ${why}`, { cause: error, hint });
  }
  return parseApiKey(key, file, hint);
}

/** @param from where it comes from, for the message. @throws Failure (usage) without a word of its content */
export function parseApiKey(text: string, from: string, hint?: string): Secret {
  const key = text.trim();
  if (key === '') throw new Failure('usage', `${from} is empty`, { hint: hint ?? 'it must hold the key' });
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new Failure(
      'usage',
      `${from} holds characters that no HTTP header can carry (a space, a line break or non-ASCII)`,
      { hint: 'it must hold the key and nothing else' },
    );
  }
  return new Secret(key);
}
