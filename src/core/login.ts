/** Logins as account names are to be made of them: without what a directory puts around each of them. */
import type { Member } from './model.ts';

export interface LoginOptions {
  /** Taken off the beginning, where it is there. */
  readonly stripPrefix?: string | undefined;
  /** Taken off the end, where it is there: `@example.org`. */
  readonly stripSuffix?: string | undefined;
}

export function withShorterLogins(
  members: readonly Member[],
  { stripPrefix = '', stripSuffix = '' }: LoginOptions,
): readonly Member[] {
  return members.map((member) => {
    let { login } = member;
    if (login?.startsWith(stripPrefix)) login = login.slice(stripPrefix.length);
    if (stripSuffix !== '' && login?.endsWith(stripSuffix)) login = login.slice(0, -stripSuffix.length);
    return { ...member, login };
  });
}
