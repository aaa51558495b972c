/** Directories of 5,000 members, by the whole command on a real cluster: a part of `npm run test:parts`. */
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startGithub } from '../../dev/github/index.ts';
import { createOrganization } from '../../dev/github/organization.ts';
import { group, person, personDN, reader, type Slapd, startSlapd, suffix } from '../../dev/ldap/index.ts';
import { accountsOf } from '../accounts.ts';
import { expectExit } from '../command.ts';
import { type Lab, useLab } from '../lab.ts';

const size = 5_000;
const logins = Array.from({ length: size }, (_, index) => `member${index}`);
const token = 'the-token-of-the-large-lab';

interface Large {
  readonly lab: Lab;
  readonly sync: (...flags: readonly string[]) => ReturnType<Lab['command']>;
  /** The first one leaves the list. */
  readonly leave: () => Promise<void>;
}

async function openLab(directory: object, env: Readonly<Record<string, string>>, secret: string) {
  const lab = await useLab(
    () => ({ none: {} }),
    () => ({ directory }),
  );
  const sync = (...flags: readonly string[]) =>
    lab.commandWith(lab.cluster.kubeconfig, { args: ['sync', ...flags], env, secrets: () => [secret] });
  return { lab, sync };
}

async function useSlapd(ldif: string): Promise<Slapd> {
  const slapd = await startSlapd({ ldif });
  onTestFinished(() => slapd[Symbol.asyncDispose]());
  return slapd;
}

const ldapSpec = (slapd: Slapd, groups: readonly string[]) => ({
  ldap: {
    url: slapd.url.href,
    certificateAuthority: { env: 'LDAP_CA' },
    bindDN: reader.dn,
    bindPassword: { env: 'LDAP_PASSWORD' },
    base: `ou=people,${suffix}`,
    filter: '(objectClass=inetOrgPerson)',
    groups: groups.map((name) => `cn=${name},ou=groups,${suffix}`),
  },
});
const ldapEnv = (slapd: Slapd) => ({ LDAP_CA: slapd.authority, LDAP_PASSWORD: reader.password });

const open: Readonly<Record<string, () => Promise<Large>>> = {
  ldap: async () => {
    const slapd = await useSlapd(logins.map((login) => person(login)).join(''));
    const lab = await openLab(ldapSpec(slapd, []), ldapEnv(slapd), reader.password);
    return { ...lab, leave: () => slapd.removePerson('member0') };
  },
  http: async () => {
    let all = logins;
    const server = createServer((request, response) => {
      const page = Number(new URL(request.url ?? '', 'http://api').searchParams.get('page') ?? 1);
      const data = all.slice((page - 1) * 100, page * 100).map((login) => ({ id: `id-${login}`, login }));
      response.end(
        JSON.stringify({ data, next: page * 100 < all.length ? `?page=${page + 1}` : null, total: all.length }),
      );
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    onTestFinished(() => void server.close());
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
    const http = {
      url: `http://127.0.0.1:${address.port}/members`,
      headers: { Authorization: { env: 'LAB_TOKEN' } },
      members: 'data',
      id: 'id',
      login: 'login',
      next: 'next',
      total: 'total',
    };
    const lab = await openLab({ http }, { LAB_TOKEN: token }, token);
    return { ...lab, leave: () => Promise.resolve(void (all = all.slice(1))) };
  },
  github: async () => {
    const organization = createOrganization({
      login: 'my-lab',
      members: Object.fromEntries(logins.map((login, index) => [login, { id: index + 1 }])),
      tokens: { [token]: { user: 'member1' } },
    });
    const github = await startGithub({ organization });
    onTestFinished(() => github[Symbol.asyncDispose]());
    const spec = { organization: 'my-lab', apiURL: github.apiURL.href, token: { env: 'GITHUB_TOKEN' } };
    const lab = await openLab({ github: spec }, { GITHUB_TOKEN: token }, token);
    return { ...lab, leave: () => Promise.resolve(void organization.people.delete('member0')) };
  },
};

describe('5,000 members', () => {
  test.each(Object.keys(open))('%s: each has an account, and one who leaves is removed alone', async (kind) => {
    const large = await open[kind]?.();
    if (large === undefined) throw new Error(`There is no ${kind}`);
    const { lab, sync, leave } = large;
    expectExit(await sync('--first-run'), 0);
    const before = await accountsOf(lab.cluster);
    expect([...before.keys()].toSorted()).toEqual(logins.toSorted());
    await leave();
    expectExit(await sync(), 0);
    before.delete('member0');
    expect(await accountsOf(lab.cluster)).toEqual(before);
    expectExit(await lab.commandWith(lab.cluster.kubeconfig, { args: ['status'] }), 0);
  });
});

test('ldap: fifty groups inside one another, of a hundred members each', async () => {
  const groups = Array.from({ length: 50 }, (_, index) =>
    group(`group${index}`, [
      ...logins.slice(index * 100, index * 100 + 100).map(personDN),
      // Each holds the next one, and the last one the first.
      `cn=group${(index + 1) % 50},ou=groups,${suffix}`,
    ]),
  );
  const slapd = await useSlapd([...logins.map((login) => person(login)), person('nobody'), ...groups].join(''));
  const { lab } = await openLab(ldapSpec(slapd, ['group0']), ldapEnv(slapd), reader.password);
  const planned = await lab.commandWith(lab.cluster.kubeconfig, {
    args: ['plan', '--first-run', '--output', 'text'],
    env: ldapEnv(slapd),
  });
  expectExit(planned, 0);
  expect(planned.stdout).toContain(`${size} members`);
  expect(planned.stdout).not.toContain('nobody');
});
