/** The version in package.json: put in by the bundler; read from the file when run from source. */
import { readFileSync } from 'node:fs';
import { isRecord } from './json.ts';

declare const PROGRAM_VERSION: string | undefined;

export const version: string = typeof PROGRAM_VERSION === 'string' ? PROGRAM_VERSION : readVersion();

function readVersion(): string {
  const packageJson: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return isRecord(packageJson) ? String(packageJson['version']) : 'unknown';
}
