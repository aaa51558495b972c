/**
 * When a token is renewed, in the controller. Pure: the same token always has the same time, so that a restart renews
 * nothing early, and two replicas agree.
 *
 * - A token is renewed when `renewBefore` of its granted life is left, a third unless the settings say otherwise.
 * - Jitter only makes it earlier: tokens that were made together drift apart, so that there is no burst.
 * - A token whose time comes soon is renewed together with one that is due: fewer runs, each a small one.
 */
import { createHash } from 'node:crypto';

/** A token that was delivered. Times in seconds since the epoch. */
export interface DeliveredToken {
  /** Of the account that it is for. */
  readonly uid: string;
  readonly expiresAt: number;
  readonly grantedSeconds: number;
}

/** What part of a token's life is left when it is renewed, unless the settings say otherwise. */
const defaultPart = 1 / 3;
/** At most so much of a token's life is given up for the spread. */
const spreadPart = 1 / 4;
/** So much of a token's life is one slot: what falls into it is renewed together. */
const slotPart = 1 / 200;

/** When this token is renewed, in seconds since the epoch. */
export function renewalTime(token: DeliveredToken, renewBeforeSeconds: number | undefined): number {
  const { expiresAt, grantedSeconds } = token;
  // Where less was granted than was asked for, the setting may be more than the token's whole life.
  const before = Math.min(renewBeforeSeconds ?? grantedSeconds * defaultPart, grantedSeconds * (1 - 1 / 10));
  const spread = Math.min(grantedSeconds * spreadPart, (grantedSeconds - before) / 2);
  return expiresAt - before - spread * fractionOf(token);
}

/** Whether it is time. @param nowSeconds by the API server's clock */
export function requiresRenewal(
  token: DeliveredToken,
  { nowSeconds, renewBeforeSeconds }: { nowSeconds: number; renewBeforeSeconds: number | undefined },
): boolean {
  return renewalTime(token, renewBeforeSeconds) <= nowSeconds;
}

/** Whether it may go with others that are due now. */
export function mayBeRenewedToo(
  token: DeliveredToken,
  { nowSeconds, renewBeforeSeconds }: { nowSeconds: number; renewBeforeSeconds: number | undefined },
): boolean {
  return renewalTime(token, renewBeforeSeconds) <= nowSeconds + token.grantedSeconds * slotPart;
}

/** From 0 to 1, by the account and the token's end: another one each time that it is renewed. */
function fractionOf({ uid, expiresAt }: DeliveredToken): number {
  return createHash('sha256').update(`${uid} ${expiresAt}`).digest().readUInt32BE(0) / 2 ** 32;
}
