/** The LDAP directory against OpenLDAP: what makes the list complete, and what makes it fail rather than be shorter. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { startLdapFaultProxy } from '../../dev/fault-proxy/ldap.ts';
import {
  group,
  groupDN,
  person,
  personDN,
  reader,
  type Slapd,
  type SlapdOptions,
  startSlapd,
  suffix,
} from '../../dev/ldap/index.ts';
import { type LdapOptions, ldapDirectory } from '../../src/directories/ldap.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Secret } from '../../src/lib/secret.ts';

async function useSlapd(options: SlapdOptions): Promise<Slapd> {
  const slapd = await startSlapd(options);
  onTestFinished(() => slapd[Symbol.asyncDispose]());
  return slapd;
}

function optionsFor(slapd: Slapd, more: Partial<LdapOptions> = {}): LdapOptions {
  return {
    url: slapd.url,
    startTLS: false,
    certificateAuthority: slapd.authority,
    bind: { dn: reader.dn, password: new Secret(reader.password) },
    base: `ou=people,${suffix}`,
    filter: '(objectClass=inetOrgPerson)',
    id: 'entryUUID',
    login: 'uid',
    groups: [],
    nestedGroups: true,
    ...more,
  };
}

const read = (options: LdapOptions) =>
  ldapDirectory(options, { clock: systemClock, random: Math.random }).members({ signal: AbortSignal.timeout(60_000) });
const logins = async (options: LdapOptions) =>
  (await read(options)).map(({ login }) => login ?? '').toSorted((a, b) => (a < b ? -1 : 1));

test('everyone under the base, over several pages, by an id that never changes', async () => {
  const uids = Array.from({ length: 1_203 }, (_, index) => `u${index}`);
  const slapd = await useSlapd({ ldif: uids.map((uid) => person(uid)).join('') });
  const members = await read(optionsFor(slapd));
  expect(members).toHaveLength(uids.length);
  expect(new Set(members.map(({ login }) => login))).toEqual(new Set(uids));
  for (const { id } of members) expect(id).toMatch(new RegExp(`^ldap:localhost:[0-9a-f-]{36}$`));
  expect(await read(optionsFor(slapd))).toEqual(members);
});

const active = (guid: string) => [`objectGUID:: ${guid}`, 'userAccountControl: 512'];

test('the host in another case is the same directory', async () => {
  const slapd = await useSlapd({ ldif: person('kim') });
  const options = optionsFor(slapd);
  const shouted = { ...options, url: new URL(options.url.href.replace('localhost', 'LocalHost')) };
  expect(shouted.url.hostname).toBe('LocalHost');
  expect(await read(shouted)).toEqual(await read(options));
});

test.each([
  [
    'Active Directory hides it from us',
    'objectGUID',
    ['objectGUID:: AAAAAAAAAAAAAAAAAAAAAQ=='],
    /uid=lee,.* has no userA/,
  ],
  ['of some it can be read', 'entryUUID', [], /uid=lee,.* has no userAccountControl/],
  [
    'it is no answer',
    'entryUUID',
    ['userAccountControl: 512', 'nsAccountLock: perhaps'],
    /neither TRUE nor FALSE: perhaps/,
  ],
])('whether an account is disabled must be readable: a failure where %s', async (_, id, attributes, says) => {
  const slapd = await useSlapd({
    ldif: person('kim', ...active('AAAAAAAAAAAAAAAAAAAAAg==')) + person('lee', ...attributes),
  });
  await expect(read(optionsFor(slapd, { id }))).rejects.toThrow(says);
});

test('keys, several logins, locked accounts, and the spelling of an objectGUID', async () => {
  const slapd = await useSlapd({
    ldif: [
      person('kim', ...active('MyIRAFVEd2aImaq7zN3u/w=='), 'sshPublicKey: ssh-ed25519 AAAA kim@home'),
      person('lee', 'objectGUID:: AAAAAAAAAAAAAAAAAAAAAQ==', 'userAccountControl: 514'),
      person('park', ...active('AAAAAAAAAAAAAAAAAAAAAg=='), 'nsAccountLock: TRUE'),
      person(
        'choi',
        'objectGUID:: AAAAAAAAAAAAAAAAAAAAAw==',
        'userAccountControl: 512',
        'uid: achoi',
        'ipaSshPubKey: ssh-rsa BBBB choi@ipa',
      ),
    ].join(''),
  });
  const members = await read(optionsFor(slapd, { id: 'objectGUID' }));
  expect(members.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { id: `ldap:localhost:00000000-0000-0000-0000-000000000003`, login: 'achoi', keys: ['ssh-rsa BBBB choi@ipa'] },
    {
      id: `ldap:localhost:00112233-4455-6677-8899-aabbccddeeff`,
      login: 'kim',
      keys: ['ssh-ed25519 AAAA kim@home'],
    },
  ]);
});

describe('groups', () => {
  const people = ['kim', 'lee', 'park', 'choi', 'jung'];
  const ldif = [
    ...people.map((uid) => person(uid, ...(uid === 'jung' ? ['primaryGroupID: 513'] : []))),
    group('staff', [personDN('kim'), groupDN('students')]),
    // In another spelling, and in a circle.
    group('students', [`UID=Lee , OU=People,${suffix}`, groupDN('staff'), groupDN('primary')]),
    group('primary', [personDN('kim')], 'primaryGroupToken: 513'),
    group('broken', [personDN('kim'), personDN('gone')]),
    group('outside', [personDN('kim'), reader.dn]),
    `dn: cn=unique,ou=groups,${suffix}\nobjectClass: groupOfUniqueNames\ncn: unique\nuniqueMember: ${personDN('park')}#'0101'B\n\n`,
    `dn: cn=posix,ou=groups,${suffix}\nobjectClass: posixGroup\ncn: posix\ngidNumber: 1\nmemberUid: choi\n\n`,
    `dn: cn=nobody,ou=groups,${suffix}\nobjectClass: posixGroup\ncn: nobody\ngidNumber: 2\nmemberUid: gone\n\n`,
  ].join('');

  test('inside groups, in circles, in every spelling, by primary group', async () => {
    const slapd = await useSlapd({ ldif });
    expect(await logins(optionsFor(slapd, { groups: [groupDN('staff')] }))).toEqual(['jung', 'kim', 'lee']);
    expect(await logins(optionsFor(slapd, { groups: [groupDN('staff')], nestedGroups: false }))).toEqual(['kim']);
    expect(await logins(optionsFor(slapd, { groups: [groupDN('unique'), groupDN('posix')] }))).toEqual([
      'choi',
      'park',
    ]);
  });

  test.each([
    ['missing', /group cn=missing,.* is not there, or is hidden/],
    ['broken', /member uid=gone,.* of the group cn=broken,.*: there is no such entry, or it is hidden/],
    ['outside', /member cn=reader,.*: it is not under the base/],
    ['nobody', /member gone of the group cn=nobody,.*: nobody under the base has that uid/],
  ])('%s: a failure, not a shorter list', async (cn, says) => {
    const slapd = await useSlapd({ ldif });
    await expect(read(optionsFor(slapd, { groups: [groupDN(cn)] }))).rejects.toThrow(says);
  });

  test('a group of another class inside a group counts by its members', async () => {
    const roles = `dn: cn=role,ou=groups,${suffix}\nobjectClass: organizationalRole\nobjectClass: extraMembers\ncn: role\nmember: ${personDN('lee')}\n\n`;
    const slapd = await useSlapd({ ldif: ldif + roles + group('outer', [personDN('kim'), groupDN('role')]) });
    const options = optionsFor(slapd, { base: suffix, groups: [groupDN('outer')] });
    expect(await logins(options)).toEqual(['kim', 'lee']);
  });

  test('a member whom access rules hide is a failure, not a shorter list', async () => {
    const slapd = await useSlapd({ ldif, access: [`access to dn.exact="${personDN('lee')}" by * none`] });
    await expect(read(optionsFor(slapd, { groups: [groupDN('students')] }))).rejects.toThrow(/lee.*hidden/i);
  });
});

describe('what is not whole fails:', () => {
  const ldif = Array.from({ length: 60 }, (_, index) => person(`u${index}`)).join('');

  test('a size limit', async () => {
    const slapd = await useSlapd({ ldif, sizeLimit: 20 });
    await expect(read(optionsFor(slapd))).rejects.toThrow(/only a part of the entries \(size limit exceeded\)/);
  });

  test('an attribute of the id that may not be read', async () => {
    const slapd = await useSlapd({ ldif, access: ['access to attrs=entryUUID by * none'] });
    await expect(read(optionsFor(slapd))).rejects.toThrow(/has no entryUUID/);
  });

  test('a referral to another server', async () => {
    const referral = `dn: ou=elsewhere,ou=people,${suffix}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://127.0.0.1:9/ou=elsewhere,${suffix}\n\n`;
    const slapd = await useSlapd({ ldif: ldif + referral });
    await expect(read(optionsFor(slapd))).rejects.toThrow(/referrals are not followed/);
  });

  test('a base that is not there', async () => {
    const slapd = await useSlapd({ ldif });
    await expect(read(optionsFor(slapd, { base: `ou=nobody,${suffix}` }))).rejects.toThrow(/does not know the base/);
  });

  test('a wrong password, whose words hold no password', async () => {
    const slapd = await useSlapd({ ldif });
    const options = optionsFor(slapd, { bind: { dn: reader.dn, password: new Secret('a-wrong-password') } });
    const failure = await read(options).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'directory', message: expect.stringContaining(reader.dn) });
    expect(JSON.stringify(failure) + String(failure)).not.toContain('a-wrong-password');
  });

  test('an empty password, before anything is sent', async () => {
    const slapd = await useSlapd({ ldif });
    await slapd.stopServer();
    const options = optionsFor(slapd, { bind: { dn: reader.dn, password: new Secret('') } });
    await expect(read(options)).rejects.toThrow(/is empty, which many servers take for an anonymous login/);
  });
});

describe('TLS', () => {
  const ldif = person('kim');

  test('StartTLS and ldaps with the CA that is named', async () => {
    const slapd = await useSlapd({ ldif });
    expect(await logins(optionsFor(slapd))).toEqual(['kim']);
    expect(await logins(optionsFor(slapd, { url: slapd.plainUrl, startTLS: true }))).toEqual(['kim']);
  });

  test.each([false, true])('a certificate that nobody here trusts (StartTLS: %s)', async (startTLS) => {
    const slapd = await useSlapd({ ldif });
    const { certificateAuthority: _, ...options } = optionsFor(slapd, {
      url: startTLS ? slapd.plainUrl : slapd.url,
      startTLS,
    });
    await expect(read(options)).rejects.toThrow(/certificate of .* can't be trusted/);
  });
});

test('a server that restarts is asked again from the start', async () => {
  const slapd = await useSlapd({ ldif: person('kim') });
  await slapd.stopServer();
  const retried: string[] = [];
  const directory = ldapDirectory(optionsFor(slapd), { clock: systemClock, random: Math.random });
  const reading = directory.members({
    signal: AbortSignal.timeout(60_000),
    onRetry: (message) => {
      retried.push(message);
      if (retried.length === 1) void slapd.restart();
    },
  });
  expect((await reading).map(({ login }) => login)).toEqual(['kim']);
  expect(retried[0]).toMatch(/can't be reached/);
});

describe('result codes of a server', () => {
  const useFaultyServer = async () => {
    const slapd = await useSlapd({ ldif: person('kim') });
    const proxy = await startLdapFaultProxy(slapd.plainUrl);
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const retried: string[] = [];
    const directory = ldapDirectory(optionsFor(slapd, { url: proxy.url }), { clock: systemClock, random: () => 0 });
    const signal = AbortSignal.timeout(60_000);
    const readThere = () => directory.members({ signal, onRetry: (message) => retried.push(message) });
    return { proxy, retried, readThere };
  };

  test.each([
    [3, 'time limit exceeded'],
    [51, 'busy'],
    [52, 'unavailable'],
    [80, 'other: an error inside of the server'],
  ])('%i (%s) may be over in a moment: it is asked again', async (code) => {
    const { proxy, retried, readThere } = await useFaultyServer();
    const rule = proxy.addFault(({ operation }) => operation === 'search', { kind: 'result', code }, 1);
    expect((await readThere()).map(({ login }) => login)).toEqual(['kim']);
    expect(rule.hits).toBe(1);
    expect(retried).toEqual([expect.stringContaining(`(result code ${code})`)]);
  });

  test.each([
    [1, 'operations error'],
    [50, 'insufficient rights'],
    [53, 'unwilling to perform'],
  ])('%i (%s) is meant: it fails at once', async (code) => {
    const { proxy, retried, readThere } = await useFaultyServer();
    proxy.addFault(({ operation }) => operation === 'search', { kind: 'result', code });
    await expect(readThere()).rejects.toThrow(`(result code ${code})`);
    expect(retried).toEqual([]);
  });

  test('a search may take the server as long as it is waited for', async () => {
    const { proxy, readThere } = await useFaultyServer();
    const searches: Buffer[] = [];
    proxy.addFault(({ operation, bytes }) => operation === 'search' && searches.push(bytes) < 0, { kind: 'reset' });
    await readThere();
    // Scope, aliases, size limit, time limit: 30 s.
    const limits = Buffer.from([0x0a, 1, 2, 0x0a, 1, 0, 0x02, 1, 0, 0x02, 1, 30]);
    expect(searches.map((bytes) => bytes.includes(limits))).toEqual([true]);
  });
});

test('a signal ends it at once', async () => {
  const slapd = await useSlapd({ ldif: person('kim') });
  await slapd.stopServer();
  const stop = new AbortController();
  const directory = ldapDirectory(optionsFor(slapd), { clock: systemClock, random: Math.random });
  const reading = directory.members({ signal: stop.signal, onRetry: () => stop.abort(new Error('stopped')) });
  await expect(reading).rejects.toThrow('stopped');
});
