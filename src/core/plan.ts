/**
 * What a run will do: a pure function of the directory, the accounts and the record of names. No clock, no I/O; the
 * same input in any order gives the same plan. Identity is the member id; the name only follows.
 */

import type { Message } from '../lib/message.ts';
import { planReasons as reasons } from '../lib/messages/plan.ts';
import { type MemberId, memberIdAnnotation, nobodysId, userUuidAnnotation } from './member-id.ts';
import {
  type Account,
  isOwned,
  type Member,
  managedByLabel,
  managedByValue,
  memberLabel,
  type NamesGiven,
  type OwnedAccount,
  printable,
} from './model.ts';
import { assignNames } from './names.ts';
import { hasAmbiguousNamespaces } from './namespace-names.ts';

export interface PlanInput {
  readonly members: readonly Member[];
  readonly accounts: readonly Account[];
  readonly namesGiven: NamesGiven;
  /** Members whom an operator keeps out, whatever the directory says (`revoke --hold`). */
  readonly holds: ReadonlySet<MemberId>;
}

export interface PlanOptions {
  /** Whether accounts of leavers are removed, or only warned about by name. An operator's hold removes either way. */
  readonly removalPolicy: 'Remove' | 'Report';
}

export interface Keep {
  readonly member: Member;
  readonly account: OwnedAccount;
  readonly reason: Message;
}

export interface Create {
  readonly member: Member;
  readonly name: string;
  readonly reason: Message;
}

export interface Remove {
  readonly account: OwnedAccount;
  readonly reason: Message;
  /** Whether the removal is an operator's hold rather than the directory's word: the guard doesn't count those. */
  readonly held: boolean;
}

/** A leaver's account that stays, because the settings say that leavers are only reported. */
export interface Reported {
  readonly account: OwnedAccount;
  readonly reason: Message;
}

export interface Warning {
  readonly about: string;
  readonly reason: Message;
}

export interface NameRecord {
  readonly name: string;
  readonly memberId: MemberId;
}

export interface Plan {
  readonly keep: readonly Keep[];
  readonly create: readonly Create[];
  readonly remove: readonly Remove[];
  /** Accounts of leavers that stay; each has a warning too. */
  readonly reported: readonly Reported[];
  readonly warn: readonly Warning[];
  /** Names to write into the record: of accounts that stay or will be created, where the record doesn't have them. */
  readonly record: readonly NameRecord[];
  /** The same for accounts that are about to go. */
  readonly recordOfRemoved: readonly NameRecord[];
  /** How many accounts that we own exist, those being deleted left out: the guard's baseline. */
  readonly owned: number;
  readonly members: number;
}

