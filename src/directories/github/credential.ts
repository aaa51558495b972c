/**
 * What the directory is read with, and the proof that it sees everyone. Who is no member of an organization is shown its
 * public members only, with status 200: so the proof comes first.
 *
 * - A token: its user is an active member of the organization, and a classic token has a scope for organizations.
 * - A GitHub App: its installation is in that organization, not suspended, and may read members.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import * as z from 'zod';
import { printable } from '../../core/model.ts';
import type { Clock } from '../../lib/clock.ts';
import { Failure } from '../../lib/failure.ts';
import { Secret } from '../../lib/secret.ts';
import type { Ask } from './api.ts';

export type GithubCredential =
  | { readonly token: Secret }
  | { readonly app: { readonly id: string; readonly installation: string; readonly privateKey: Secret } };

/** A credential that sees every member of the organization. */
export interface ProvenCredential {
  readonly secret: Secret;
  /** The token's own user, who must then be in the list of all members; an App has none. */
  readonly ownId: number | undefined;
}

/** The same, with the key read: a key that is none is found before anything is asked. */
export type ReadCredential =
  | { readonly token: Secret }
  | { readonly app: { readonly id: string; readonly installation: string; readonly key: KeyObject } };

/** @throws Failure (usage) for a private key that can't be read, without a word of it */
export function readCredential(credential: GithubCredential): ReadCredential {
  if ('token' in credential) {
    if (/^[\x21-\x7e]+$/.test(credential.token.reveal())) return credential;
    throw new Failure('usage', 'what spec.directory.github.token names is not a token: it holds white space', {
      hint: 'it is one line, such as github_pat_… or ghp_…',
    });
  }
  const { id, installation, privateKey } = credential.app;
  try {
    return { app: { id, installation, key: createPrivateKey(privateKey.reveal()) } };
  } catch {
    throw new Failure(
      'usage',
      'what spec.directory.github.app.privateKey names is not a private key in PEM without a password',
      {
        hint: "GitHub offers it for download when you make it, on the App's page: it begins with -----BEGIN RSA PRIVATE KEY-----",
      },
    );
  }
}

interface ProveOptions {
  readonly ask: Ask;
  readonly organization: string;
  readonly clock: Clock;
  /** Told of each secret that was made on the way. */
  readonly onSecret: (secret: Secret) => void;
}

/** @throws Failure (directory) where it isn't proved */
export async function prove(credential: ReadCredential, options: ProveOptions): Promise<ProvenCredential> {
  return 'token' in credential ? proveToken(credential.token, options) : proveApp(credential.app, options);
}

const membershipSchema = z.object({
  state: z.string(),
  user: z.object({ id: z.int().positive() }),
  organization: z.object({ login: z.string() }),
});

/** Scopes of a classic token that show concealed members. */
const organizationScopes = ['read:org', 'write:org', 'admin:org'];

async function proveToken(token: Secret, { ask, organization }: ProveOptions): Promise<ProvenCredential> {
  const { document, header } = await ask(
    { route: 'GET /user/memberships/orgs/{org}', parameters: { org: organization } },
    {
      credential: token,
      what: `whether the token's user is a member of ${organization}`,
      notFound: `only a member of ${organization} is shown all its members, public and concealed: use a token of a member, and check spec.directory.github.organization`,
    },
  );
  const { state, user, organization: found } = checked(membershipSchema, document, 'the membership');
  requireSame(found.login, organization);
  if (state !== 'active')
    throw unproved(
      `the token's user has not accepted the invitation to ${organization} yet`,
      'accept it on GitHub, or use a token of another member',
    );
  const scopes = header('x-oauth-scopes')
    ?.split(',')
    .map((scope) => scope.trim());
  if (scopes !== undefined && !scopes.some((scope) => organizationScopes.includes(scope)))
    throw unproved('the token has no scope for organizations', 'give it the scope read:org');
  return { secret: token, ownId: user.id };
}

const installationSchema = z.object({
  account: z.object({ login: z.string() }),
  permissions: z.object({ members: z.string().optional() }),
  suspended_at: z.string().nullish(),
});
const accessTokenSchema = z.object({
  token: z.string().min(1),
  permissions: z.object({ members: z.string().optional() }),
});

async function proveApp(
  { id, installation, key }: Extract<ReadCredential, { app: unknown }>['app'],
  { ask, organization, clock, onSecret }: ProveOptions,
): Promise<ProvenCredential> {
  const nowSeconds = Math.floor(clock.now() / 1_000);
  // GitHub takes 10 minutes at most, and none that begins in its future.
  const jwt = await new SignJWT()
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(id)
    .setIssuedAt(nowSeconds - 60)
    .setExpirationTime(nowSeconds + 480)
    .sign(key);
  const asApp = new Secret(jwt);
  onSecret(asApp);
  const what = `the installation ${installation} of the App`;
  const notFound = `check spec.directory.github.app: is the App ${id} installed in ${organization} with this installation id?`;
  const parameters = { installation_id: installation };
  const found = await ask(
    { route: 'GET /app/installations/{installation_id}', parameters },
    { credential: asApp, what, notFound },
  );
  const { account, permissions, suspended_at } = checked(installationSchema, found.document, 'the installation');
  requireSame(account.login, organization);
  if (suspended_at !== undefined && suspended_at !== null)
    throw unproved(`${what} is suspended`, `an owner of ${organization} can take it up again in its settings`);
  requireMembers(permissions.members);
  const given = await ask(
    { route: 'POST /app/installations/{installation_id}/access_tokens', parameters },
    { credential: asApp, what, notFound, body: { permissions: { members: 'read' } } },
  );
  const { token, permissions: granted } = checked(accessTokenSchema, given.document, 'the token of the installation');
  const secret = new Secret(token);
  onSecret(secret);
  requireMembers(granted.members);
  return { secret, ownId: undefined };
}

function requireMembers(permission: string | undefined): void {
  if (permission === 'read' || permission === 'write') return;
  throw unproved(
    "the App may not read the organization's members",
    'give it the organization permission Members: read, and let an owner accept it',
  );
}

/** GitHub compares names without their case. */
function requireSame(found: string, organization: string): void {
  if (found.toLowerCase() === organization.toLowerCase()) return;
  throw unproved(
    `the credential belongs to ${printable(found)}, and the organization is ${organization}`,
    'check spec.directory.github',
  );
}

function unproved(why: string, hint: string): Failure {
  return new Failure('directory', `${why}, so that GitHub may leave members out without a word; nothing was changed`, {
    hint,
  });
}

function checked<T>(schema: z.ZodType<T>, document: unknown, what: string): T {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  throw new Failure(
    'directory',
    `${what} that GitHub answered with has another shape${where === '' ? '' : `, at ${where}`}; nothing was changed`,
    {
      hint: "is spec.directory.github.apiURL the address of GitHub's API?",
    },
  );
}
