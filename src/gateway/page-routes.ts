/** The routes of the pages: log in, my devices, connect a device. */
import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { deleteDevice, devicesOf, devicesPerAccount, readDevice } from '../registry/devices.ts';
import type { GatewayContext } from './context.ts';
import { confirmEnrolment, readPending } from './enrol.ts';
import type { Limiter } from './limits.ts';
import type { AccountsById } from './member-account.ts';
import { acceptedLanguage, chosenLanguage } from './page/language.ts';
import type { Markup, PageContext } from './page/layout.ts';
import { confirmPage, devicesPage, loginPage, problemPage, shownName } from './page/pages.ts';
import { texts } from './page/texts.ts';
import { type KubeconfigCluster, kubeconfigFileName, pageKubeconfig } from './page-kubeconfig.ts';
import { Refused } from './refusal.ts';
import type { Sealed } from './sealed.ts';
import { type Notice, requireCsrf, type Session, type Sessions } from './session.ts';
import { matchedAccount } from './sign-in/matched-account.ts';
import type { OidcSignIn } from './sign-in/oidc.ts';

export interface PageRoutes {
  readonly sessions: Sessions;
  readonly pendingEnrolments: Sealed;
  readonly accounts: AccountsById;
  readonly oidc: OidcSignIn;
  readonly limits: {
    /** By address: each asks the provider something. */
    readonly logins: Limiter;
    /** By account: each is a guess at a code. */
    readonly codes: Limiter;
    /** By account. */
    readonly kubeconfigs: Limiter;
  };
  readonly addressOf: (c: Context) => string;
}

