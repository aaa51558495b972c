/** Bearer tokens, as text that a header can hold. */
import { Failure } from '../lib/failure.ts';

/**
 * @param where for the message: `the token of user kim in /home/me/.kube/config`
 * @throws Failure (usage) for a token that no header can hold: what stands behind a line break would be a header of its own
 */
export function checkToken(token: string, where: string): string {
  if (/^[\x20-\x7e]+$/.test(token)) return token;
  const why = token === '' ? 'is empty' : 'holds a line break or another character that no token has';
  throw new Failure('usage', `${where} ${why}; nothing was sent`, { hint: 'does kubectl work with it?' });
}
