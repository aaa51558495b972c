/** Where operators are notified: from where the settings say each address is, to the address itself. Never throws. */
import { readFileSync } from 'node:fs';
import { type ChannelName, type Channels, type FoundAddress, readChannels } from '../notify/channels.ts';
import { heldName, type ReferenceSources } from './read-reference.ts';
import type { SecretReference } from './secret-reference.ts';

type References = Readonly<Partial<Record<ChannelName, SecretReference | undefined>>>;

export function channelsOf(references: References, sources: ReferenceSources): Channels {
  return readChannels((name) => {
    const reference = references[name];
    return reference === undefined ? undefined : find(reference, name, sources);
  });
}

function find(reference: SecretReference, name: ChannelName, { variables, held }: ReferenceSources): FoundAddress {
  if ('env' in reference) {
    const text = variables[reference.env]?.trim();
    return text ? { from: reference.env, text } : { from: reference.env, problem: 'the variable is not set' };
  }
  if ('secretKeyRef' in reference) {
    const text = held?.get(heldName('Secret', reference.secretKeyRef))?.trim();
    return text ? { from: name, text } : { from: name, problem: 'only the controller reads Secrets of the cluster' };
  }
  const from = `the address in ${reference.file}`;
  try {
    const text = readFileSync(reference.file, 'utf8').trim();
    return text === '' ? { from, problem: 'the file is empty' } : { from, text };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { from, problem: `the file can't be read (${code})` };
  }
}
