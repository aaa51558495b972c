/**
 * An organization on GitHub, or teams of it, as a directory. Complete when the credential was proved to see everyone, and
 * every page of each list came. Pages move while they are read, so it is no snapshot.
 */
import pMap from 'p-map';
import * as z from 'zod';
import type { Member } from '../core/model.ts';
import { isLoopback } from '../http/endpoint.ts';
import { KeptConnections } from '../http/kept-connections.ts';
import { Failure } from '../lib/failure.ts';
import { isRecord } from '../lib/json.ts';
import { directoryMessages as messages } from '../lib/messages/directory.ts';
import type { Secret } from '../lib/secret.ts';
import type { Directory, ReadOptions } from './directory.ts';
import { type Ask, type GithubServer, openApi, type Question, type Surroundings } from './github/api.ts';
import { type GithubCredential, prove, type ReadCredential, readCredential } from './github/credential.ts';
import { readPages } from './github/pages.ts';
import { idsOf, type MemberRow, membersOf } from './member-rows.ts';

export interface GithubOptions extends GithubServer {
  readonly organization: string;
  /** By slug; everyone of the organization where there are none. */
  readonly teams: readonly string[];
  readonly credential: GithubCredential;
  /** Whether each member's SSH keys are read as well: one more request a member. */
  readonly withKeys: boolean;
  /** Told of each secret that GitHub gives, or that is made to get one. */
  readonly onSecret: (secret: Secret) => void;
}

/** GitHub allows 900 requests a minute, and asks for few at once. */
const keyRequests = 4;
/** For how long a member's keys are not asked for again: a read that is repeated follows at once. */
const keysFreshMs = 60_000;
const pageSize = 100;

/** @throws Failure (usage) for a credential that can't be one */
export function githubDirectory(options: GithubOptions, surroundings: Surroundings): Directory {
  const { apiURL, organization, teams } = options;
  const credential = readCredential(options.credential);
  const keysSeen: SeenKeys = new Map();
  return {
    kind: 'github',
    address: `${apiURL.href.replace(/\/$/, '')}/orgs/${encodeURIComponent(organization)}`,
    host: apiURL.host,
    isLocal: isLoopback(apiURL.hostname),
    whatToLookAt: messages[teams.length === 0 ? 'members' : 'teams']({ organization, host: apiURL.host }),
    isOwnId: (id) => id.startsWith(idsOf('github', apiURL.hostname)('')),
    // Who leaves between two pages moves the others up, and one of them may be on neither.
    isSnapshot: false,
    members: (read) => readMembers({ ...options, credential }, surroundings, keysSeen, read),
  };
}

interface Person {
  readonly id: number;
  readonly login: string;
}

/** By id and login. */
type SeenKeys = Map<string, { readonly keys: readonly string[]; readonly atMs: number }>;

async function readMembers(
  options: Omit<GithubOptions, 'credential'> & { readonly credential: ReadCredential },
  surroundings: Surroundings,
  keysSeen: SeenKeys,
  read: ReadOptions,
): Promise<Member[]> {
  const { organization, teams, apiURL, onSecret } = options;
  const { clock } = surroundings;
  using connections = new KeptConnections();
  const ask = openApi({ ...options, connections }, surroundings, read);
  const { secret, ownId } = await prove(options.credential, { ask, organization, clock, onSecret });
  const people = await readPeople(ask, secret, options);
  if (teams.length === 0 && ownId !== undefined && !people.has(ownId))
    throw new Failure(
      'directory',
      `the token's own user is a member of ${organization} and not in the list of its members, so that others are left out too; nothing was changed`,
      { hint: "may the token read the organization's members (Members: read, or the scope read:org)?" },
    );
  const keys = new Map<number, readonly string[]>();
  if (options.withKeys) {
    const found = await readKeys([...people.values()], { ask, secret, keysSeen, clock, signal: read.signal });
    // A login that was given up meanwhile may be another person's by now, and the keys with it.
    const after = await readPeople(ask, secret, options);
    for (const { id, login } of people.values()) if (after.get(id)?.login === login) keys.set(id, found.get(id) ?? []);
  }
  const rows = [...people.values()].map(({ id, login }): MemberRow => {
    const found = keys.get(id) ?? [];
    const row = { id: String(id), login, where: () => login };
    return found.length === 0 ? row : { ...row, keys: found };
  });
  return membersOf(
    rows,
    idsOf('github', apiURL.hostname),
    (what) => new Failure('directory', `the members of ${organization} can't be used: ${what}; nothing was changed`),
  );
}

