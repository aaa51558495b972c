import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { members, planInput, shuffled } from '../../test/generated-clubs.ts';
import { nobodysId } from './member-id.ts';
import type { Member, NamesGiven } from './model.ts';
import { assignNames, isValidName, longestName, type NamedMember, probeNamePrefix } from './names.ts';
import { hasAmbiguousNamespaces } from './namespace-names.ts';

const id = (end: string) => `12345678-0000-4000-8000-${end.padStart(12, '0')}`;
const member = (login: string | null, memberId: string): Member => ({ id: memberId, login });
const free = { occupied: () => undefined, namesGiven: new Map<string, string>() };
const nameOf = (one: Member, context: Parameters<typeof assignNames>[1] = free) => assignNames([one], context)[0]?.name;

/** The generated cluster as assignNames sees it. */
const contextOf = ({ accounts, namesGiven }: { accounts: readonly { name: string }[]; namesGiven: NamesGiven }) => {
  const taken = new Set(accounts.map(({ name }) => name));
  return { namesGiven, occupied: (name: string) => (taken.has(name) ? { en: 'taken', ko: '있음' } : undefined) };
};
const byUuid = (named: readonly NamedMember[]) => new Map(named.map((one) => [one.member.id, one.name]));

describe('the name of a new member', () => {
  it.each([
    ['a valid login id', 'jimin', 'jimin'],
    ['a login id with dots', 'ha.eun', 'ha.eun'],
    ['digits', '2024000001', '2024000001'],
    ['63 characters', 'a'.repeat(63), 'a'.repeat(63)],
    ['upper case', 'MinJun', 'minjun-cdef'],
    ['58 characters with an upper-case one', `A${'a'.repeat(57)}`, `${'a'.repeat(58)}-cdef`],
    ['59 characters with an upper-case one', `A${'a'.repeat(58)}`, `${'a'.repeat(54)}-12345678`],
    ['64 characters', 'a'.repeat(64), `${'a'.repeat(54)}-12345678`],
    ['a plus', 'c++lover', 'c-lover-12345678'],
    ['an underscore', 'ji_woo', 'ji-woo-12345678'],
    ['Korean', '풀씨회원', 'member-12345678'],
    ['Korean and Latin', '민수Kim', 'kim-12345678'],
    ['accents', 'José', 'jose-12345678'],
    ['hyphens at the ends', '-dohyun-', 'dohyun-12345678'],
    ['signs only', '+_+', 'member-12345678'],
    ['nothing', '', 'member-12345678'],
    ['no login id', null, 'member-12345678'],
    ['the name of the default account', 'default', 'default-12345678'],
    ['the same in upper case', 'DEFAULT', 'default-cdef'],
    ['two hyphens, which begin the names of namespaces', 'kim--lee', 'kim-lee-12345678'],
    ['the same in upper case', 'Kim--Lee', 'kim-lee-12345678'],
    ['what begins Punycode', 'xn', 'xn-12345678'],
    ['the name of a probe', `${probeNamePrefix}1`, 'member-12345678'],
    ['what a probe is called', probeNamePrefix.slice(0, -1).toUpperCase(), 'member-12345678'],
  ])('is made of %s', (_, loginId, name) => {
    expect(nameOf(member(loginId, id('abcdef')))).toBe(name);
  });

  it("is no name that is kept from everybody, not even for a member whose UUID is nobody's", () => {
    const nobody = member('ghost', nobodysId);
    expect(nameOf(nobody, { ...free, namesGiven: new Map([['ghost', nobodysId]]) })).toBe(`ghost-${nobodysId}`);
  });

  it('holds the whole UUID where the usual one is taken, reserved, or wanted by two', () => {
    const one = member('jimin', id('1'));
    const expected = `jimin-${one.id}`;
    expect(
      nameOf(one, { ...free, occupied: (name) => (name === 'jimin' ? { en: 'taken', ko: '있음' } : undefined) }),
    ).toBe(expected);
    expect(nameOf(one, { ...free, namesGiven: new Map([['jimin', id('2')]]) })).toBe(expected);
    const twin = member('jimin', id('3'));
    expect(byUuid(assignNames([one, twin], free))).toEqual(
      new Map([one, twin].map(({ id: uuid }) => [uuid, `jimin-${uuid}`])),
    );
  });

  it('is the exact login id for anyone who has it, though another would come to it by lower-casing', () => {
    const upper = member('Jimin', id('beef'));
    const exact = member('jimin-beef', id('1'));
    expect(byUuid(assignNames([upper, exact], free))).toEqual(
      new Map([
        [exact.id, 'jimin-beef'],
        [upper.id, `jimin-${upper.id}`],
      ]),
    );
  });

  it('is the former one for anyone who returns, whatever their login id is now', () => {
    const returned = member('NewName', id('1'));
    expect(nameOf(returned, { ...free, namesGiven: new Map([['old-name', returned.id]]) })).toBe('old-name');
  });

  it('is another where the former one was taken by someone else meanwhile', () => {
    const returned = member('jimin', id('1'));
    const context = {
      namesGiven: new Map([['jimin', returned.id]]),
      occupied: (name: string) => (name === 'jimin' ? { en: 'taken', ko: '있음' } : undefined),
    };
    expect(nameOf(returned, context)).toBe(`jimin-${returned.id}`);
  });

  it('is never one that no ServiceAccount can have, even if the record says so', () => {
    const returned = member('jimin', id('1'));
    const namesGiven = new Map([
      ['Not_A_Name', returned.id],
      ['default', returned.id],
    ]);
    expect(nameOf(returned, { ...free, namesGiven })).toBe('jimin');
  });
});

