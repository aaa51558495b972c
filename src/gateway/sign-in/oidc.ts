/**
 * Log in at an OpenID Connect provider (Keycloak, Dex, Google and others): the authorization code flow with PKCE.
 *
 * - Issuer, audience, nonce, algorithm and clock of the ID token are checked, its signature against the provider's keys,
 *   and that the member typed a password (or the like) within the last 5 minutes.
 * - A claim that never changes, `sub` unless the settings say otherwise, is the member's id. A name or an e-mail address
 *   never is: a provider lets people change those, and the next person could take another's account. Where the settings say
 *   so the claim is a login, and the first one to log in with it is remembered (matched-account.ts).
 */
import * as client from 'openid-client';
import * as z from 'zod';
import { type MemberId, parseMemberId } from '../../core/member-id.ts';
import { exchange } from '../../http/exchange.ts';
import type { ProxyVariables } from '../../http/proxy.ts';
import { Failure } from '../../lib/failure.ts';
import type { Secret } from '../../lib/secret.ts';
import { version } from '../../lib/version.ts';

export interface OidcSettings {
  readonly issuer: URL;
  readonly clientId: string;
  /** undefined for a public client, which PKCE alone protects. */
  readonly clientSecret: Secret | undefined;
  /** What the claim holds. */
  readonly match: 'id' | 'login';
  /** The claim that holds what the directory calls the member by. */
  readonly claim: string;
  /** What the member id begins with, before the claim's value: `ldap:ldap.example.org:`. Empty for a UUID of PoolC's. */
  readonly idPrefix: string;
  readonly scope: string;
  /** Where the provider sends the member back to. */
  readonly redirectUri: string;
}

export interface OidcNetwork {
  readonly proxyEnv: ProxyVariables;
  readonly extraAuthorities: readonly string[];
  readonly signal: AbortSignal;
}

/** What must come back with the member, sealed into a cookie meanwhile. */
export const startedSchema = z.object({ state: z.string(), nonce: z.string(), verifier: z.string() });
export type StartedLogin = z.infer<typeof startedSchema>;

export interface OidcIdentity {
  /** Who they are to the directory: by an id that never changes, or by a login. */
  readonly member: { readonly id: MemberId } | { readonly login: string };
  readonly issuer: string;
  readonly subject: string;
}

export interface OidcSignIn {
  start(): Promise<{ readonly url: URL; readonly started: StartedLogin }>;
  /** @param url as the browser asked for it. @throws Failure (login) with a reason for the member; (site) for the provider */
  finish(url: URL, started: StartedLogin): Promise<OidcIdentity>;
}

/** How long ago the member may have logged in at the provider, in seconds. */
const longestSinceLogin = 300;
const timeoutSeconds = 10;
const longestAnswer = 1024 * 1024;
/** The provider's clock may differ by this much. */
const clockTolerance = 30;

/** The provider is asked for its metadata when the first member logs in: one that is away does not keep a gateway down. */
export function openOidc(settings: OidcSettings, network: OidcNetwork): OidcSignIn {
  let discovered: Promise<client.Configuration> | undefined;
  const configuration = (): Promise<client.Configuration> => {
    discovered ??= discover(settings, network).catch((error: unknown) => {
      discovered = undefined;
      throw error;
    });
    return discovered;
  };
  return {
    start: async () => {
      const config = await configuration();
      const started = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      };
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: settings.redirectUri,
        scope: settings.scope,
        state: started.state,
        nonce: started.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(started.verifier),
        code_challenge_method: 'S256',
        max_age: String(longestSinceLogin),
      });
      return { url, started };
    },
    finish: async (url, { state, nonce, verifier }) => {
      const config = await configuration();
      try {
        const tokens = await client.authorizationCodeGrant(config, url, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          maxAge: longestSinceLogin,
          idTokenExpected: true,
        });
        return identityOf(tokens.claims(), settings);
      } catch (error) {
        throw loginFailure(error, settings);
      }
    },
  };
}

