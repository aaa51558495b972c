/**
 * Any API that answers in JSON as a directory. Complete by what http/pages.ts says: a page that is missing, cut off or of
 * another shape fails the whole read, because half a directory would remove the other half (P3).
 */
import type { Member } from '../core/model.ts';
import type { HttpAnswer } from '../http/answer.ts';
import { isLoopback } from '../http/endpoint.ts';
import { exchange } from '../http/exchange.ts';
import { KeptConnections } from '../http/kept-connections.ts';
import type { ProxyVariables } from '../http/proxy.ts';
import { isTransientStatus, retryAfterOf, withRetry } from '../http/retry.ts';
import type { Clock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import { directoryMessages as messages } from '../lib/messages/directory.ts';
import type { Secret } from '../lib/secret.ts';
import type { Directory, ReadOptions } from './directory.ts';
import { type CompiledExpressions, compileExpressions, type Expressions } from './http/expressions.ts';
import { readPages } from './http/pages.ts';
import { shownUrl } from './http/shown-url.ts';
import { longestAnswer, parseJsonAnswer } from './json-answer.ts';
import { idsOf } from './member-rows.ts';

export interface HttpDirectoryOptions extends Expressions {
  /** Of the first page: https, or loopback. */
  readonly url: URL;
  /** By name; sent with each request. */
  readonly headers: ReadonlyMap<string, Secret>;
  readonly userAgent: string;
  readonly proxyEnv: ProxyVariables;
  /** CAs to trust besides the usual ones (PEM). */
  readonly extraAuthorities?: readonly string[];
}

/** A page of the last complete read, by its address. A strong ETag names its content to the byte. */
interface KeptPage {
  readonly etag: string;
  readonly answer: HttpAnswer;
}

/** Of all pages together; 100,000 members with 600 bytes each. */
const longestList = 60_000_000;

interface Surroundings {
  readonly clock: Clock;
  readonly random: () => number;
}

/** @throws Failure (usage) for an expression or a header that can't be used */
export function httpDirectory(options: HttpDirectoryOptions, surroundings: Surroundings): Directory {
  const { url } = options;
  const expressions = compileExpressions(options);
  const headers = headersOf(options);
  let kept: ReadonlyMap<string, KeptPage> = new Map();
  return {
    kind: 'http',
    address: shownUrl(url),
    host: url.host,
    isLocal: isLoopback(url.hostname),
    whatToLookAt: messages.at({ where: shownUrl(url) }),
    isOwnId: (id) => id.startsWith(idsOf('http', url.hostname)('')),
    // Who joins or leaves between two pages moves the others, and one of them may be on neither.
    isSnapshot: options.next === undefined,
    members: async (read) => {
      const { members, pages } = await readMembers({ ...options, kept }, headers, expressions, surroundings, read);
      // Of a read that was complete, and for this process alone: what is on a disk may be older than anybody knows.
      kept = pages;
      return members;
    },
  };
}

/** In lower case, so that a header of the operator's replaces the usual one of that name. */
function headersOf({ headers, userAgent }: HttpDirectoryOptions): Readonly<Record<string, string>> {
  const result = new Map([
    ['accept', 'application/json'],
    ['user-agent', userAgent],
  ]);
  for (const [name, value] of headers) {
    const text = value.reveal();
    // Node would name the fault while the request is sent, where it looks like one of the network.
    if (!/^[\x20-\x7e]+$/.test(text))
      throw new Failure(
        'usage',
        `what spec.directory.http.headers.${name} names can't be sent: it holds a line break or another character that a header can't have`,
        { hint: 'a header is one line of ASCII' },
      );
    result.set(name.toLowerCase(), text);
  }
  return Object.fromEntries(result);
}

async function readMembers(
  options: HttpDirectoryOptions & { readonly kept: ReadonlyMap<string, KeptPage> },
  headers: Readonly<Record<string, string>>,
  expressions: CompiledExpressions,
  { clock, random }: Surroundings,
  { signal, onRetry }: ReadOptions,
): Promise<{ members: Member[]; pages: ReadonlyMap<string, KeptPage> }> {
  let length = 0;
  const pages = new Map<string, KeptPage>();
  using connections = new KeptConnections();
  const members = await readPages(options.url, expressions, async (url, page) => {
    // Page by page: an API that limits how many requests it takes would never let a second attempt reach the end.
    const before = options.kept.get(url.href);
    const asked = before === undefined ? headers : { ...headers, 'if-none-match': before.etag };
    const fresh = await withRetry(() => askPage({ ...options, connections }, asked, url, clock, signal), {
      clock,
      random,
      signal,
      policy: { budgetMs: 45_000, firstWaitMs: 500, longestWaitMs: 5_000 },
      ...(onRetry === undefined ? {} : { onRetry: ({ message }, attempt) => onRetry(message, attempt) }),
    });
    const malformed = (what: string) =>
      new Failure(
        'directory',
        `the answer of ${shownUrl(url)} (page ${page}) can't be used: ${what}; nothing was changed`,
        { hint: 'is spec.directory.http.url an API that answers in JSON?' },
      );
    const answer = fresh.status === 304 && before !== undefined ? before.answer : fresh;
    const etag = answer.header('etag');
    // A weak one (W/) stays the same for what its server takes for no great change.
    if (etag !== undefined && /^"[\x21\x23-\x7e]*"$/.test(etag)) pages.set(url.href, { etag, answer });
    length += answer.body.length;
    if (length > longestList) throw malformed(`all pages together are larger than ${longestList / 1_000_000} MB`);
    return parseJsonAnswer(answer.body, answer.header('content-type'), malformed);
  });
  return { members, pages };
}

async function askPage(
  { proxyEnv, extraAuthorities, connections }: HttpDirectoryOptions & { readonly connections: KeptConnections },
  headers: Readonly<Record<string, string>>,
  url: URL,
  clock: Clock,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const answer = await exchange({
    method: 'GET',
    url,
    headers,
    kept: connections,
    proxyEnv,
    ...(extraAuthorities === undefined ? {} : { extraAuthorities }),
    timeoutMs: 30_000,
    longestAnswer,
    signal,
    kind: 'directory',
    peer: `the directory (${url.host})`,
    addressHint: 'is spec.directory.http.url right, and does the network let this host reach it?',
    tooLongHint: 'ask for smaller pages, by the query of spec.directory.http.url and by next',
  });
  const isUnchanged = answer.status === 304 && headers['if-none-match'] !== undefined;
  if (answer.status !== 200 && !isUnchanged) throw refusalOf(url, answer, clock);
  return answer;
}

/** Without the words of the other side: a page that shows an error may show what was sent, the headers included. */
function refusalOf(url: URL, answer: HttpAnswer, clock: Clock): Failure {
  const { status } = answer;
  const retryAfterMs = retryAfterOf(answer, clock.now());
  const [why, hint] = meaningOf(url, answer);
  return new Failure('directory', `GET ${shownUrl(url)} ${why}; nothing was changed`, {
    hint,
    status,
    transient: isTransientStatus(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function meaningOf(url: URL, answer: HttpAnswer): readonly [why: string, hint: string] {
  const { status } = answer;
  if (status >= 300 && status < 400)
    return [
      `was answered with ${status}, a redirect${originOfRedirect(url, answer)}; redirects are not followed, since the headers would go with them`,
      'set spec.directory.http.url to the address that answers itself',
    ];
  if (status === 401 || status === 403)
    return [
      `was refused (${status})`,
      'is the credential in spec.directory.http.headers current, and may it read the whole list?',
    ];
  if (status === 404)
    return ['does not exist (404)', 'check spec.directory.http.url, and that the credential may see it'];
  if (status === 429) return ['was refused: too many requests (429)', 'wait, or sync less often'];
  if (status >= 500)
    return [`was answered with ${status}`, 'the API or the proxy in front of it is in trouble: look at its log'];
  return [`was answered with ${status}, and 200 is needed`, 'is spec.directory.http.url the address of the list?'];
}

/** Only the origin: of the rest, a login page's address often repeats what was sent. */
function originOfRedirect(url: URL, answer: HttpAnswer): string {
  const location = answer.header('location');
  if (location === undefined || !URL.canParse(location, url)) return '';
  const { origin } = new URL(location, url);
  return origin === url.origin ? ' to another path there' : ` to ${origin}`;
}
