/** The gateway's own certificate, from two files that cert-manager or an operator renews while the gateway runs. */
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { Failure, firstSentence } from '../lib/failure.ts';

export interface ServerCertificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Differs when either file has changed. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** @throws Failure (usage) that names the file; the two must fit together */
export function readServerCertificate(files: { readonly cert: string; readonly key: string }): ServerCertificate {
  const [cert, key] = [readFile(files.cert), readFile(files.key)];
  try {
    createSecureContext({ cert, key });
    const { validToDate } = new X509Certificate(cert);
    const version = createHash('sha256').update(cert).update(key).digest('hex');
    return { cert, key, version, expiresAt: validToDate.getTime() };
  } catch (error) {
    const why = error instanceof Error ? firstSentence(error) : String(error);
    throw new Failure('usage', `${files.cert} and ${files.key} are not a certificate and its key: ${why}`, {
      hint: 'TLS_CERTIFICATE_FILE and TLS_KEY_FILE name two PEM files that belong together',
    });
  }
}

function readFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Failure('usage', `the file ${file} can't be read (${code})`, {
      cause: error,
      hint: 'TLS_CERTIFICATE_FILE and TLS_KEY_FILE name the certificate and its key',
    });
  }
}