describe('for any members on any cluster, the names', () => {
  it('are one for each member, unique, valid, and at most 63 characters unless given back', () => {
    fc.assert(
      fc.property(planInput, (input) => {
        const named = assignNames(input.members, contextOf(input));
        expect(new Set(named.map((one) => one.member.id))).toEqual(new Set(input.members.map(({ id: uuid }) => uuid)));
        expect(named).toHaveLength(input.members.length);
        expect(new Set(named.map(({ name }) => name)).size).toBe(named.length);
        for (const {
          name,
          member: { id: uuid },
        } of named) {
          expect(isValidName(name)).toBe(true);
          expect(hasAmbiguousNamespaces(name) && input.namesGiven.get(name) !== uuid).toBe(false);
          expect(name === 'default' || name.startsWith(probeNamePrefix)).toBe(false);
          if (input.namesGiven.get(name) === uuid) continue;
          expect(name.length).toBeLessThanOrEqual(longestName);
        }
      }),
    );
  });

  it('are none that an account has, and none that is reserved for someone else', () => {
    fc.assert(
      fc.property(planInput, (input) => {
        const taken = new Set(input.accounts.map(({ name }) => name));
        for (const {
          name,
          member: { id: uuid },
        } of assignNames(input.members, contextOf(input))) {
          expect(taken.has(name)).toBe(false);
          expect([undefined, uuid]).toContain(input.namesGiven.get(name));
        }
      }),
    );
  });

  it('do not depend on the order of anything', () => {
    fc.assert(
      fc.property(
        planInput.chain((input) => fc.tuple(fc.constant(input), shuffled(input))),
        ([input, other]) => {
          const names = byUuid(assignNames(input.members, contextOf(input)));
          expect(byUuid(assignNames(other.members, contextOf(other)))).toEqual(names);
        },
      ),
    );
  });

  it('are the exact login ids wherever these are valid, free, and wanted by one', () => {
    fc.assert(
      fc.property(members(), (all) => {
        const names = byUuid(assignNames(all, free));
        const wanted = Map.groupBy(all, ({ login: loginId }) => loginId);
        const plain = all.filter(
          ({ login: loginId }) => /^[a-z0-9]{1,20}$/.test(loginId ?? '') && loginId !== 'default',
        );
        const alone = plain.filter(({ login: loginId }) => wanted.get(loginId)?.length === 1);
        expect(alone.map(({ id: uuid }) => names.get(uuid))).toEqual(alone.map(({ login: loginId }) => loginId));
      }),
    );
  });

  it('of one member do not change when others, whose login ids are other ones, join', () => {
    fc.assert(
      fc.property(members({ minLength: 1 }), members(), ([first, ...rest], others) => {
        if (first === undefined || others.some(({ id: uuid }) => [first, ...rest].some((one) => one.id === uuid)))
          return;
        const before = assignNames([first, ...rest], free);
        // Names that were given are recorded: anyone who joins later can't have them.
        const record = new Map(before.map(({ name, member: { id: uuid } }) => [name, uuid]));
        const after = assignNames([first, ...rest, ...others], { ...free, namesGiven: record });
        for (const {
          name,
          member: { id: uuid },
        } of before)
          expect(byUuid(after).get(uuid)).toBe(name);
      }),
    );
  });
});
