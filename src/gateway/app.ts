/** The gateway as a web server sees it: headers for every answer, the routes, and one place where errors become answers. */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Refusal } from '../devices/wire.ts';
import { type Failure, toFailure } from '../lib/failure.ts';
import type { GatewayContext } from './context.ts';
import { type DeviceApi, deviceApi } from './device-api.ts';
import { messagePage } from './page/pages.ts';
import { texts } from './page/texts.ts';
import { type PageRoutes, pageContext, pageRoutes } from './page-routes.ts';
import { Refused } from './refusal.ts';

export interface GatewayRoutes {
  readonly api: DeviceApi;
  /** undefined where members don't log in at an OpenID Connect provider: then there are no pages. */
  readonly pages: PageRoutes | undefined;
}

const longestBody = 32 * 1024;

export function createGateway(context: GatewayContext, { api, pages }: GatewayRoutes): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    secure(c);
  });
  app.use(
    bodyLimit({
      maxSize: longestBody,
      onError: () => {
        throw new Refused('bad_request', 'the request is too long');
      },
    }),
  );
  app.use(async (c, next) => {
    // A page of another site may send a form here; the browser says so, and it never has a reason to.
    const site = c.req.header('sec-fetch-site');
    const origin = c.req.header('origin');
    const isForeign =
      (site !== undefined && site !== 'same-origin' && site !== 'none') || !isOwn(origin, context.origin);
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && isForeign)
      throw new Refused('not_logged_in', 'this request comes from another site');
    await next();
  });
  app.route('/', deviceApi(context, api));
  if (pages !== undefined) app.route('/', pageRoutes(context, pages));
  app.notFound((c) =>
    c.json({ error: 'bad_request', message: 'there is nothing at this address' } satisfies Refusal, 404),
  );
  app.onError((error, c) => answerTo(context, error, c, pages));
  return app;
}

function isOwn(origin: string | undefined, own: string): boolean {
  return origin === undefined || origin === own;
}

/** Nothing may be framed, scripted, sniffed, cached or told to another site. */
function secure(c: Context): void {
  c.header(
    'content-security-policy',
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  );
  c.header('strict-transport-security', 'max-age=31536000');
  c.header('x-content-type-options', 'nosniff');
  c.header('x-frame-options', 'DENY');
  c.header('referrer-policy', 'no-referrer');
  c.header('cross-origin-opener-policy', 'same-origin');
  c.header('cross-origin-resource-policy', 'same-origin');
  c.header('cache-control', 'no-store');
}

function answerTo(context: GatewayContext, error: Error, c: Context, pages: PageRoutes | undefined) {
  secure(c);
  const refused = error instanceof Refused ? error : refusalFor(context, error);
  const { code, message, status, options } = refused;
  if (options.retryAfter !== undefined) c.header('retry-after', String(options.retryAfter));
  if (c.req.path.startsWith('/v1/') || pages === undefined) {
    const { hint, nonce } = options;
    const answer: Refusal = {
      error: code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(nonce === undefined ? {} : { nonce }),
    };
    return c.json(answer, status);
  }
  const page = pageContext(c, context, pages.clusterName);
  const say = texts[page.language];
  const texted: Partial<Record<typeof code, string>> = {
    account_gone: say.accountGone,
    no_account: say.otherPerson,
    unavailable: say.away,
  };
  const text = texted[code] ?? message;
  return c.html(messagePage(page, { text, isProblem: true }), status);
}

/** What went wrong on the way goes into the log; who asked is told what they can do, and nothing else. */
function refusalFor({ log }: GatewayContext, error: unknown): Refused {
  const failure = toFailure(error);
  if (failure.kind === 'login') return new Refused('not_logged_in', failure.message, hintOf(failure));
  if (failure.kind === 'aborted') return new Refused('unavailable', 'the gateway is stopping', { retryAfter: 1 });
  log.error(failure.message, { kind: failure.kind, ...(failure.hint === undefined ? {} : { hint: failure.hint }) });
  const what = failure.kind === 'site' ? failure.message : 'the gateway could not reach what it needs';
  return new Refused('unavailable', what, { retryAfter: 5, hint: 'try again in a moment' });
}

function hintOf({ hint }: Failure): { hint?: string } {
  return hint === undefined ? {} : { hint };
}
