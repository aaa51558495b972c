/** The API key that the CronJob will send: the Secret's, or where that may not be read, the one that is mounted here. */
import path from 'node:path';
import type { Gathered } from '../audit/gather.ts';
import { defaultApiKeyFile } from '../config/directory-fields.ts';
import { apiKeyPlace, parseApiKey, readApiKey } from '../config/poolc.ts';
import type { Settings } from '../config/settings.ts';
import { Failure } from '../lib/failure.ts';
import type { Text } from '../lib/message.ts';
import type { Secret } from '../lib/secret.ts';
import type { Variables } from '../lib/variables.ts';
import type { Deployed } from './deployed.ts';

const defaultKeySecret = 'credentials-updater-secret';

export interface ApiKey {
  readonly key: Secret;
  /** For messages: `the Secret credentials-updater-secret`. */
  readonly from: Text;
}

export interface KeyLocation {
  readonly secret: string;
  /** Of the Secret's data. */
  readonly key: string;
}

/** Where the CronJob finds its key, whatever file was named to this process. */
export function keyLocation(deployed: Deployed | undefined): KeyLocation {
  const file = deployed?.variables.get('POOLC_API_KEY_FILE')?.value ?? defaultApiKeyFile;
  return { secret: deployed?.keySecretAt(file) ?? defaultKeySecret, key: path.posix.basename(file) };
}

export interface KeySearch {
  readonly settings: Settings;
  readonly variables: Variables;
  readonly gathered: Pick<Gathered, 'secret'>;
  /** undefined where there is none, or it can't be read. */
  readonly deployed: Deployed | undefined;
  /** Whether somebody named the file here: then it is meant, whatever the cluster holds. */
  readonly fileIsGiven: boolean;
}

/** @throws Failure where the key can't be used, or the Secret may not be read and no file is here */
export async function findApiKey({
  settings,
  variables,
  gathered,
  deployed,
  fileIsGiven,
}: KeySearch): Promise<ApiKey | undefined> {
  const fromFile = (): ApiKey => ({ key: readApiKey(settings, variables), from: apiKeyPlace(settings) });
  if (fileIsGiven) return fromFile();
  const { secret, key } = keyLocation(deployed);
  try {
    const value = (await gathered.secret(secret))?.get(key);
    const from = { en: `the Secret ${secret}`, ko: `Secret ${secret}` };
    return value === undefined ? undefined : { key: parseApiKey(value.toString('utf8'), from), from };
  } catch (error) {
    if (!(error instanceof Failure) || error.status !== 403) throw error;
    // Outside a pod, a file at the place of the mount is some other program's, or an old one.
    const mounted = settings.inPod ? tryFile(fromFile) : undefined;
    if (mounted === undefined) throw error;
    return mounted;
  }
}

function tryFile(read: () => ApiKey): ApiKey | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
