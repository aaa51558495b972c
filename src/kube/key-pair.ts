/** A client certificate and its key, looked at before anything is sent: TLS would only say that it failed. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Failure } from '../lib/failure.ts';

/**
 * @param where they come from, for the message
 * @throws Failure (usage) when one of them is none, or they do not belong together
 */
export function checkKeyPair({ cert, key }: { cert: string; key: string }, where: string): void {
  const bad = (why: string, cause?: unknown) =>
    new Failure('usage', `the client certificate of ${where} can't be used: ${why}`, {
      cause,
      hint: 'does kubectl work with it?',
    });
  const read = <T>(what: string, make: () => T): T => {
    try {
      return make();
    } catch (error) {
      throw bad(`${what} can't be read as PEM without a passphrase`, error);
    }
  };
  const certificate = read('it', () => new X509Certificate(cert));
  if (!certificate.checkPrivateKey(read('its key', () => createPrivateKey(key))))
    throw bad('its key belongs to another certificate');
}

/** @throws Failure (usage) when there is no certificate in it */
export function checkAuthority(pem: string, where: string): void {
  try {
    void new X509Certificate(pem);
  } catch (error) {
    throw new Failure('usage', `the certificate-authority of ${where} is no certificate in PEM`, {
      cause: error,
      hint: 'does kubectl work with it?',
    });
  }
}
