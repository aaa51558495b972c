/** What the tests of this room are about. */
import type { Account } from './model.ts';

/** An account that we made and labelled; `rest` is what makes it another one. */
export function accountNamed(name: string, memberId: Account['memberId'], rest: Partial<Account> = {}): Account {
  return { name, uid: `uid of ${name}`, labelled: true, memberId, createdAt: 0, terminating: false, ...rest };
}