export function pageRoutes(context: GatewayContext, cluster: KubeconfigCluster, routes: PageRoutes): Hono {
  const { client, namespace, clock, metrics, log } = context;
  const { sessions, pendingEnrolments, accounts, oidc, limits, addressOf } = routes;
  const app = new Hono();
  const pageOf = (c: Context): PageContext => pageContext(c, context, cluster);
  const sayIn = (c: Context) => texts[pageOf(c).language];

  app.get('/', async (c) => {
    const session = await sessions.current(c, c.req.raw.signal);
    if (session === undefined) return c.html(loginPage(pageOf(c), { pending: undefined }));
    const notice = await sessions.takeNotice(c, session);
    return c.html(await ownDevices(c, session, notice));
  });

  app.get('/login', async (c) => {
    const wait = limits.logins.take(addressOf(c), clock.monotonic());
    if (wait !== undefined) return tooMany(c, wait);
    const { url, started } = await oidc.start();
    const pending = c.req.query('request');
    await sessions.beginLogin(c, { started, pending: isPendingText(pending) ? pending : undefined });
    return c.redirect(url.href, 303);
  });

  app.get('/callback', async (c) => {
    const login = await sessions.takeLogin(c);
    if (login === undefined) return problem(c, 400, sayIn(c).refusals.not_logged_in);
    // As the provider was told, whatever proxy stands before this gateway.
    const url = new URL(`${context.origin}/callback${new URL(c.req.url).search}`);
    const identity = await oidc.finish(url, login.started);
    const account = await matchedAccount(context, accounts, identity, c.req.raw.signal);
    metrics.count('logins', account === undefined ? 'no_account' : 'logged_in');
    if (account === undefined) return problem(c, 403, sayIn(c).refusals.account_gone);
    log.info('a member logged in', { account: account.name });
    await sessions.begin(c, account);
    const to = login.pending === undefined ? '/' : `/enroll?request=${encodeURIComponent(login.pending)}`;
    return c.redirect(to, 303);
  });

  app.post('/logout', async (c) => {
    const session = await requireSession(c);
    requireCsrf(session, (await formOf(c))['csrf']);
    sessions.end(c);
    return c.redirect('/', 303);
  });

  app.get('/enroll', async (c) => {
    const pending = c.req.query('request') ?? '';
    const enrolment = isPendingText(pending) ? await readPending(context, pendingEnrolments, pending) : undefined;
    if (enrolment === undefined) return problem(c, 400, sayIn(c).linkOld);
    const session = await sessions.current(c, c.req.raw.signal);
    if (session === undefined) return c.html(loginPage(pageOf(c), { pending }));
    const { account, csrf } = session;
    return c.html(confirmPage(pageOf(c), { pending, enrolment, account: account.name, csrf, problem: undefined }));
  });

  app.post('/enroll', async (c) => {
    const session = await requireSession(c);
    const { csrf, request: pending = '', code = '' } = await formOf(c);
    requireCsrf(session, csrf);
    const enrolment = await readPending(context, pendingEnrolments, pending);
    if (enrolment === undefined) return problem(c, 400, sayIn(c).linkOld);
    const { account } = session;
    const wait = limits.codes.take(account.uid, clock.monotonic());
    if (wait !== undefined) return tooMany(c, wait);
    const say = sayIn(c);
    // Guesses are what is limited.
    const confirmed = await confirmEnrolment(context, enrolment, { account, code }, c.req.raw.signal);
    if (confirmed !== 'wrong code') limits.codes.giveBack(account.uid);
    switch (confirmed) {
      case 'enrolled':
        await sessions.tell(c, session, { kind: 'connected', device: enrolment.request.name });
        return c.redirect('/', 303);
      case 'wrong code': {
        const shown = { pending, enrolment, account: account.name, csrf: session.csrf, problem: say.wrongCode };
        return c.html(confirmPage(pageOf(c), shown), 422);
      }
      case 'full':
        return problem(c, 409, say.full(devicesPerAccount));
      case 'enrolled by another':
        return problem(c, 409, say.otherAccount);
    }
  });

  app.post('/devices/remove', async (c) => {
    const session = await requireSession(c);
    const { csrf, device = '' } = await formOf(c);
    requireCsrf(session, csrf);
    const found = await readDevice(client, namespace, device, c.req.raw.signal);
    if (found !== undefined && found.account.uid === session.account.uid) {
      await deleteDevice(client, namespace, found, c.req.raw.signal);
      metrics.count('removals', 'page');
      log.info('a device was removed on the page', { account: session.account.name, device: found.name });
      await sessions.tell(c, session, { kind: 'removed', device: found.label });
    }
    return c.redirect('/', 303);
  });

  app.post('/kubeconfig', async (c) => {
    const session = await requireSession(c);
    requireCsrf(session, (await formOf(c))['csrf']);
    const wait = limits.kubeconfigs.take(session.account.uid, clock.monotonic());
    if (wait !== undefined) return tooMany(c, wait);
    const text = await pageKubeconfig(context, cluster, session.account, c.req.raw.signal);
    return c.body(text, 200, {
      'content-type': 'application/yaml; charset=utf-8',
      'content-disposition': `attachment; filename="${kubeconfigFileName(cluster)}"`,
    });
  });

  async function ownDevices(c: Context, { account, csrf }: Session, notice: Notice | undefined): Promise<Markup> {
    const devices = await devicesOf(client, namespace, account.uid, c.req.raw.signal);
    return devicesPage(pageOf(c), {
      account: account.name,
      devices: devices.filter(({ terminating }) => !terminating),
      csrf,
      notice: notice === undefined ? undefined : sayIn(c)[notice.kind](shownName(notice.device)),
    });
  }

  async function requireSession(c: Context): Promise<Session> {
    const session = await sessions.current(c, c.req.raw.signal);
    if (session !== undefined) return session;
    throw new Refused('not_logged_in', 'this browser has no session, or it is over');
  }

  function problem(c: Context, status: 400 | 403 | 409, text: string) {
    return c.html(problemPage(pageOf(c), { text }), status);
  }

  function tooMany(c: Context, seconds: number) {
    c.header('retry-after', String(seconds));
    return c.html(problemPage(pageOf(c), { text: sayIn(c).tooMany(seconds) }), 429);
  }

  return app;
}

const languageCookie = '__Host-language';
const yearSeconds = 31_536_000;

/** Also keeps the language that somebody chose by the link on a page. */
export function pageContext(
  c: Context,
  { origin, clock }: Pick<GatewayContext, 'origin' | 'clock'>,
  { name }: Pick<KubeconfigCluster, 'name'>,
): PageContext {
  const chosen = chosenLanguage(c.req.query('lang'));
  if (chosen !== undefined) {
    const kept = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax', maxAge: yearSeconds } as const;
    setCookie(c, languageCookie, chosen, kept);
  }
  const language = chosen ?? chosenLanguage(getCookie(c, languageCookie));
  const pending = c.req.query('request');
  const isShownAgain = c.req.method === 'GET' && c.req.path === '/enroll' && isPendingText(pending);
  return {
    language: language ?? acceptedLanguage(c.req.header('accept-language')),
    cluster: name,
    origin,
    userAgent: c.req.header('user-agent'),
    here: isShownAgain ? `/enroll?request=${encodeURIComponent(pending)}` : '/',
    now: clock.now(),
  };
}

/** A sealed request in its shape: nothing else is ever put into a link or a cookie. */
function isPendingText(text: string | undefined): text is string {
  return text !== undefined && text.length < 3_000 && /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}$/.test(text);
}

async function formOf(c: Context): Promise<Partial<Record<string, string>>> {
  const form = await c.req.parseBody();
  return Object.fromEntries(
    Object.entries(form).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
