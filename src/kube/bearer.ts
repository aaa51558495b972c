/** Bearer tokens, as text that a header can hold. */
import { Failure } from '../lib/failure.ts';
import type { Text } from '../lib/message.ts';
import { kubeconfigLogin as messages } from '../lib/messages/kubeconfig-login.ts';

/**
 * @param where for the message: `the token of user kim in /home/me/.kube/config`
 * @throws Failure (usage) for a token that no header can hold: what stands behind a line break would be a header of its own
 */
export function checkToken(token: string, where: Text): string {
  if (/^[\x20-\x7e]+$/.test(token)) return token;
  const said = token === '' ? messages.emptyToken({ where }) : messages.notToken({ where });
  throw new Failure('usage', said, { hint: messages.kubectlWithIt() });
}
