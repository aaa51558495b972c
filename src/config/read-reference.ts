/** From where a document says a secret is, to the secret itself. Read at every run, trimmed, and never shown. */
import { readFileSync } from 'node:fs';
import { Failure } from '../lib/failure.ts';
import { settingMessages as messages } from '../lib/messages/settings.ts';
import { Secret } from '../lib/secret.ts';
import type { Variables } from '../lib/variables.ts';
import type { CertificateReference, KeyReference, SecretReference } from './secret-reference.ts';

/** What keys of the cluster's Secrets and ConfigMaps hold, by `heldName`. */
export type HeldKeys = ReadonlyMap<string, string>;

export const heldName = (kind: 'Secret' | 'ConfigMap', { name, key }: KeyReference): string => `${kind}/${name}/${key}`;

/** From where references are read. */
export interface ReferenceSources {
  readonly variables: Variables;
  /** Of a MemberSync in the cluster; undefined for one that a command was given. */
  readonly held: HeldKeys | undefined;
}

/** @param field its path in the document, for messages. @throws Failure (usage) without a word of its content */
export function readSecret(reference: SecretReference, field: string, sources: ReferenceSources): Secret {
  const text = readText(reference, field, sources).trim();
  if (text === '') throw new Failure('usage', messages.secretEmpty({ field }), { hint: messages.mustHoldSecret() });
  return new Secret(text);
}

/** A certificate authority in PEM. @throws Failure (usage) */
export function readCertificateAuthority(
  reference: CertificateReference,
  field: string,
  sources: ReferenceSources,
): string {
  const text = readText(reference, field, sources);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new Failure('usage', messages.noCertificate({ field }), {
    hint: messages.pemBegins(),
  });
}

function readText(reference: CertificateReference, field: string, sources: ReferenceSources): string {
  if ('env' in reference) {
    const value = sources.variables[reference.env];
    if (value !== undefined) return value;
    throw new Failure('usage', messages.variableNotSet({ variable: reference.env, field }));
  }
  if ('file' in reference) {
    try {
      return readFileSync(reference.file, 'utf8');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      throw new Failure('usage', messages.fileUnreadable({ file: reference.file, field, code }), {
        cause: error,
      });
    }
  }
  const held =
    'secretKeyRef' in reference
      ? sources.held?.get(heldName('Secret', reference.secretKeyRef))
      : sources.held?.get(heldName('ConfigMap', reference.configMapKeyRef));
  if (held !== undefined) return held;
  throw new Failure('usage', messages.controllerReads({ field }));
}
