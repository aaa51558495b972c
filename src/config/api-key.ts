/** The PoolC API's key, from the file that the settings name. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { Failure } from '../lib/failure.ts';
import { Secret } from '../lib/secret.ts';
import type { Settings } from './settings.ts';

/** The API key: read and trimmed at every run. @throws Failure (usage) without a word of its content */
export function readApiKey({ directory }: Pick<Settings, 'directory'>): Secret {
  const path = apiKeyFile({ directory });
  const hint = 'it is mounted from the Secret credentials-updater-secret; name another file with POOLC_API_KEY_FILE';
  // What looks like no path may be the key itself, in the wrong place.
  const file = /[\\/.]/.test(path) ? `the API key file ${path}` : 'the API key file that POOLC_API_KEY_FILE names';
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

export function apiKeyFile({ directory: { apiKey } }: Pick<Settings, 'directory'>): string {
  if ('file' in apiKey) return apiKey.file;
  throw new Failure('usage', 'the API key is not in a file');
}
