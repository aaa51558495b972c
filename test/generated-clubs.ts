/** Any directory and any cluster, for properties that must hold for all of them. Small pools make collisions the rule. */
import * as fc from 'fast-check';
import type { Account, Member } from '../src/core/model.ts';
import { isValidName, nameWithId } from '../src/core/names.ts';
import type { PlanInput } from '../src/core/plan.ts';

/** UUIDs of which many share their first 8 or their last 4 characters, which names are made of. */
const uuid: fc.Arbitrary<string> = fc.oneof(
  fc.uuid(),
  fc
    .tuple(fc.constantFrom('00000000', 'deadbeef'), fc.nat(30), fc.constantFrom('0000', 'beef'))
    .map(([head, middle, end]) => `${head}-0000-4000-8000-${middle.toString(16).padStart(8, '0')}${end}`),
);

/** Ids of every directory: PoolC's are UUIDs, others name their directory. */
const memberId: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: uuid },
  { weight: 1, arbitrary: fc.nat(40).map((number) => `github:api.github.com:${number}`) },
  { weight: 1, arbitrary: uuid.map((id) => `ldap:ldap.example.org:${id}`) },
);

const valid = ['jimin', 'jimin-beef', 'jimin-0000', 'a.b', 'a-b', 'member', 'member-deadbeef', 'constructor'];
const invalid = ['Jimin', 'JIMIN', 'Jimin-beef', 'a_b', 'a+b', '.a', 'a.', 'a..b', '__proto__', '', ' ', '-', '+_+'];
const reserved = ['default', 'Default', 'credentials-updater-probe', 'credentials-updater-probe-x'];
const notAscii = ['풀씨', '풀씨'.normalize('NFD'), '🦭'];
const long = ['x'.repeat(63), 'x'.repeat(64), 'X'.repeat(58), 'X'.repeat(59), 'y'.repeat(253)];

const loginId: fc.Arbitrary<string | null> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...valid, ...invalid, ...reserved, ...notAscii, ...long) },
  { weight: 2, arbitrary: fc.stringMatching(/^[a-z0-9]{1,6}$/) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 80 }) },
  { weight: 1, arbitrary: fc.constant(null) },
);

const member: fc.Arbitrary<Member> = fc.record({ id: memberId, login: loginId });

export const members = (options: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<Member[]> =>
  fc.uniqueArray(member, { maxLength: 12, ...options, selector: (one) => one.id });

/** Names that the members would be given, or nearly: where accounts and records get in their way. */
function contestedName(all: readonly Member[]): fc.Arbitrary<string> {
  const fallback = fc.constantFrom('jimin', 'default', 'a.b', 'builder', 'x'.repeat(63), 'y'.repeat(253));
  if (all.length === 0) return fallback;
  const ofAMember = fc
    .tuple(fc.constantFrom(...all), fc.constantFrom('exact', 'lowered', 'short', 'whole', 'numbered'))
    .map(([one, kind]) => {
      const plain = (one.login ?? '').toLowerCase();
      const whole = nameWithId(one, () => true);
      if (kind === 'lowered') return `${plain}-${one.id.slice(-4)}`;
      if (kind === 'short') return whole.slice(0, whole.length - 28);
      if (kind === 'numbered') return nameWithId(one, (name) => name !== whole);
      return kind === 'whole' ? whole : plain;
    })
    .filter(isValidName);
  return fc.oneof({ weight: 3, arbitrary: ofAMember }, { weight: 1, arbitrary: fallback });
}

/** Members, and whatever may be on a cluster when a run looks at it. */
export const planInput: fc.Arbitrary<PlanInput> = members().chain((all) => {
  const known = all.map((one) => one.id);
  const anyId = known.length === 0 ? memberId : fc.oneof(fc.constantFrom(...known), memberId);
  const account: fc.Arbitrary<Account> = fc.record({
    name: contestedName(all),
    uid: fc.uuid(),
    labelled: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    memberId: fc.oneof({ weight: 4, arbitrary: anyId }, { weight: 1, arbitrary: fc.constant(undefined) }),
    createdAt: fc.nat(3),
    terminating: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  });
  return fc.record({
    members: fc.constant(all),
    accounts: fc
      .uniqueArray(account, { maxLength: 15, selector: (one) => one.name })
      .filter((accounts) => new Set(accounts.map((one) => one.uid)).size === accounts.length),
    namesGiven: fc
      .uniqueArray(fc.tuple(contestedName(all), anyId), { maxLength: 12, selector: ([name]) => name })
      .map((entries) => new Map(entries)),
    holds: fc.oneof(
      { weight: 3, arbitrary: fc.constant(new Set<string>()) },
      { weight: 1, arbitrary: fc.uniqueArray(anyId, { maxLength: 3 }).map((held) => new Set(held)) },
    ),
  });
});

/** The same things in another order. */
export function shuffled(input: PlanInput): fc.Arbitrary<PlanInput> {
  const inAnyOrder = <T>(items: Iterable<T>): fc.Arbitrary<T[]> => {
    const all = [...items];
    return fc.shuffledSubarray(all, { minLength: all.length });
  };
  return fc
    .tuple(inAnyOrder(input.members), inAnyOrder(input.accounts), inAnyOrder(input.namesGiven))
    .map(([all, accounts, namesGiven]) => ({
      ...input,
      members: all,
      accounts,
      namesGiven: new Map(namesGiven),
    }));
}
