/**
 * Who has credentials: a pure function of the accounts, the last delivery, and the directory where it could be asked.
 * There is no record for each member: a token's expiry is that of the delivery it came with.
 */
import { type Account, isOwned, type Member, type NamesGiven, type OwnedAccount } from './model.ts';
import { byClaim } from './plan.ts';

/** The order in which they are shown: what needs someone's attention first. */
export const memberStates = ['expired', 'undelivered', 'leaving', 'new', 'missing', 'surplus', 'held', 'ok'] as const;

/**
 * - ok: a token was delivered, and lives
 * - expired: it was delivered, and has expired
 * - undelivered: left out of the last delivery, through our own failure
 * - new: the account is younger than the last delivery, so that no token of it was delivered
 * - leaving: no longer in the directory; the next sync removes the account, or reports it
 * - missing: in the directory without an account; the next sync creates one
 * - surplus: a second account of a member, who uses another
 * - held: kept out by an operator
 */
export type MemberState = (typeof memberStates)[number];

/** Times in milliseconds since the epoch. */
export interface LastDelivery {
  readonly acknowledgedAt: number;
  /** Of the first of its tokens; they are minted within one run. */
  readonly earliestExpiry: number | undefined;
  readonly grantedSeconds: number | undefined;
  readonly undelivered: ReadonlySet<string>;
}

export interface StatusInput {
  readonly accounts: readonly Account[];
  readonly namesGiven: NamesGiven;
  readonly holds: ReadonlySet<string>;
  /** undefined where it could not be asked. */
  readonly members: readonly Member[] | undefined;
  readonly delivery: LastDelivery | undefined;
  readonly now: number;
}

export interface MemberStatus {
  readonly memberId: string;
  /** undefined where the directory could not be asked or doesn't list the member. */
  readonly login: string | null | undefined;
  /** The ServiceAccount's name; undefined where there is none. */
  readonly account: string | undefined;
  readonly createdAt: number | undefined;
  readonly state: MemberState;
  /** The token that was last delivered; undefined where none was. */
  readonly token:
    | { readonly deliveredAt: number; readonly expiresAt: number; readonly grantedSeconds: number }
    | undefined;
}

/** One for each account that we own, and one for each member without any; in no particular order. */
export function memberStatuses({ accounts, namesGiven, holds, members, delivery, now }: StatusInput): MemberStatus[] {
  const directory = members === undefined ? undefined : new Map(members.map((member) => [member.id, member]));
  const owned = Map.groupBy(
    accounts.filter(isOwned).filter((account) => !account.terminating),
    (account) => account.memberId,
  );
  const statuses: MemberStatus[] = [];
  for (const [memberId, theirs] of owned) {
    const member = directory?.get(memberId);
    for (const [rank, account] of byClaim(theirs, namesGiven).entries()) {
      const token = rank === 0 ? tokenOf(account, delivery) : undefined;
      const isLeaving = directory !== undefined && member === undefined;
      statuses.push({
        memberId,
        login: member?.login,
        account: account.name,
        createdAt: account.createdAt,
        state: stateOf({
          rank,
          token,
          isHeld: holds.has(memberId),
          isLeaving,
          isUndelivered: isUndelivered(memberId, delivery),
          now,
        }),
        token,
      });
    }
  }
  for (const { id, login } of members ?? []) {
    if (owned.has(id)) continue;
    const state = holds.has(id) ? 'held' : 'missing';
    statuses.push({ memberId: id, login, account: undefined, createdAt: undefined, state, token: undefined });
  }
  return statuses;
}

function stateOf({
  rank,
  token,
  isHeld,
  isLeaving,
  isUndelivered: leftOut,
  now,
}: {
  rank: number;
  token: MemberStatus['token'];
  isHeld: boolean;
  isLeaving: boolean;
  isUndelivered: boolean;
  now: number;
}): MemberState {
  if (isHeld) return 'held';
  if (isLeaving) return 'leaving';
  if (rank > 0) return 'surplus';
  if (leftOut) return 'undelivered';
  if (token === undefined) return 'new';
  return token.expiresAt <= now ? 'expired' : 'ok';
}

function isUndelivered(memberId: string, delivery: LastDelivery | undefined): boolean {
  return delivery?.undelivered.has(memberId) ?? false;
}

/** Times of objects are whole seconds, and so is the API server's clock that the delivery was timed by. */
const clockGrainMs = 1_000;

function tokenOf({ memberId, createdAt }: OwnedAccount, delivery: LastDelivery | undefined): MemberStatus['token'] {
  if (delivery?.earliestExpiry === undefined || delivery.grantedSeconds === undefined) return undefined;
  if (isUndelivered(memberId, delivery) || createdAt > delivery.acknowledgedAt + clockGrainMs) return undefined;
  return {
    deliveredAt: delivery.acknowledgedAt,
    expiresAt: delivery.earliestExpiry,
    grantedSeconds: delivery.grantedSeconds,
  };
}
