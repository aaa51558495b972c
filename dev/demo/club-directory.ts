/** The list of a club that is not PoolC: a CSV file, OpenLDAP's own server, or a look-alike of GitHub. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startGithub } from '../github/index.ts';
import { createOrganization } from '../github/organization.ts';
import { person, reader, startSlapd, suffix } from '../ldap/index.ts';
import type { LabDirectory } from './lab-club.ts';

export interface ClubDirectory extends AsyncDisposable {
  /** `spec.directory` of the MemberSync. */
  readonly spec: object;
  readonly env: Readonly<Record<string, string>>;
  readonly introduction: string;
  add(login: string): Promise<void>;
  remove(login: string): Promise<void>;
}

/** @param people those who are on the list at first; kept up to date by the caller, before `add` and `remove` */
export function openClubDirectory(
  kind: LabDirectory,
  folder: string,
  people: ReadonlySet<string>,
): Promise<ClubDirectory> {
  switch (kind) {
    case 'file':
      return openFile(folder, people);
    case 'ldap':
      return openLdap(people);
    case 'github':
      return openGithub(people);
  }
}

async function openFile(folder: string, people: ReadonlySet<string>): Promise<ClubDirectory> {
  const name = 'members.csv';
  const ids = new Map<string, number>();
  const write = () => {
    for (const login of people) if (!ids.has(login)) ids.set(login, 2024001 + ids.size);
    const rows = [...people].map((login) => `${ids.get(login)},${login}`);
    return writeFile(join(folder, name), ['id,login', ...rows, ''].join('\n'));
  };
  await write();
  return {
    spec: { file: { path: name } },
    env: {},
    introduction: `The list is a file, ${name}.`,
    add: write,
    remove: write,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function openLdap(people: ReadonlySet<string>): Promise<ClubDirectory> {
  const slapd = await startSlapd({ ldif: [...people].map((login) => person(login)).join('') });
  return {
    spec: {
      ldap: {
        url: slapd.url.href,
        certificateAuthority: { env: 'LDAP_CA' },
        bindDN: reader.dn,
        bindPassword: { env: 'LDAP_PASSWORD' },
        base: `ou=people,${suffix}`,
        filter: '(objectClass=inetOrgPerson)',
      },
    },
    env: { LDAP_PASSWORD: reader.password, LDAP_CA: slapd.authority },
    introduction: "The list is in an LDAP server, OpenLDAP's slapd.",
    add: (login) => slapd.addPerson(login),
    remove: (login) => slapd.removePerson(login),
    [Symbol.asyncDispose]: () => slapd[Symbol.asyncDispose](),
  };
}

/** Of whoever set up the sync, and who does not leave in the story. */
const token = 'github_pat_the-token-of-the-demo';

async function openGithub(people: ReadonlySet<string>): Promise<ClubDirectory> {
  const [owner = ''] = people;
  let lastId = 0;
  const organization = createOrganization({
    login: 'my-lab',
    members: Object.fromEntries([...people].map((login) => [login, { id: ++lastId }])),
    tokens: { [token]: { user: owner } },
  });
  const github = await startGithub({ organization });
  return {
    spec: { github: { organization: organization.login, apiURL: github.apiURL.href, token: { env: 'GITHUB_TOKEN' } } },
    env: { GITHUB_TOKEN: token },
    introduction: `The list is the organization ${organization.login} on a look-alike of GitHub, held to GitHub's own description of its API.`,
    add: (login) => Promise.resolve(void organization.people.set(login, { id: ++lastId })),
    remove: (login) => Promise.resolve(void organization.people.delete(login)),
    [Symbol.asyncDispose]: () => github[Symbol.asyncDispose](),
  };
}