async function discover(settings: OidcSettings, network: OidcNetwork): Promise<client.Configuration> {
  const { issuer, clientId, clientSecret } = settings;
  try {
    return await client.discovery(
      issuer,
      clientId,
      { [client.clockTolerance]: clockTolerance },
      clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret.reveal()),
      {
        [client.customFetch]: fetchBy(settings, network),
        timeout: timeoutSeconds,
        // An answer over TLS would do for the specification; the signature is checked all the same.
        execute: [client.enableNonRepudiationChecks],
      },
    );
  } catch (error) {
    throw loginFailure(error, settings);
  }
}

/** openid-client's requests, over the program's own HTTP: proxies, authorities, bounds. */
function fetchBy({ issuer }: OidcSettings, { proxyEnv, extraAuthorities, signal }: OidcNetwork): client.CustomFetch {
  return async (url, { method, headers, body }) => {
    const content = body === undefined || body === null ? undefined : Buffer.from(asText(body));
    const answer = await exchange({
      method: method === 'POST' ? 'POST' : 'GET',
      url: new URL(url),
      headers: { ...headers, 'user-agent': `credentials-updater/${version}` },
      ...(content === undefined ? {} : { body: { length: content.length, chunks: () => [content] } }),
      timeoutMs: timeoutSeconds * 1_000,
      longestAnswer,
      signal,
      proxyEnv,
      extraAuthorities,
      kind: 'site',
      peer: peerOf(issuer),
      addressHint: 'is the issuer of the settings the address of an OpenID Connect provider?',
    });
    const contentType = answer.header('content-type');
    return new Response(answer.status === 204 ? null : new Uint8Array(answer.body), {
      status: answer.status,
      headers: contentType === undefined ? {} : { 'content-type': contentType },
    });
  };
}

function asText(body: unknown): string {
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new Error('openid-client sent a body of another kind than a form');
}

function identityOf(claims: client.IDToken | undefined, { match, claim, idPrefix }: OidcSettings): OidcIdentity {
  if (claims === undefined) throw new Failure('login', 'the provider sent no ID token');
  const value = claims[claim];
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
  if (text === undefined || text === '') {
    throw new Failure('login', `the provider says nothing in the claim ${claim}`, {
      hint: 'the operators set which claim the provider puts into its ID token',
    });
  }
  const { iss: issuer, sub: subject } = claims;
  if (match === 'login') return { member: { login: text }, issuer, subject };
  const id = parseMemberId(`${idPrefix}${text}`);
  if (id === undefined) {
    throw new Failure('login', `what the provider says in the claim ${claim} is not a member id`, {
      hint: 'the operators set how the claim and the directory fit together',
    });
  }
  return { member: { id }, issuer, subject };
}

/** In words; nothing of the provider's answer goes along, which may hold a code or a token. */
function loginFailure(error: unknown, { issuer }: OidcSettings): Failure {
  const cause = error instanceof Error ? error.cause : undefined;
  for (const one of [error, cause]) if (one instanceof Failure) return one;
  if (error instanceof client.AuthorizationResponseError) {
    return new Failure('login', `${peerOf(issuer)} did not log you in (${oauthCode(error.error)})`, {
      hint: 'try again; if it stays so, ask the operators',
    });
  }
  if (error instanceof client.ResponseBodyError) {
    return new Failure('site', `${peerOf(issuer)} refused this gateway's request (${oauthCode(error.error)})`, {
      hint: 'the operators compare client id, client secret and redirect address with those at the provider',
    });
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return new Failure('login', `the answer of ${peerOf(issuer)} could not be accepted (${oauthCode(code)})`, {
    hint: 'log in again; if it stays so, the operators compare the clocks and the issuer',
  });
}

/** A code of OAuth's registry, and nothing else that a provider might write there. */
function oauthCode(text: string): string {
  return /^[A-Za-z0-9_]{1,64}$/.test(text) ? text : 'unknown error';
}

function peerOf(issuer: URL): string {
  return `the login provider (${issuer.host})`;
}