async function readPeople(
  ask: Ask,
  credential: Secret,
  { organization, teams }: Pick<GithubOptions, 'organization' | 'teams'>,
): Promise<Map<number, Person>> {
  const people = new Map<number, Person>();
  for (const { question, what, notFound } of listsOf(organization, teams)) {
    const list = await readPages(ask, question, { credential, what, notFound }, toPerson);
    for (const person of list) people.set(person.id, person);
  }
  return people;
}

/** The members of a team include those of the teams below it; invitations that wait are on no list. */
function listsOf(org: string, teams: readonly string[]): { question: Question; what: string; notFound: string }[] {
  if (teams.length === 0)
    return [
      {
        question: {
          route: 'GET /orgs/{org}/members',
          parameters: { org, filter: 'all', role: 'all', per_page: pageSize },
        },
        what: `the members of ${org}`,
        notFound: 'check spec.directory.github.organization',
      },
    ];
  return teams.map((team) => ({
    question: {
      route: 'GET /orgs/{org}/teams/{team_slug}/members',
      parameters: { org, team_slug: team, role: 'all', per_page: pageSize },
    },
    what: `the members of the team ${team} of ${org}`,
    notFound: `check spec.directory.github.teams: ${team} must be the slug in the address of the team's page, and a secret team is seen by its members and by owners only`,
  }));
}

/** By hand: a schema takes several times as long, and there is one for each member. */
function toPerson(value: unknown, where: () => string): Person {
  if (isRecord(value)) {
    const { id, login } = value;
    const isId = typeof id === 'number' && Number.isSafeInteger(id) && id > 0;
    if (isId && typeof login === 'string' && login !== '' && login.length <= 100) return { id, login };
  }
  throw new Failure('directory', `${where()} of the list of members has no id and login; nothing was changed`, {
    hint: "is spec.directory.github.apiURL the address of GitHub's API?",
  });
}

const keySchema = z.object({ key: z.string() });

async function readKeys(
  people: readonly Person[],
  options: { ask: Ask; secret: Secret; keysSeen: SeenKeys; clock: Surroundings['clock']; signal: AbortSignal },
): Promise<Map<number, readonly string[]>> {
  const { keysSeen, clock, signal } = options;
  const entries = await pMap(
    people,
    async ({ id, login }) => {
      const key = `${id} ${login}`;
      const seen = keysSeen.get(key);
      const isFresh = seen !== undefined && clock.monotonic() - seen.atMs < keysFreshMs;
      const keys = isFresh ? seen.keys : await keysOf(login, options);
      if (!isFresh) keysSeen.set(key, { keys, atMs: clock.monotonic() });
      return [id, keys] as const;
    },
    { concurrency: keyRequests, signal },
  );
  return new Map(entries);
}

/** None, where the user is gone or renamed since the list was read: the next run finds who they are. */
async function keysOf(login: string, { ask, secret }: { ask: Ask; secret: Secret }): Promise<string[]> {
  const asking = { credential: secret, what: `the SSH keys of ${login}`, notFound: 'run again' };
  try {
    return await readPages(
      ask,
      { route: 'GET /users/{username}/keys', parameters: { username: login, per_page: pageSize } },
      asking,
      (value, where) => {
        const result = keySchema.safeParse(value);
        if (result.success) return result.data.key;
        throw new Failure('directory', `${where()} of ${asking.what} has no key; nothing was changed`);
      },
    );
  } catch (error) {
    if (error instanceof Failure && error.status === 404) return [];
    throw error;
  }
}
