/** Where credentials go: the port. One file beside this one for each kind of delivery. */
import type { Member, OwnedAccount } from '../core/model.ts';
import type { DeliveredToken } from '../core/renewal.ts';
import type { Credential } from '../issuers/issuer.ts';
import type { Failure } from '../lib/failure.ts';
import type { SecretHolder } from '../lib/redact.ts';

/** What a delivery needs to know of the run's lock: nothing is sent once it may be another's. */
export interface DeliveryRight {
  /** Renews the lock now. @throws Failure (lock) where it is lost */
  renew(): Promise<void>;
  /** Milliseconds for which the lock is certainly held. */
  remainingMs(): number;
  /** @throws Failure (lock) when it isn't certainly held any more */
  assertHeld(): void;
}

export interface Parcel {
  readonly member: Member;
  readonly account: Pick<OwnedAccount, 'name' | 'uid'>;
  readonly credential: Credential;
}

export interface SendOptions {
  readonly right: DeliveryRight;
  readonly signal: AbortSignal;
  /** The names of all accounts that stay: what was delivered for any other one is taken away. */
  readonly accounts: ReadonlySet<string>;
}

/** A member who got nothing, while others did. */
export interface NotDelivered {
  readonly member: Member;
  readonly failure: Failure;
}

/** The credentials of one run on their way: added as they are issued, sent at the end. Knows each secret it holds. */
export interface Batch extends SecretHolder {
  add(parcel: Parcel): void;
  /**
   * Sends until it is acknowledged; an unknown outcome is repeated with the same content.
   * @returns the members who got nothing; none of them where one request is for all
   * @throws Failure (delivery) when it was not acknowledged; Failure (lock)
   */
  send(options: SendOptions): Promise<readonly NotDelivered[]>;
}

export interface Delivery {
  /** `poolc`, `secrets`, `files`, `none`: as a MemberSync names it. */
  readonly kind: string;
  /** Where it is, for messages and plan files. Never holds a secret. */
  readonly address: string;
  /** `all`: what is sent takes the place of everything that was sent before, so that everyone must be in it. */
  readonly replaces: 'all' | 'each';
  /** Whether it takes credentials at all: where it doesn't, none are issued. */
  readonly takesCredentials: boolean;
  /**
   * What its members have now, by account name, from what was written down with each credential; undefined where it keeps
   * no such record.
   */
  readonly delivered?: ((signal: AbortSignal) => Promise<ReadonlyMap<string, DeliveredToken>>) | undefined;
  /** Before the first change of a run: whether what is sent at its end can be sent at all. @throws Failure (delivery) */
  prepare?(signal: AbortSignal): Promise<void>;
  begin(): Batch;
}
