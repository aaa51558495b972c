/**
 * One request to GitHub's REST API: built by Octokit's own description of the routes, sent by this program's HTTP, and
 * repeated as long as GitHub says when there is room again.
 */
import { endpoint } from '@octokit/endpoint';
import type { HttpAnswer } from '../../http/answer.ts';
import { exchange } from '../../http/exchange.ts';
import type { KeptConnections } from '../../http/kept-connections.ts';
import type { ProxyVariables } from '../../http/proxy.ts';
import { isTransientStatus, retryAfterOf, withRetry } from '../../http/retry.ts';
import type { Clock } from '../../lib/clock.ts';
import { formatDuration } from '../../lib/duration.ts';
import { Failure } from '../../lib/failure.ts';
import type { Secret } from '../../lib/secret.ts';
import type { ReadOptions } from '../directory.ts';
import { shownUrl } from '../http/shown-url.ts';
import { longestAnswer, parseJsonAnswer } from '../json-answer.ts';

export interface GithubServer {
  /** https://api.github.com, or Enterprise Server's https://HOST/api/v3; https, or loopback. */
  readonly apiURL: URL;
  readonly userAgent: string;
  readonly proxyEnv: ProxyVariables;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly random: () => number;
}

/** What is asked: a route of the API and what stands in its braces, or an address that an answer named. */
export type Question =
  | { readonly route: Route; readonly parameters: Readonly<Record<string, string | number>> }
  | { readonly url: URL };

/** Every route that a read of the directory asks for. */
export type Route =
  | 'GET /user/memberships/orgs/{org}'
  | 'GET /orgs/{org}/members'
  | 'GET /orgs/{org}/teams/{team_slug}/members'
  | 'GET /users/{username}/keys'
  | 'GET /app/installations/{installation_id}'
  | 'POST /app/installations/{installation_id}/access_tokens';

export interface Asking {
  readonly credential: Secret;
  /** What is asked for, in messages: `the members of the organization acme`. */
  readonly what: string;
  /** What to look at where it is not there, or may not be seen (404). */
  readonly notFound: string;
  /** Sent as JSON. */
  readonly body?: object;
}

export interface GithubAnswer {
  readonly document: unknown;
  readonly url: URL;
  readonly header: (name: string) => string | undefined;
}

export type Ask = (question: Question, asking: Asking) => Promise<GithubAnswer>;

/** Long enough for a read of a large organization; the run's own deadline ends a longer one. */
const retryBudgetMs = 45_000;
/** What GitHub asks for where a secondary limit comes without a time. */
const secondaryLimitMs = 60_000;

/** @returns asks one question; throws Failure (directory) for any answer that is not the one that was asked for */
export function openApi(
  server: GithubServer & { readonly connections: KeptConnections },
  { clock, random }: Surroundings,
  read: ReadOptions,
): Ask {
  return (question, asking) =>
    withRetry(() => askOnce(server, question, asking, { now: () => clock.now(), signal: read.signal }), {
      clock,
      random,
      signal: read.signal,
      policy: { budgetMs: retryBudgetMs, firstWaitMs: 500, longestWaitMs: 5_000 },
      onRetry: ({ message }, attempt) => read.onRetry?.(message, attempt),
    });
}

async function askOnce(
  server: GithubServer & { readonly connections: KeptConnections },
  question: Question,
  asking: Asking,
  { now, signal }: { now: () => number; signal: AbortSignal },
): Promise<GithubAnswer> {
  const { method, url, body } = requestOf(server, question, asking);
  const answer = await exchange({
    method,
    url,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${asking.credential.reveal()}`,
      'user-agent': server.userAgent,
      'x-github-api-version': '2022-11-28',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: { length: body.length, chunks: () => [body] } }),
    kept: server.connections,
    proxyEnv: server.proxyEnv,
    timeoutMs: 30_000,
    longestAnswer,
    signal,
    kind: 'directory',
    peer: `GitHub (${server.apiURL.host})`,
    addressHint: 'is spec.directory.github.apiURL right, and does the network let this host reach it?',
  });
  const malformed = (what: string) =>
    new Failure('directory', `the answer of ${shownUrl(url)} can't be used: ${what}; nothing was changed`, {
      hint: "is spec.directory.github.apiURL the address of GitHub's API?",
    });
  if (answer.status !== (method === 'POST' ? 201 : 200)) throw refusalOf(answer, asking, { method, url, nowMs: now() });
  requireWhole(answer, asking);
  return {
    document: parseJsonAnswer(answer.body, answer.header('content-type'), malformed),
    url,
    header: (name) => answer.header(name),
  };
}

