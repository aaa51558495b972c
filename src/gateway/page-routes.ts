/** The routes of the pages: log in, my devices, connect a device. */
import { type Context, Hono } from 'hono';
import { deleteDevice, devicesOf, devicesPerAccount, readDevice } from '../registry/devices.ts';
import type { GatewayContext } from './context.ts';
import { confirmEnrolment, readPending } from './enrol.ts';
import type { Limiter } from './limits.ts';
import type { AccountsById } from './member-account.ts';
import {
  confirmPage,
  devicesPage,
  loginPage,
  type Markup,
  messagePage,
  type PageContext,
  shownName,
} from './page/pages.ts';
import { style } from './page/style.ts';
import { languageOf, texts } from './page/texts.ts';
import { Refused } from './refusal.ts';
import type { Sealed } from './sealed.ts';
import { requireCsrf, type Session, type Sessions } from './session.ts';
import { matchedAccount } from './sign-in/matched-account.ts';
import type { OidcSignIn } from './sign-in/oidc.ts';

export interface PageRoutes {
  readonly clusterName: string;
  readonly sessions: Sessions;
  readonly pendingEnrolments: Sealed;
  readonly accounts: AccountsById;
  readonly oidc: OidcSignIn;
  readonly limits: {
    /** By address: each asks the provider something. */
    readonly logins: Limiter;
    /** By account: each is a guess at a code. */
    readonly codes: Limiter;
  };
  readonly addressOf: (c: Context) => string;
}

export function pageRoutes(context: GatewayContext, routes: PageRoutes): Hono {
  const { client, namespace, clock, metrics, log } = context;
  const { sessions, pendingEnrolments, accounts, oidc, limits, addressOf } = routes;
  const app = new Hono();
  const pageOf = (c: Context): PageContext => pageContext(c, context, routes.clusterName);
  const sayIn = (c: Context) => texts[pageOf(c).language];

  app.get('/style.css', (c) => c.body(style, 200, { 'content-type': 'text/css; charset=utf-8' }));

  app.get('/', async (c) => {
    const session = await sessions.current(c, c.req.raw.signal);
    if (session === undefined) return c.html(loginPage(pageOf(c), { pending: undefined }));
    return c.html(await ownDevices(c, session, undefined));
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
    if (login === undefined) return problem(c, 400, sayIn(c).sessionOver);
    // As the provider was told, whatever proxy stands before this gateway.
    const url = new URL(`${context.origin}/callback${new URL(c.req.url).search}`);
    const identity = await oidc.finish(url, login.started);
    const account = await matchedAccount(context, accounts, identity, c.req.raw.signal);
    metrics.count('logins', account === undefined ? 'no_account' : 'logged_in');
    if (account === undefined) return problem(c, 403, sayIn(c).accountGone);
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
      case 'enrolled': {
        const text = say.connected(shownName(enrolment.request.name));
        return c.html(messagePage(pageOf(c), { text, isProblem: false }));
      }
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
    if (found === undefined || found.account.uid !== session.account.uid)
      return c.html(await ownDevices(c, session, undefined));
    await deleteDevice(client, namespace, found, c.req.raw.signal);
    metrics.count('removals', 'page');
    log.info('a device was removed on the page', { account: session.account.name, device: found.name });
    return c.html(await ownDevices(c, session, sayIn(c).removed(shownName(found.label))));
  });

  async function ownDevices(c: Context, { account, csrf }: Session, notice: string | undefined): Promise<Markup> {
    const devices = await devicesOf(client, namespace, account.uid, c.req.raw.signal);
    return devicesPage(pageOf(c), {
      account: account.name,
      devices: devices.filter(({ terminating }) => !terminating),
      csrf,
      notice,
    });
  }

  async function requireSession(c: Context): Promise<Session> {
    const session = await sessions.current(c, c.req.raw.signal);
    if (session !== undefined) return session;
    throw new Refused('not_logged_in', sayIn(c).sessionOver);
  }

  function problem(c: Context, status: 400 | 403 | 409, text: string) {
    return c.html(messagePage(pageOf(c), { text, isProblem: true }), status);
  }

  function tooMany(c: Context, seconds: number) {
    c.header('retry-after', String(seconds));
    return c.html(messagePage(pageOf(c), { text: sayIn(c).tooMany(seconds), isProblem: true }), 429);
  }

  return app;
}

export function pageContext(c: Context, { origin }: Pick<GatewayContext, 'origin'>, cluster: string): PageContext {
  return { language: languageOf(c.req.header('accept-language')), cluster, origin };
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
