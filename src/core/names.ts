/**
 * The ServiceAccount name of a new member. Names are part of the contract: RoleBindings in members' own namespaces hold
 * them, so a name that was ever given to one member is never given to another (P9).
 *
 * In this order, and whatever the order of the list:
 * 0. a name that is reserved for this very member: they were here before, and get it back;
 * 1. the login id itself, when it is a valid name that has namespaces of its own: no `--`, not `xn` (namespace-names.ts);
 * 2. the login id lower-cased + `-` + the last 4 characters of the UUID, as the original program did;
 * 3. a slug of what is usable of the login id + `-` + the first 8 characters of the UUID;
 * 4. when the name of step 1 to 3 is taken, reserved, or wanted by two: slug + `-` + the whole UUID.
 */
import type { Message } from '../lib/message.ts';
import { planReasons as reasons } from '../lib/messages/plan.ts';
import { type MemberId, nobodysId, suffixesOf } from './member-id.ts';
import type { Member, NamesGiven } from './model.ts';
import { hasAmbiguousNamespaces } from './namespace-names.ts';

export interface NamedMember {
  readonly member: Member;
  readonly name: string;
  readonly reason: Message;
}

export interface NameContext {
  /** Why a name can't be given to this member, in words; undefined when it is free for them. */
  occupied(name: string): Message | undefined;
  readonly namesGiven: NamesGiven;
}

/** New names are at most this long, so that they also fit a label value. */
export const longestName = 63;
/** Marks the throw-away account of `preflight --probe`; no member may be called so. */
export const probeNamePrefix = 'credentials-updater-probe-';

const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

interface Wish {
  readonly member: Member;
  readonly name: string;
  readonly reason: Message;
  readonly tier: 1 | 2 | 3;
}

/** A name for each member: unique, valid, and the same for any order of `members`. None of them has an account yet. */
export function assignNames(members: readonly Member[], context: NameContext): NamedMember[] {
  const ordered = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
  const given = new Map<string, NamedMember>();
  const give = (member: Member, name: string, reason: Message) => given.set(name, { member, name, reason });
  const obstacle = (name: string, member: Member): Message | undefined => {
    if (given.has(name)) return reasons.wantedByNewcomer();
    const occupied = context.occupied(name);
    if (occupied !== undefined) return occupied;
    const holder = context.namesGiven.get(name);
    return holder === undefined || (holder === member.id && holder !== nobodysId) ? undefined : reasons.reserved();
  };

  const reservedNames = namesById(context.namesGiven);
  const wishes: Wish[] = [];
  for (const member of ordered) {
    const wish = firstWish(member);
    const former = (reservedNames.get(member.id) ?? [])
      .toSorted((a, b) => Number(b === wish.name) - Number(a === wish.name) || (a < b ? -1 : 1))
      // The record can be edited by hand: what no account of a member may be called is no former name.
      .find((name) => isValidName(name) && !isReserved(name) && obstacle(name, member) === undefined);
    if (former === undefined) wishes.push(wish);
    else give(member, former, reasons.formerName());
  }

  const unlucky: { wish: Wish; why: Message }[] = [];
  for (const tier of [1, 2, 3] as const) {
    const tierWishes = wishes.filter((wish) => wish.tier === tier);
    const demand = Map.groupBy(tierWishes, (wish) => wish.name);
    for (const wish of tierWishes) {
      const why = (demand.get(wish.name)?.length ?? 0) > 1 ? reasons.wantedByTwo() : obstacle(wish.name, wish.member);
      if (why === undefined) give(wish.member, wish.name, wish.reason);
      else unlucky.push({ wish, why });
    }
  }
  for (const { wish, why } of unlucky) {
    const name = nameWithId(wish.member, (candidate) => obstacle(candidate, wish.member) === undefined);
    give(wish.member, name, reasons.withId({ name: wish.name, why }));
  }
  return [...given.values()];
}

function firstWish(member: Member): Wish {
  const { login, id } = member;
  const suffixes = suffixesOf(id);
  if (login !== null && isUsable(login)) {
    return { member, name: login, reason: reasons.loginAsName(), tier: 1 };
  }
  const lowered = login === null ? '' : `${login.toLowerCase()}-${suffixes.short}`;
  if (login !== null && isValidName(login.toLowerCase()) && login !== login.toLowerCase() && isUsable(lowered)) {
    return { member, name: lowered, reason: reasons.loginLowered(), tier: 2 };
  }
  const reason = login === null ? reasons.noLogin() : reasons.unusableLogin();
  return { member, name: `${slug(login, 54)}-${suffixes.middle}`, reason, tier: 3 };
}

/** The names that a member with this login and id would have been given, whoever else wanted them. */
export function namesMadeFrom(member: Member): readonly string[] {
  return [firstWish(member).name, nameWithId(member, () => true)];
}

/** The name that always works: unique because the UUID is. Only a hostile login id could hold it; then it is numbered. */
export function nameWithId(member: Member, isFree: (name: string) => boolean): string {
  const { whole } = suffixesOf(member.id);
  const plain = `${slug(member.login, 26)}-${whole}`;
  if (isFree(plain)) return plain;
  for (let number = 2; ; number++) {
    const numbered = `${slug(member.login, 20)}-${whole}-${number}`;
    if (isFree(numbered)) return numbered;
  }
}

/** A valid ServiceAccount name: a DNS subdomain of at most 253 characters. */
export function isValidName(name: string): boolean {
  return name.length <= 253 && subdomainPattern.test(name);
}

function isUsable(name: string): boolean {
  return (
    name.length <= longestName && subdomainPattern.test(name) && !isReserved(name) && !hasAmbiguousNamespaces(name)
  );
}

/** Names that the cluster or this program needs for itself. */
function isReserved(name: string): boolean {
  return name === 'default' || name.startsWith(probeNamePrefix);
}

/** ASCII letters and digits of the login id, the rest as hyphens; `member` when nothing is left. */
function slug(login: string | null, longest: number): string {
  const usable = (login ?? '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, longest)
    .replace(/^-+|-+$/g, '');
  return usable === '' || isReserved(`${usable}-`) ? 'member' : usable;
}

function namesById(namesGiven: NamesGiven): Map<MemberId, string[]> {
  const names = new Map<MemberId, string[]>();
  for (const [name, id] of namesGiven) {
    const known = names.get(id);
    if (known === undefined) names.set(id, [name]);
    else known.push(name);
  }
  return names;
}
