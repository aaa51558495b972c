/** The organization of the look-alike: who is in it, what GitHub's description says an entry looks like, and who sees what. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Caller } from './index.ts';

export interface OrganizationOptions {
  readonly login?: string;
  /** By login. */
  readonly members: Readonly<Record<string, Person>>;
  readonly invited?: readonly string[];
  /** By slug. */
  readonly teams?: Readonly<Record<string, Team>>;
  /** Whose token it is, with a classic token's scopes; none of a fine-grained one. */
  readonly tokens?: Readonly<Record<string, { readonly user: string; readonly scopes?: readonly string[] }>>;
  readonly app?: {
    readonly id: string;
    readonly members?: 'read' | 'write';
    readonly suspended?: boolean;
    readonly account?: string;
  };
}

export interface Person {
  readonly id: number;
  /** Whether everyone sees that they are a member. */
  readonly isPublic?: boolean;
  readonly keys?: readonly string[];
}

export interface Team {
  readonly members: readonly string[];
  readonly parent?: string;
}

export interface Organization {
  readonly login: string;
  readonly tokens: ReadonlyMap<string, Caller>;
  readonly installationToken: string;
  readonly app: { readonly id: string; readonly publicKey: KeyObject; readonly privateKey: string } | undefined;
  /** Takes part in every later answer. */
  readonly people: Map<string, Person>;
  membersFor(sight: Sight): object[];
  teamMembers(slug: string): object[] | undefined;
  keysOf(login: string): object[] | undefined;
  membershipOf(login: string): object | undefined;
  installation(): object;
  accessToken(): object;
}

export type Sight = 'everyone' | 'public';

export function seenBy(organization: Organization, caller: Caller): Sight {
  if ('app' in caller) return caller.app === 'installation' ? 'everyone' : 'public';
  return organization.people.has(caller.user) ? 'everyone' : 'public';
}

const address = 'https://api.github.com';

export function createOrganization(options: OrganizationOptions): Organization {
  const { login = 'lab', invited = [], teams = {}, tokens = {} } = options;
  const people = new Map(Object.entries(options.members));
  const all = () => [...people].map(([name, { id }]) => userOf(name, id));
  const within = (slug: string): string[] => [
    ...(teams[slug]?.members ?? []),
    ...Object.entries(teams).flatMap(([name, { parent }]) => (parent === slug ? within(name) : [])),
  ];
  const membersPermission = options.app?.members;
  const permissions =
    membersPermission === undefined ? { metadata: 'read' } : { members: membersPermission, metadata: 'read' };
  return {
    login,
    people,
    tokens: new Map(Object.entries(tokens).map(([token, { user, scopes }]) => [token, { user, scopes }])),
    installationToken: 'ghs_the-token-of-the-installation',
    app: options.app === undefined ? undefined : { id: options.app.id, ...keysOfApp() },
    membersFor: (sight) =>
      sight === 'everyone'
        ? all()
        : [...people].filter(([, { isPublic }]) => isPublic).map(([name, { id }]) => userOf(name, id)),
    teamMembers: (slug) =>
      teams[slug] === undefined
        ? undefined
        : [...new Set(within(slug))].flatMap((name) => {
            const person = people.get(name);
            const inherited = !(teams[slug]?.members.includes(name) ?? false);
            return person === undefined ? [] : [{ ...userOf(name, person.id), role: 'member', inherited }];
          }),
    keysOf: (name) =>
      people.get(name)?.keys?.map((key, index) => ({ id: index + 1, key })) ?? (people.has(name) ? [] : undefined),
    membershipOf: (name) => {
      const person = people.get(name);
      if (person === undefined && !invited.includes(name)) return undefined;
      return {
        url: `${address}/orgs/${login}/memberships/${name}`,
        state: person === undefined ? 'pending' : 'active',
        role: 'member',
        organization_url: `${address}/orgs/${login}`,
        organization: organizationOf(login),
        user: userOf(name, person?.id ?? 999_999),
      };
    },
    installation: () => ({
      id: 7,
      account: { ...userOf(options.app?.account ?? login, 1), type: 'Organization' },
      repository_selection: 'all',
      access_tokens_url: `${address}/app/installations/7/access_tokens`,
      repositories_url: `${address}/installation/repositories`,
      html_url: `https://github.com/organizations/${login}/settings/installations/7`,
      app_id: Number(options.app?.id ?? 1),
      target_id: 1,
      target_type: 'Organization',
      permissions,
      events: [],
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      single_file_name: null,
      app_slug: 'lab-app',
      suspended_at: options.app?.suspended === true ? '2026-01-02T00:00:00Z' : null,
      suspended_by: null,
    }),
    accessToken: () => ({
      token: 'ghs_the-token-of-the-installation',
      expires_at: '2036-01-01T00:00:00Z',
      permissions: membersPermission === undefined ? {} : { members: 'read' },
    }),
  };
}

function keysOfApp(): { publicKey: KeyObject; privateKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  // As GitHub gives it out.
  return { publicKey, privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }) };
}

function userOf(login: string, id: number): object {
  const url = `${address}/users/${login}`;
  return {
    login,
    id,
    node_id: `node-${id}`,
    avatar_url: `https://avatars.githubusercontent.com/u/${id}`,
    gravatar_id: '',
    url,
    html_url: `https://github.com/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following`,
    gists_url: `${url}/gists`,
    starred_url: `${url}/starred`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    received_events_url: `${url}/received_events`,
    type: 'User',
    site_admin: false,
  };
}

function organizationOf(login: string): object {
  const url = `${address}/orgs/${login}`;
  return {
    login,
    id: 1,
    node_id: 'node-of-the-organization',
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: 'https://avatars.githubusercontent.com/u/1',
    description: null,
  };
}