function requestOf({ apiURL }: GithubServer, question: Question, { body }: Asking) {
  if ('url' in question) return { method: 'GET' as const, url: question.url, body: undefined };
  const { method, url } = endpoint(question.route, { ...question.parameters, baseUrl: apiURL.href.replace(/\/$/, '') });
  return {
    method: method === 'POST' ? ('POST' as const) : ('GET' as const),
    url: new URL(url),
    body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
  };
}

/** With single sign-on, a credential sees only what it was authorized for, and GitHub leaves out the rest. */
function requireWhole(answer: HttpAnswer, { what }: Asking): void {
  if (!/partial-results/i.test(answer.header('x-github-sso') ?? '')) return;
  throw new Failure(
    'directory',
    `GitHub gave only a part of ${what}: the credential is not authorized for single sign-on (X-GitHub-SSO: partial-results); nothing was changed`,
    { hint: signOnHint },
  );
}

const signOnHint =
  'on GitHub, in the settings of the token, choose "Configure SSO" and authorize it for the organization';

/** Without the words of the other side, which may repeat what was sent. */
function refusalOf(
  answer: HttpAnswer,
  { what, notFound }: Asking,
  { method, url, nowMs }: { method: string; url: URL; nowMs: number },
): Failure {
  const { status } = answer;
  const asked = `${what} can't be read: ${method} ${shownUrl(url)}`;
  const waitMs = status === 403 || status === 429 ? rateLimitOf(answer, nowMs) : retryAfterOf(answer, nowMs);
  if (waitMs !== undefined && (status === 403 || status === 429)) {
    const until = new Date(nowMs + waitMs).toISOString().slice(0, 16).replace('T', ' ');
    return new Failure(
      'directory',
      `${asked} was refused: GitHub's rate limit is used up, for another ${formatDuration(Math.ceil(waitMs / 1_000))} (${status}); nothing was changed`,
      {
        hint: `run again after ${until} UTC; sync less often, or use a credential that nothing else uses`,
        status,
        transient: true,
        retryAfterMs: waitMs,
      },
    );
  }
  const [why, hint] = meaningOf(answer, notFound);
  return new Failure('directory', `${asked} ${why}; nothing was changed`, {
    hint,
    status,
    transient: isTransientStatus(status),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  });
}

/**
 * How long GitHub asks to be left alone, in milliseconds; undefined where the answer is not about a rate limit.
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
function rateLimitOf(answer: HttpAnswer, nowMs: number): number | undefined {
  const asked = retryAfterOf(answer, nowMs);
  if (asked !== undefined) return asked;
  const reset = Number(answer.header('x-ratelimit-reset'));
  if (answer.header('x-ratelimit-remaining') === '0' && Number.isFinite(reset) && reset > 0) {
    // By the clock that set it: ours may be wrong.
    const theirNowMs = Date.parse(answer.header('date') ?? '');
    return Math.max(1_000, reset * 1_000 - (Number.isNaN(theirNowMs) ? nowMs : theirNowMs));
  }
  const isSecondary = /secondary rate limit|abuse detection/i.test(answer.body.toString('utf8', 0, 4_096));
  return answer.status === 429 || isSecondary ? secondaryLimitMs : undefined;
}

function meaningOf(answer: HttpAnswer, notFound: string): readonly [why: string, hint: string] {
  const { status } = answer;
  if (status >= 300 && status < 400)
    return [
      `was answered with ${status}, a redirect, which is not followed, since the credential would go with it`,
      'was the organization or the server renamed? Write the new name into spec.directory.github',
    ];
  if (status === 401)
    return [
      'was refused (401)',
      "the token, or the App's id or key, is wrong, expired or revoked; of an App, is this machine's clock right?",
    ];
  if (status === 403 && answer.header('x-github-sso') !== undefined)
    return ['was refused (403): the credential is not authorized for single sign-on', signOnHint];
  if (status === 403)
    return [
      'was refused (403)',
      'a classic token needs the scope read:org; a fine-grained token or an App needs the organization permission Members: read',
    ];
  if (status === 404) return ['was not found (404)', notFound];
  if (status >= 500) return [`was answered with ${status}`, 'look at https://www.githubstatus.com, or at the server'];
  return [`was answered with ${status}`, "is spec.directory.github.apiURL the address of GitHub's API?"];
}
