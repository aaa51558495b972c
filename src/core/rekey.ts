/**
 * From one directory's ids to another's: which account becomes whose. A pure function; nothing is guessed.
 *
 * - By login: an account is the member's whose login makes exactly its name, as names are made, with the id it has now.
 * - By a table of ids: what the operator wrote, and nothing else.
 * - One old id goes to one member, and one member gets one old id: everything else is a problem, and so is an account
 *   that nobody gets. Who left before keeps the old id, and so the name that is reserved for them.
 * - What has an id of the new directory already was moved before: it stays, so that a move that was cut short goes on.
 */
import { byName } from '../lib/by-name.ts';
import type { MemberId } from './member-id.ts';
import { type Account, isOwned, type Member, memberLabel, type NamesGiven, type OwnedAccount } from './model.ts';
import { namesMadeFrom } from './names.ts';

export type Matching =
  | { readonly by: 'login' }
  /** Old id -> new id. */
  | { readonly by: 'table'; readonly ids: ReadonlyMap<MemberId, MemberId> };

export interface RekeyInput {
  readonly accounts: readonly Account[];
  readonly namesGiven: NamesGiven;
  readonly holds: ReadonlySet<MemberId>;
  /** Of the new directory. */
  readonly members: readonly Member[];
  readonly isOwnId: (id: MemberId) => boolean;
  readonly matching: Matching;
}

export interface Move {
  readonly from: MemberId;
  readonly to: MemberId;
  /** For people: the login in the new directory, else the id. */
  readonly label: string;
  readonly accounts: readonly OwnedAccount[];
  /** Every name that the record has for the old id, those of the accounts included. */
  readonly names: readonly string[];
  readonly held: boolean;
  /** Whether the new directory has them now: an account of anyone else goes with the next sync. */
  readonly isMember: boolean;
}

export interface RekeyPlan {
  readonly moves: readonly Move[];
  /** Why nothing is done, one sentence each. */
  readonly problems: readonly string[];
  /** Held out by an old id that nobody of the new directory was matched to. */
  readonly unmatchedHolds: readonly MemberId[];
  /** Members who have no account, and get one with the next sync. */
  readonly newcomers: number;
}

export function planRekey(input: RekeyInput): RekeyPlan {
  const { namesGiven, holds, members, isOwnId, matching } = input;
  const living = input.accounts.filter(isOwned).filter(({ terminating }) => !terminating);
  const accountsById = Map.groupBy(living, ({ memberId }) => memberId);
  const namesById = Map.groupBy([...namesGiven], ([, id]) => id);
  const memberById = new Map(members.map((member) => [member.id, member]));
  const labelOf = (id: MemberId) => memberLabel(memberById.get(id) ?? { id, login: null });
  const foreign = [...accountsById.keys(), ...holds].filter((id) => !isOwnId(id));
  const listed = matching.by === 'table' ? [...matching.ids.keys()].filter((id) => namesById.has(id)) : [];

  const moves: Move[] = [];
  const problems: string[] = [];
  const unmatchedHolds: MemberId[] = [];
  for (const from of new Set([...foreign, ...listed])) {
    const accounts = accountsById.get(from) ?? [];
    const recorded = (namesById.get(from) ?? []).map(([name]) => name);
    const names = [...new Set([...accounts.map(({ name }) => name), ...recorded])];
    const candidates = matching.by === 'login' ? byLogin(from, names, members) : [matching.ids.get(from)];
    const [to, ...others] = candidates;
    if (others.length > 0) problems.push(`${names.join(', ')} could be ${candidates.join(' or ')}`);
    else if (to !== undefined) {
      const isMember = memberById.has(to);
      moves.push({ from, to, label: labelOf(to), accounts, names, held: holds.has(from), isMember });
    } else if (accounts.length > 0) problems.push(`${names.join(', ')} (${from}) is nobody's in the new directory`);
    else unmatchedHolds.push(from);
  }
  problems.push(...conflicts(moves, accountsById, { namesGiven, labelOf }));
  const moved = new Set(moves.map(({ to }) => to));
  const newcomers = members.filter(({ id }) => !accountsById.has(id) && !moved.has(id) && !holds.has(id)).length;
  return { moves: moves.toSorted(byName(({ from }) => from)), problems, unmatchedHolds, newcomers };
}

/** Whoever's login makes one of these names together with the id that has it now. */
function byLogin(from: MemberId, names: readonly string[], members: readonly Member[]): MemberId[] {
  return members
    .filter(({ login }) => login !== null && namesMadeFrom({ id: from, login }).some((name) => names.includes(name)))
    .map(({ id }) => id);
}

function conflicts(
  moves: readonly Move[],
  accountsById: ReadonlyMap<MemberId, readonly OwnedAccount[]>,
  { namesGiven, labelOf }: { namesGiven: NamesGiven; labelOf: (id: MemberId) => string },
): string[] {
  const twice = [...Map.groupBy(moves, ({ to }) => to)]
    .filter(([, group]) => group.length > 1)
    .map(([to, group]) => `${labelOf(to)} would get ${group.flatMap(({ names }) => names).join(' and ')}`);
  const taken = moves.flatMap(({ to, label, accounts }) => {
    const [own] = accountsById.get(to) ?? [];
    // A second account of somebody whose first one was moved before: the record, which comes first, says so.
    return own !== undefined && accounts.some(({ name }) => namesGiven.get(name) !== to)
      ? [`${label} has the account ${own.name} already`]
      : [];
  });
  return [...twice, ...taken];
}
