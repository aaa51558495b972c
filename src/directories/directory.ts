/** Who is a member: the port. One file or folder beside this one for each kind of directory. */
import type { MemberId } from '../core/member-id.ts';
import type { Member } from '../core/model.ts';
import type { Text } from '../lib/message.ts';

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Told of an attempt that failed and is repeated. */
  readonly onRetry?: (message: string, attempt: number) => void;
}

export interface Directory {
  /** `poolc`, `file`, `ldap`…: as a MemberSync names it. */
  readonly kind: string;
  /** Where it is, for messages and plan files: `https://api.example.org`. Never holds a secret. */
  readonly address: string;
  /** The host alone, for notifications; undefined where there is none. */
  readonly host: string | undefined;
  /** Whether it is on this very machine: a test set-up, which can't replace production's tokens. */
  readonly isLocal: boolean;
  /** What an operator looks at when its answer is implausible: `the directory (GET /kubernetes/ of the PoolC API)`. */
  readonly whatToLookAt: Text;
  /** Whether an id is one that it gives: accounts with other ids are another directory's. */
  isOwnId(id: MemberId): boolean;
  /**
   * Whether one read shows one moment. Where it doesn't (pages that move), a member is removed only when two complete
   * reads in a row lack them.
   */
  readonly isSnapshot: boolean;
  /**
   * The complete list of active members, in no meaningful order, each id once; repeated while that may help.
   * @throws Failure (directory) where it can't be had whole: never a part of it
   */
  members(options: ReadOptions): Promise<readonly Member[]>;
}
