/** A client certificate and its key, looked at before anything is sent: TLS would only say that it failed. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Failure } from '../lib/failure.ts';
import type { Message, Text } from '../lib/message.ts';
import { kubeconfigLogin as messages } from '../lib/messages/kubeconfig-login.ts';
import { kubeconfigReading } from '../lib/messages/kubeconfig-reading.ts';

/**
 * @param where they come from, for the message
 * @throws Failure (usage) when one of them is none, or they do not belong together
 */
export function checkKeyPair({ cert, key }: { cert: string; key: string }, where: Text): void {
  const bad = (why: Message, cause?: unknown) =>
    new Failure('usage', messages.badCertificate({ where, why }), { cause, hint: messages.kubectlWithIt() });
  const read = <T>(why: Message, make: () => T): T => {
    try {
      return make();
    } catch (error) {
      throw bad(why, error);
    }
  };
  const certificate = read(messages.certificateNotPem(), () => new X509Certificate(cert));
  if (!certificate.checkPrivateKey(read(messages.keyNotPem(), () => createPrivateKey(key))))
    throw bad(messages.otherKey());
}

/** @throws Failure (usage) when there is no certificate in it */
export function checkAuthority(pem: string, where: Text): void {
  try {
    void new X509Certificate(pem);
  } catch (error) {
    throw new Failure('usage', kubeconfigReading.badAuthority({ where }), {
      cause: error,
      hint: messages.kubectlWithIt(),
    });
  }
}
