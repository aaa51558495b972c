/**
 * The logins of this computer: for each cluster one file, which only its owner may read, with the site that the tokens
 * come from and the site's JWT. A password is never in it.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../lib/failure.ts';
import { loginMessages } from '../lib/messages/member-login.ts';
import { knownMessages as messages } from '../lib/messages/member-token.ts';
import { removeLeftovers, writePrivateFile } from '../lib/private-file.ts';
import { Secret } from '../lib/secret.ts';
import type { MemberEnvironment } from './environment.ts';
import { ownCommand } from './own-command.ts';

/** A cluster that was logged in to, now or before. */
export interface KnownCluster {
  /** What it is called on this computer. */
  readonly name: string;
  /** The address of the club's site, before /kubernetes/. */
  readonly site: URL;
  /** undefined after a logout. */
  readonly login: Login | undefined;
  /** What the operators say to somebody who can't reach the cluster; undefined where they say nothing. */
  readonly whenUnreachable?: string | undefined;
}

export interface Login {
  /** Tells one login from the next, so that what was fetched with another login is not taken for this one's. */
  readonly id: string;
  /** The login id of the club's site; undefined when an access token was given instead. */
  readonly loginId: string | undefined;
  /** The site's JWT. */
  readonly accessToken: Secret;
}

/** What a command to copy is made from. */
type Commanded = Pick<MemberEnvironment, 'env' | 'platform' | 'program'>;

export type LoggedInCluster = KnownCluster & { readonly login: Login };

const fileSchema = z.object({
  version: z.literal(1),
  site: z.url(),
  whenUnreachable: z.optional(z.string()),
  login: z.optional(z.object({ id: z.string(), loginId: z.optional(z.string()), accessToken: z.string() })),
});

/** Names become names of files, and kubectl's. */
export function checkClusterName(name: string, origin: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new Failure('usage', loginMessages.badClusterName({ given: `${origin}=${JSON.stringify(name)}` }), {
    hint: loginMessages.goodClusterName(),
  });
}

/** A file of a login, or undefined where there is none. @throws Failure (usage) that names it */
export async function readLoginFile(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Failure('usage', messages.loginUnreadable({ file, code }), { cause: error });
  }
}

/** What is known of a cluster; undefined when there never was a login to it. @throws Failure (usage) */
export async function readKnownCluster(
  environment: Commanded,
  folder: string,
  name: string,
): Promise<KnownCluster | undefined> {
  const file = fileOf(folder, name);
  const text = await readLoginFile(file);
  if (text === undefined) return undefined;
  const content = fileSchema.safeParse(parseJson(text));
  if (!content.success) {
    throw new Failure('usage', messages.notOurLogin({ file }), {
      hint: messages.deleteAndLogIn({ command: `${ownCommand(environment, 'login', '--cluster')} …` }),
    });
  }
  const { site, login, whenUnreachable } = content.data;
  return {
    name,
    site: new URL(site),
    whenUnreachable,
    login:
      login === undefined
        ? undefined
        : { id: login.id, loginId: login.loginId, accessToken: new Secret(login.accessToken) },
  };
}

/** @throws Failure (usage) that names the file */
export async function writeKnownCluster(
  folder: string,
  { name, site, login, whenUnreachable }: KnownCluster,
): Promise<void> {
  const content: z.infer<typeof fileSchema> = {
    version: 1,
    site: site.href,
    ...(whenUnreachable === undefined ? {} : { whenUnreachable }),
    ...(login === undefined
      ? {}
      : {
          login: {
            id: login.id,
            ...(login.loginId === undefined ? {} : { loginId: login.loginId }),
            accessToken: login.accessToken.reveal(),
          },
        }),
  };
  await writePrivateFile(fileOf(folder, name), `${JSON.stringify(content, undefined, 2)}\n`);
}

/** Keeps the site, so that logging in again is short; also removes what a killed process left half-way. */
export async function forgetLogin(folder: string, cluster: KnownCluster): Promise<void> {
  await writeKnownCluster(folder, { ...cluster, login: undefined });
  await removeLeftovers(fileOf(folder, cluster.name));
}

/** As if there never had been a login: this computer is a device of a gateway now. */
export async function forgetKnownCluster(folder: string, name: string): Promise<void> {
  await rm(fileOf(folder, name), { force: true });
  await removeLeftovers(fileOf(folder, name));
}

export function newLogin(loginId: string | undefined, accessToken: Secret): Login {
  return { id: randomUUID(), loginId, accessToken };
}

/**
 * Puts a renewed JWT in the place of the one that is stored, where that is still of the same login: who has logged out
 * or in as somebody else meanwhile stays so.
 */
export async function renewLogin(
  environment: Commanded,
  folder: string,
  { cluster, accessToken }: { cluster: LoggedInCluster; accessToken: Secret },
): Promise<void> {
  const stored = await readKnownCluster(environment, folder, cluster.name);
  if (stored?.login?.id !== cluster.login.id) return;
  await writeKnownCluster(folder, { ...stored, login: { ...stored.login, accessToken } });
}

/** The cluster of this name; without one, the only one there is. @throws Failure (login, usage) */
export async function chooseCluster(
  environment: Commanded,
  folder: string,
  name: string | undefined,
): Promise<KnownCluster> {
  if (name !== undefined) {
    const known = await readKnownCluster(environment, folder, checkClusterName(name, '--name'));
    if (known === undefined) throw neverLoggedIn(environment, name);
    return known;
  }
  const names = await knownNames(folder);
  const [only] = names;
  if (only === undefined) throw neverLoggedIn(environment);
  if (names.length > 1) throw new Failure('usage', messages.whichCluster({ names }), { hint: messages.sayWhich() });
  return chooseCluster(environment, folder, only);
}

export function isLoggedIn(cluster: KnownCluster): cluster is LoggedInCluster {
  return cluster.login !== undefined;
}

/** Of every cluster that was logged in to, sorted. */
export async function knownNames(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => []);
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => path.basename(file, '.json'))
    .sort();
}

function neverLoggedIn(environment: Commanded, cluster?: string): Failure {
  return new Failure('login', messages.neverLoggedIn({ cluster }), {
    hint: messages.runSiteCommand({ command: `${ownCommand(environment, 'login', '--cluster')} https://…` }),
  });
}

function fileOf(folder: string, name: string): string {
  return path.join(folder, `${name}.json`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