export function buildPlan(
  { members, accounts, namesGiven, holds }: PlanInput,
  { removalPolicy }: PlanOptions = { removalPolicy: 'Remove' },
): Plan {
  const warn: Warning[] = [];
  const owned = accounts.filter(isOwned).filter((account) => !account.terminating);
  const ownedById = Map.groupBy(owned, (account) => account.memberId);
  const activeMembers = members.filter((member) => !holds.has(member.id));
  const active = new Set(activeMembers.map((member) => member.id));
  const inDirectory = new Set(members.map((member) => member.id));

  const keep: Keep[] = [];
  const newcomers: Member[] = [];
  for (const member of activeMembers) {
    const [account, ...surplus] = byClaim(ownedById.get(member.id) ?? [], namesGiven);
    if (account === undefined) {
      newcomers.push(member);
      continue;
    }
    keep.push({ member, account, reason: keepReason(member, account, namesGiven) });
    for (const other of surplus) {
      warn.push({
        about: other.name,
        reason: reasons.second({ member: memberLabel(member), account: account.name }),
      });
    }
  }

  const remove: Remove[] = [];
  const reported: Reported[] = [];
  for (const account of owned.filter(({ memberId }) => !active.has(memberId))) {
    const held = inDirectory.has(account.memberId);
    if (removalPolicy === 'Report' && !holds.has(account.memberId)) {
      reported.push({ account, reason: reasons.leftButStays() });
    } else {
      const reason = held ? reasons.heldRemoved() : reasons.left();
      remove.push({ account, reason, held });
    }
  }
  warn.push(...reported.map(({ account: { name: about }, reason }) => ({ about, reason })));

  const byName = new Map(accounts.map((account) => [account.name, account]));
  const create = assignNames(newcomers, { namesGiven, occupied: (name) => occupancy(byName.get(name)) });
  warn.push(...observedWarnings(accounts, active, namesGiven));
  for (const member of members) {
    if (holds.has(member.id)) warn.push({ about: memberLabel(member), reason: reasons.held() });
  }

  const isUnrecorded = ({ name, memberId }: NameRecord) => namesGiven.get(name) !== memberId;
  return {
    keep,
    create,
    remove,
    reported,
    warn,
    // A member's second account is recorded when it goes: while both are there, the record says which one they use.
    record: [
      ...keep.map(({ account: { name, memberId } }) => ({ name, memberId })),
      ...create.map(({ name, member }) => ({ name, memberId: member.id })),
      ...reported.map(({ account: { name, memberId } }) => ({ name, memberId })),
      // Anyone who deletes an account by hand must not make its name free.
      ...accounts
        .filter(isOwned)
        .filter(({ terminating }) => terminating)
        .map(({ name, memberId }) => ({ name, memberId })),
    ].filter(isUnrecorded),
    recordOfRemoved: remove.map(({ account: { name, memberId } }) => ({ name, memberId })).filter(isUnrecorded),
    owned: owned.length,
    members: members.length,
  };
}

/** Whether the plan changes anything on the cluster besides minting: false after a clean run (P8). */
export function hasChanges(plan: Plan): boolean {
  return plan.create.length + plan.remove.length + plan.record.length + plan.recordOfRemoved.length > 0;
}

/** Accounts of one member, the one they use first: the recorded name, else the older, else the first by name. */
export function byClaim(accounts: readonly OwnedAccount[], namesGiven: NamesGiven): OwnedAccount[] {
  const recorded = (account: OwnedAccount) => (namesGiven.get(account.name) === account.memberId ? 0 : 1);
  return accounts.toSorted(
    (a, b) => recorded(a) - recorded(b) || a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1),
  );
}

function keepReason(member: Member, account: OwnedAccount, namesGiven: NamesGiven): Message {
  if (namesGiven.get(account.name) === undefined) return reasons.adopted();
  return account.name === member.login ? reasons.stays() : reasons.keepsName();
}

/** Whether the record has the name for somebody, and not for nobody, as names are reserved that others may use. */
function isMembersName(recordedFor: string | undefined): boolean {
  return recordedFor !== undefined && recordedFor !== nobodysId;
}

/** Why no one new can have the name of this account. */
function occupancy(account: Account | undefined): Message | undefined {
  if (account === undefined) return undefined;
  if (account.terminating) return reasons.takenByTerminating();
  return isOwned(account) ? reasons.takenByMember() : reasons.takenByOther();
}

function observedWarnings(
  accounts: readonly Account[],
  active: ReadonlySet<string>,
  namesGiven: NamesGiven,
): Warning[] {
  const warnings: Warning[] = [];
  for (const account of accounts) {
    if (account.labelled && account.memberId === undefined) {
      warnings.push({
        about: printable(account.name),
        reason: reasons.malformed({ annotations: [userUuidAnnotation, memberIdAnnotation] }),
      });
    } else if (!account.labelled && (account.memberId !== undefined || isMembersName(namesGiven.get(account.name)))) {
      warnings.push({
        about: printable(account.name),
        reason: reasons.unlabelled({ label: `${managedByLabel}=${managedByValue}` }),
      });
    } else if (isOwned(account) && account.terminating && active.has(account.memberId)) {
      warnings.push({
        about: account.name,
        reason: reasons.beingDeleted(),
      });
    } else if (isOwned(account) && active.has(account.memberId) && hasAmbiguousNamespaces(account.name)) {
      warnings.push({
        about: account.name,
        reason: reasons.ambiguous(),
      });
    }
  }
  return warnings;
}
