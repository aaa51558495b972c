/** The gateway as a web server sees it: headers for every answer, the routes, and one place where errors become answers. */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Refusal } from '../devices/wire.ts';
import { type Failure, toFailure } from '../lib/failure.ts';
import type { GatewayContext } from './context.ts';
import { type DeviceApi, deviceApi } from './device-api.ts';
import { problemPage, terminalPage } from './page/pages.ts';
import { icon, style } from './page/style.ts';
import { type Texts, texts } from './page/texts.ts';
import type { KubeconfigCluster } from './page-kubeconfig.ts';
import { type PageRoutes, pageContext, pageRoutes } from './page-routes.ts';
import { Refused } from './refusal.ts';

export interface GatewayRoutes {
  readonly api: DeviceApi;
  /** What members' kubeconfigs say. */
  readonly cluster: KubeconfigCluster;
  /** undefined where members don't log in at an OpenID Connect provider: then there is one page, and nothing to do on it. */
  readonly pages: PageRoutes | undefined;
}

const longestBody = 32 * 1024;

export function createGateway(context: GatewayContext, { api, cluster, pages }: GatewayRoutes): Hono {
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
  app.get('/style.css', (c) => c.body(style, 200, { 'content-type': 'text/css; charset=utf-8' }));
  app.get('/icon.svg', (c) => c.body(icon, 200, { 'content-type': 'image/svg+xml' }));
  if (pages === undefined) app.get('/', (c) => c.html(terminalPage(pageContext(c, context, cluster))));
  else app.route('/', pageRoutes(context, cluster, pages));
  app.notFound((c) => {
    if (isForPrograms(c))
      return c.json({ error: 'bad_request', message: 'there is nothing at this address' } satisfies Refusal, 404);
    const page = pageContext(c, context, cluster);
    return c.html(problemPage(page, { text: texts[page.language].notFound }), 404);
  });
  app.onError((error, c) => {
    secure(c);
    return isForPrograms(c) ? answerToProgram(context, error, c) : answerToPerson(context, cluster, error, c);
  });
  return app;
}

function isForPrograms(c: Context): boolean {
  return c.req.path.startsWith('/v1/');
}

function isOwn(origin: string | undefined, own: string): boolean {
  return origin === undefined || origin === own;
}

/** Nothing may be framed, scripted, sniffed, cached or told to another site. */
function secure(c: Context): void {
  c.header(
    'content-security-policy',
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  );
  c.header('strict-transport-security', 'max-age=31536000');
  c.header('x-content-type-options', 'nosniff');
  c.header('x-frame-options', 'DENY');
  // Not `no-referrer`: with it, browsers send the forms of these pages with the origin `null`.
  c.header('referrer-policy', 'same-origin');
  c.header('cross-origin-opener-policy', 'same-origin');
  c.header('cross-origin-resource-policy', 'same-origin');
  c.header('cache-control', 'no-store');
}

function answerToProgram(context: GatewayContext, error: Error, c: Context) {
  const { code, message, status, options } = refusalFor(context, error);
  const { hint, nonce, retryAfter } = options;
  if (retryAfter !== undefined) c.header('retry-after', String(retryAfter));
  const answer: Refusal = {
    error: code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(nonce === undefined ? {} : { nonce }),
  };
  return c.json(answer, status);
}

/** In the language of the page; what the login provider did is told in English too, for the operators. */
function answerToPerson(context: GatewayContext, cluster: KubeconfigCluster, error: Error, c: Context) {
  const { message, status, options, code } = refusalFor(context, error);
  if (options.retryAfter !== undefined) c.header('retry-after', String(options.retryAfter));
  const page = pageContext(c, context, cluster);
  const say = texts[page.language];
  const { kind } = error instanceof Refused ? { kind: undefined } : toFailure(error);
  if (kind === 'login' || kind === 'site') {
    const text = kind === 'login' ? say.loginFailed : say.providerAway;
    return c.html(problemPage(page, { text, detail: message }), status);
  }
  return c.html(problemPage(page, { text: refusalText(say, code) }), status);
}

function refusalText({ refusals }: Texts, code: Refused['code']): string {
  const found = Object.entries(refusals).find(([known]) => known === code);
  return found?.[1] ?? refusals.unavailable;
}

/** What went wrong on the way goes into the log; who asked is told what they can do, and nothing else. */
function refusalFor({ log }: GatewayContext, error: unknown): Refused {
  if (error instanceof Refused) return error;
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
