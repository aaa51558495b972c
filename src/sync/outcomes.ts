/**
 * What became of each member: exactly one outcome. Those who merely got a fresh token are counted; anyone who was created,
 * removed or failed is kept with the reason.
 */
import type { Member } from '../core/model.ts';
import type { Create, Remove } from '../core/plan.ts';
import type { Failure } from '../lib/failure.ts';

export interface FailedMember {
  readonly member: Member;
  readonly failure: Failure;
}

export class Outcomes {
  readonly createdAccounts: Create[] = [];
  readonly removedAccounts: Remove[] = [];
  readonly accountsNotRemoved: { readonly removal: Remove; readonly failure: Failure }[] = [];
  readonly failedMembers: FailedMember[] = [];
  /** Their token does not hang on it. */
  readonly withoutWorkspace: FailedMember[] = [];
  /** RoleBindings of leavers that are still there. */
  readonly workspacesNotClosed: { readonly what: string; readonly failure: Failure }[] = [];
  /** How many members have a fresh token, verified. */
  minted = 0;
  /** The shortest lifetime that was granted, in seconds. */
  grantedSeconds: number | undefined;
  /** When the first of the tokens expires, in seconds since the epoch. */
  earliestExpiry: number | undefined;
  /** Whether the delivery was acknowledged. */
  delivered = false;
  /** How many of the fresh tokens did not reach their member. */
  notDelivered = 0;

  created(create: Create): void {
    this.createdAccounts.push(create);
  }

  removed(removal: Remove): void {
    this.removedAccounts.push(removal);
  }

  notRemoved(removal: Remove, failure: Failure): void {
    this.accountsNotRemoved.push({ removal, failure });
  }

  failed(member: Member, failure: Failure): void {
    this.failedMembers.push({ member, failure });
  }

  noWorkspace(member: Member, failure: Failure): void {
    this.withoutWorkspace.push({ member, failure });
  }

  workspaceNotClosed(what: string, failure: Failure): void {
    this.workspacesNotClosed.push({ what, failure });
  }

  /** A token was issued, and could not be delivered. */
  undelivered(member: Member, failure: Failure): void {
    this.failed(member, failure);
    this.notDelivered++;
  }

  tokenMinted(grantedSeconds: number, expiresAt: number): void {
    this.minted++;
    this.grantedSeconds = Math.min(this.grantedSeconds ?? grantedSeconds, grantedSeconds);
    this.earliestExpiry = Math.min(this.earliestExpiry ?? expiresAt, expiresAt);
  }
}
