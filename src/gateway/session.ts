/**
 * What a browser keeps: a login that is under way, and a session after it. Both are sealed; a cookie whose name begins
 * with __Host- is set by this host alone, over HTTPS, for all of its paths.
 *
 * A session is made anew at each login, so a cookie that somebody planted before is worth nothing, and it is checked
 * against the account at each request. Forms carry a token that is in the session and nowhere else.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import * as z from 'zod';
import type { OwnedAccount } from '../core/model.ts';
import type { GatewayContext } from './context.ts';
import { requireAccount } from './member-account.ts';
import { Refused } from './refusal.ts';
import { openSealed, type Sealed, type SealingKeys } from './sealed.ts';
import { type StartedLogin, startedSchema } from './sign-in/oidc.ts';

const sessionCookie = '__Host-session';
const loginCookie = '__Host-login';
const sessionSeconds = 30 * 60;
/** How long somebody may take at the provider. */
const loginSeconds = 10 * 60;
const noticeCookie = '__Host-notice';
/** From the answer to a form to the page that the browser then asks for. */
const noticeSeconds = 60;

const sessionSchema = z.object({ account: z.object({ name: z.string(), uid: z.string() }), csrf: z.string() });
const noticeSchema = z.object({ account: z.string(), kind: z.enum(['removed', 'connected']), device: z.string() });
const loginSchema = z.object({ started: startedSchema, pending: z.string().optional() });

export interface Session {
  readonly account: OwnedAccount;
  /** What each form of this session carries. */
  readonly csrf: string;
}

/** What a form has done, for the page after it. `device` is what its owner called it. */
export type Notice = Pick<z.infer<typeof noticeSchema>, 'kind' | 'device'>;

export interface Sessions {
  begin(c: Context, account: Pick<OwnedAccount, 'name' | 'uid'>): Promise<void>;
  end(c: Context): void;
  /** undefined without one, or when it is over. @throws Refused (account_gone) */
  current(c: Context, signal: AbortSignal): Promise<Session | undefined>;
  beginLogin(
    c: Context,
    login: { readonly started: StartedLogin; readonly pending: string | undefined },
  ): Promise<void>;
  /** The login that is under way in this browser, once. */
  takeLogin(c: Context): Promise<{ readonly started: StartedLogin; readonly pending: string | undefined } | undefined>;
  /** So that a form is answered with a redirect, and a page that is loaded again sends nothing again. */
  tell(c: Context, session: Session, notice: Notice): Promise<void>;
  /** Once, and to the session that it is of. */
  takeNotice(c: Context, session: Session): Promise<Notice | undefined>;
}

export function openSessions(context: GatewayContext, keys: SealingKeys): Sessions {
  const { clock } = context;
  const sessions = openSealed(keys, 'session');
  const logins = openSealed(keys, 'login');
  const notices = openSealed(keys, 'notice');
  const put = async (c: Context, name: string, sealed: Sealed, content: Record<string, unknown>, seconds: number) => {
    // Lax: the provider sends the browser back here, and a link from a terminal opens with the session.
    setCookie(c, name, await sealed.seal(content, seconds, clock.now()), {
      path: '/',
      secure: true,
      httpOnly: true,
      sameSite: 'Lax',
      maxAge: seconds,
    });
  };
  const remove = (c: Context, name: string) => void deleteCookie(c, name, { path: '/', secure: true });
  return {
    begin: async (c, { name, uid }) => {
      const csrf = randomBytes(18).toString('base64url');
      await put(c, sessionCookie, sessions, { account: { name, uid }, csrf }, sessionSeconds);
    },
    end: (c) => {
      remove(c, sessionCookie);
    },
    current: async (c, signal) => {
      const sealed = getCookie(c, sessionCookie);
      if (sealed === undefined) return undefined;
      const content = sessionSchema.safeParse(await sessions.open(sealed, clock.now())).data;
      if (content === undefined) return undefined;
      return { account: await requireAccount(context, content.account, signal), csrf: content.csrf };
    },
    beginLogin: async (c, { started, pending }) => {
      await put(c, loginCookie, logins, { started, ...(pending === undefined ? {} : { pending }) }, loginSeconds);
    },
    takeLogin: async (c) => {
      const sealed = getCookie(c, loginCookie);
      remove(c, loginCookie);
      if (sealed === undefined) return undefined;
      const content = loginSchema.safeParse(await logins.open(sealed, clock.now())).data;
      return content === undefined ? undefined : { started: content.started, pending: content.pending };
    },
    tell: async (c, { account }, notice) => {
      await put(c, noticeCookie, notices, { account: account.uid, ...notice }, noticeSeconds);
    },
    takeNotice: async (c, { account }) => {
      const sealed = getCookie(c, noticeCookie);
      if (sealed === undefined) return undefined;
      remove(c, noticeCookie);
      const content = noticeSchema.safeParse(await notices.open(sealed, clock.now())).data;
      return content?.account === account.uid ? content : undefined;
    },
  };
}

/** @throws Refused (not_logged_in) for a form that no page of this session has shown */
export function requireCsrf({ csrf }: Session, given: unknown): void {
  const [expected, actual] = [Buffer.from(csrf), Buffer.from(typeof given === 'string' ? given : '')];
  if (expected.length === actual.length && timingSafeEqual(expected, actual)) return;
  throw new Refused('not_logged_in', 'this form is not of this login');
}
