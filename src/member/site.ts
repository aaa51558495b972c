/** The club's site as a member uses it: log in, stay logged in, take one's own token. */
import * as z from 'zod/mini';
import type { HttpAnswer } from '../http/answer.ts';
import { exchange, redirectOf } from '../http/exchange.ts';
import { type ErrorKind, Failure } from '../lib/failure.ts';
import { isRecord } from '../lib/json.ts';
import { Secret } from '../lib/secret.ts';
import { version } from '../lib/version.ts';
import { messageOf } from '../poolc/api.ts';
import type { MemberEnvironment } from './environment.ts';

export interface Site {
  /** How it is called in messages. */
  readonly peer: string;
  /** The site's JWT for a login id and a password. @throws Failure (login) when the site refuses, (site) otherwise */
  logIn(loginId: string, password: Secret): Promise<Secret>;
  /** A JWT that lasts longer, for one that is still good; undefined when the site gives none. @throws Failure (site) */
  renew(accessToken: Secret): Promise<Secret | undefined>;
  /** @throws Failure (site) when the site does not answer as described */
  ownToken(accessToken: Secret): Promise<OwnToken>;
}

export type OwnToken =
  | { readonly kind: 'token'; readonly token: Secret; readonly siteTime: number | undefined }
  /** 401: the JWT has expired, or its account is gone. */
  | { readonly kind: 'not logged in' }
  /** 404: the login is good, but nothing is stored for this member. */
  | { readonly kind: 'no token' };

const longestAnswer = 1024 * 1024;
const accessTokenSchema = z.object({ accessToken: z.string() });
const ownTokenSchema = z.object({ key: z.string() });

export function openSite(
  endpoint: URL,
  { env, signal }: Pick<MemberEnvironment, 'env' | 'signal'>,
  timeoutMs: number,
): Site {
  const peer = `PoolC (${endpoint.host})`;

  async function ask(
    method: 'GET' | 'POST',
    path: string,
    sent: { readonly content?: object; readonly accessToken?: Secret },
  ): Promise<HttpAnswer> {
    const body = sent.content === undefined ? undefined : Buffer.from(JSON.stringify(sent.content));
    return exchange({
      method,
      url: new URL(`${endpoint.origin}${endpoint.pathname.replace(/\/+$/, '')}${path}`),
      headers: {
        accept: 'application/json',
        'user-agent': `credentials-updater/${version}`,
        ...(sent.accessToken === undefined ? {} : { authorization: `Bearer ${sent.accessToken.reveal()}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: { length: body.length, chunks: () => [body] } }),
      timeoutMs,
      longestAnswer,
      signal,
      proxyEnv: env,
      kind: 'site',
      peer,
      addressHint: `is this computer online, and is ${endpoint.href} still the address of the PoolC API?`,
    });
  }

  /** What any request may be answered with, whatever it asked for. */
  function refusal(kind: ErrorKind, what: string, answer: HttpAnswer): Failure {
    const { status } = answer;
    const to = redirectOf(answer);
    if (to !== undefined) {
      return new Failure(kind, `${peer} sends ${what} on to ${to}; it is not followed, since secrets would go along`, {
        status,
        hint: 'log in at the address that answers itself: credentials-updater login --cluster https://…',
      });
    }
    const said = messageOf(answer.body);
    return new Failure(kind, `${peer} answered ${what} with ${status}${said === undefined ? '' : `: ${said}`}`, {
      status,
      hint:
        status === 429
          ? 'too many requests from this network: try again in a minute'
          : status >= 500
            ? 'the site is in trouble: try again later, and tell the operators if it stays so'
            : `is ${endpoint.href} the address of the PoolC API?`,
    });
  }

  function parsed<T>(schema: z.ZodMiniType<T>, what: string, { body }: HttpAnswer): T {
    const content = schema.safeParse(parseJson(body));
    if (content.success) return content.data;
    throw new Failure('site', `${peer} answered ${what} with something that is not PoolC's JSON`, {
      hint: `is ${endpoint.href} the address of the PoolC API?`,
    });
  }

  return {
    peer,

    async logIn(loginId, password) {
      const answer = await ask('POST', '/login', { content: { loginID: loginId, password: password.reveal() } });
      if (answer.status === 200) return new Secret(parsed(accessTokenSchema, 'the login', answer).accessToken);
      if (answer.status === 400 || answer.status === 401) {
        throw new Failure('login', `${peer} refused the login id or the password`, {
          status: answer.status,
          hint: "log in on the club's site in a browser with the same two; after leaving the club an account may be gone",
        });
      }
      if (answer.status === 403) {
        const said = messageOf(answer.body);
        throw new Failure('login', `${peer} does not let this account log in${said === undefined ? '' : `: ${said}`}`, {
          status: answer.status,
          hint: "a new account waits for an operator's approval; ask the operators",
        });
      }
      throw refusal('site', 'the login', answer);
    },

    async renew(accessToken) {
      const answer = await ask('POST', '/login/token', { accessToken });
      if (answer.status === 401 || answer.status === 403) return undefined;
      if (answer.status !== 200) throw refusal('site', 'the renewal of the login', answer);
      return new Secret(parsed(accessTokenSchema, 'the renewal of the login', answer).accessToken);
    },

    async ownToken(accessToken) {
      const answer = await ask('GET', '/kubernetes/me', { accessToken });
      if (answer.status === 401) return { kind: 'not logged in' };
      // Any other path that isn't there is answered so too, but by then the login at this very address has worked.
      if (answer.status === 404) return { kind: 'no token' };
      if (answer.status !== 200) throw refusal('site', 'the request for your token', answer);
      const { key } = parsed(ownTokenSchema, 'the request for your token', answer);
      const date = Date.parse(answer.header('date') ?? '');
      return { kind: 'token', token: new Secret(key), siteTime: Number.isNaN(date) ? undefined : date };
    },
  };
}

/** When a JWT was issued and when it expires, in milliseconds since the epoch; undefined when it doesn't say. */
export function lifetimeOf(jwt: Secret): { readonly issuedAt: number; readonly expiresAt: number } | undefined {
  const payload = parseJson(Buffer.from(jwt.reveal().split('.')[1] ?? '', 'base64url'));
  if (!isRecord(payload)) return undefined;
  const { iat, exp } = payload;
  if (typeof iat !== 'number' || typeof exp !== 'number') return undefined;
  return { issuedAt: iat * 1_000, expiresAt: exp * 1_000 };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
