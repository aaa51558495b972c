/** The club's site as a member uses it: log in, stay logged in, take one's own token. */
import * as z from 'zod/mini';
import type { HttpAnswer } from '../http/answer.ts';
import { exchange, redirectOf } from '../http/exchange.ts';
import { type ErrorKind, Failure } from '../lib/failure.ts';
import { isRecord } from '../lib/json.ts';
import type { Message } from '../lib/message.ts';
import { loginMessages } from '../lib/messages/member-login.ts';
import { siteMessages as messages } from '../lib/messages/member-site.ts';
import { Secret } from '../lib/secret.ts';
import { version } from '../lib/version.ts';
import { messageOf } from '../poolc/api.ts';
import type { MemberEnvironment } from './environment.ts';
import { ownCommand } from './own-command.ts';

export interface Site {
  /** How it is called in messages. */
  readonly peer: Message;
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
  environment: Pick<MemberEnvironment, 'env' | 'signal' | 'platform' | 'program'>,
  timeoutMs: number,
): Site {
  const { env, signal } = environment;
  const peer = loginMessages.site({ host: endpoint.host });

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
      addressHint: messages.isSiteStillThere({ address: endpoint.href }),
    });
  }

  /** What any request may be answered with, whatever it asked for. */
  function refusal(kind: ErrorKind, what: Message, answer: HttpAnswer): Failure {
    const { status } = answer;
    const to = redirectOf(answer);
    if (to !== undefined) {
      return new Failure(kind, messages.sendsOn({ site: peer, what, to }), {
        status,
        hint: messages.logInWhereItAnswers({ command: `${ownCommand(environment, 'login', '--cluster')} https://…` }),
      });
    }
    const said = messageOf(answer.body);
    return new Failure(kind, messages.answered({ site: peer, what, status, said }), {
      status,
      hint:
        status === 429
          ? messages.tooManyRequests()
          : status >= 500
            ? messages.siteInTrouble()
            : messages.isThisPoolc({ address: endpoint.href }),
    });
  }

  function parsed<T>(schema: z.ZodMiniType<T>, what: Message, { body }: HttpAnswer): T {
    const content = schema.safeParse(parseJson(body));
    if (content.success) return content.data;
    throw new Failure('site', messages.notPoolcJson({ site: peer, what }), {
      hint: messages.isThisPoolc({ address: endpoint.href }),
    });
  }

  return {
    peer,

    async logIn(loginId, password) {
      const answer = await ask('POST', '/login', { content: { loginID: loginId, password: password.reveal() } });
      if (answer.status === 200) return new Secret(parsed(accessTokenSchema, messages.whatLogin(), answer).accessToken);
      if (answer.status === 400 || answer.status === 401) {
        throw new Failure('login', messages.wrongPassword({ site: peer }), {
          status: answer.status,
          hint: messages.tryInBrowser(),
        });
      }
      if (answer.status === 403) {
        const said = messageOf(answer.body);
        throw new Failure('login', messages.loginNotAllowed({ site: peer, said }), {
          status: answer.status,
          hint: messages.waitForApproval(),
        });
      }
      throw refusal('site', messages.whatLogin(), answer);
    },

    async renew(accessToken) {
      const answer = await ask('POST', '/login/token', { accessToken });
      if (answer.status === 401 || answer.status === 403) return undefined;
      if (answer.status !== 200) throw refusal('site', messages.whatRenewal(), answer);
      return new Secret(parsed(accessTokenSchema, messages.whatRenewal(), answer).accessToken);
    },

    async ownToken(accessToken) {
      const answer = await ask('GET', '/kubernetes/me', { accessToken });
      if (answer.status === 401) return { kind: 'not logged in' };
      // Any other path that isn't there is answered so too, but by then the login at this very address has worked.
      if (answer.status === 404) return { kind: 'no token' };
      if (answer.status !== 200) throw refusal('site', messages.whatToken(), answer);
      const { key } = parsed(ownTokenSchema, messages.whatToken(), answer);
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
