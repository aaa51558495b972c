/**
 * One HTTP exchange with a server, over a connection of its own unless it is given kept ones. Follows no redirect, reads at most as much
 * as it is told, and honours HTTPS_PROXY, NO_PROXY and NODE_EXTRA_CA_CERTS.
 */
import tls from 'node:tls';
import { type ErrorKind, Failure } from '../lib/failure.ts';
import type { Text } from '../lib/message.ts';
import { httpMessages as say } from '../lib/messages/http.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { AnswerReader, type HttpAnswer } from './answer.ts';
import { Connection } from './connection.ts';
import type { KeptConnections } from './kept-connections.ts';
import type { Destination } from './open-socket.ts';
import { type ProxyVariables, proxyFor } from './proxy.ts';
import { asError } from './stream.ts';
import { troubleOf } from './trouble.ts';
import { proxyAuthorization } from './tunnel.ts';

export interface HttpExchange {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Called once an attempt. A chunk is asked for when the one before was sent; what asking throws ends the exchange. */
  readonly body?: { readonly length: number; readonly chunks: () => Iterable<Buffer> };
  /** From the first byte sent to the last one read. */
  readonly timeoutMs: number;
  /** A longer answer fails the exchange. */
  readonly longestAnswer: number;
  readonly signal: AbortSignal;
  /** Where to take the connection from, and to leave it; all with the same CAs. One of its own unless given. */
  readonly kept?: KeptConnections;
  readonly proxyEnv: ProxyVariables;
  /** CAs to trust besides the usual ones (PEM). */
  readonly extraAuthorities?: readonly string[];
  /** CAs to trust, and no other (PEM). */
  readonly onlyAuthorities?: readonly string[];
  /** What a failure of this exchange is, and how the other side is called in its message. */
  readonly kind: ErrorKind;
  readonly peer: Text;
  /** What to do when that address doesn't answer, or answers as something else would. */
  readonly addressHint: Text;
  /** What to do when the answer is too long; `addressHint` unless given. */
  readonly tooLongHint?: Text;
}

/** Where a redirect points to, for a message; undefined for any other answer. */
export function redirectOf(answer: Pick<HttpAnswer, 'status' | 'header'>): string | undefined {
  const to = answer.status >= 300 && answer.status < 400 ? answer.header('location') : undefined;
  return to === undefined ? undefined : harmless(to);
}

/** Words of the other side, cut short, without anything that a terminal obeys. */
export function harmless(text: string): string {
  return withoutInvisible(text.slice(0, 200));
}

/** @throws Failure: transient where the same exchange may succeed later; the signal's reason when aborted */
export async function exchange(options: HttpExchange): Promise<HttpAnswer> {
  const { signal, timeoutMs } = options;
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    return await attempt(options, AbortSignal.any([signal, deadline]));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof Failure) throw error;
    if (deadline.aborted)
      throw new Failure(options.kind, say.noAnswer({ peer: options.peer, seconds: timeoutMs / 1_000 }), {
        transient: true,
      });
    throw failureOf(options, asError(error));
  }
}

/** How a server is reached. @throws Failure (usage) for an address that is not a proxy's */
export function destinationOf(
  url: URL,
  {
    proxyEnv,
    extraAuthorities = [],
    onlyAuthorities,
    timeoutMs,
  }: Pick<HttpExchange, 'proxyEnv' | 'extraAuthorities' | 'onlyAuthorities' | 'timeoutMs'>,
): Destination {
  // Naming any CA replaces the usual ones.
  const more = extraAuthorities.length === 0 ? undefined : [...tls.getCACertificates('default'), ...extraAuthorities];
  const authorities = onlyAuthorities ?? more;
  const ca = authorities === undefined ? {} : { ca: [...authorities] };
  return { server: url, tls: ca, proxy: proxyFor(url, proxyEnv), connectTimeoutMs: timeoutMs };
}

function attempt(options: HttpExchange, signal: AbortSignal): Promise<HttpAnswer> {
  const { method, url, body, kept } = options;
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const { headers, path, ...destination } = routeOf(options);
  const connection = kept?.take(destination) ?? new Connection({ ...destination, keepAliveMs: 1 });
  const onAbort = () => connection.end(asError(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  const reader = new AnswerReader(options.longestAnswer);
  const sent = [...Object.entries(options.headers), ...Object.entries(headers)].flat();
  connection.send(
    {
      method,
      path,
      headers: [...sent, ...(body === undefined ? [] : ['content-length', String(body.length)])],
      body: body?.chunks(),
    },
    {
      onStart: () => undefined,
      onHead: (head) => reader.begin(head),
      onData: (chunk) => {
        if (!reader.take(chunk)) connection.end(tooLong(options));
        return true;
      },
      onEnd: () => {
        const answer = reader.answer();
        if (answer !== undefined) resolve(answer);
      },
      onError: reject,
    },
  );
  return promise.finally(() => {
    signal.removeEventListener('abort', onAbort);
    if (kept === undefined) connection.close(new Error(`the exchange with ${url.host} is over`));
    else kept.giveBack(destination, connection);
  });
}

function tooLong({ kind, peer, longestAnswer, addressHint, tooLongHint = addressHint }: HttpExchange): Failure {
  const mebibytes = Math.round(longestAnswer / 1024 / 1024);
  return new Failure(kind, say.answerTooLong({ peer, mebibytes }), { hint: tooLongHint });
}

/** A proxy opens a way for https; for plain http it is asked for the whole address. */
function routeOf(options: HttpExchange): Destination & { path: string; headers: Record<string, string> } {
  const { url } = options;
  const destination = destinationOf(url, options);
  const { proxy } = destination;
  if (url.protocol === 'https:' || proxy === undefined)
    return { ...destination, path: `${url.pathname}${url.search}`, headers: {} };
  const headers = { host: url.host, ...proxyAuthorization(proxy) };
  return {
    ...destination,
    server: proxy,
    proxy: undefined,
    path: `${url.origin}${url.pathname}${url.search}`,
    headers,
  };
}

function failureOf({ kind, peer, addressHint }: HttpExchange, error: Error): Failure {
  const { what, code, words, foreign, transient } = troubleOf(error);
  // Of some webhooks the host is the secret part, and foreign words may name it.
  const why = kind === 'notification' && foreign ? code || say.unknownError() : words;
  const common = { cause: error, reason: code, transient, hint: addressHint };
  switch (what) {
    case 'untrusted':
      return new Failure(kind, say.untrustedCertificate({ peer, why }), {
        ...common,
        hint: say.nameAuthority(),
      });
    case 'unwelcome':
    case 'tls':
      return new Failure(kind, say.handshakeEnded({ peer, why }), common);
    case 'not-tls':
      return new Failure(kind, say.notTls({ peer, why }), common);
    case 'not-http':
      return new Failure(kind, say.notHttp({ peer, why }), common);
    case 'unsendable':
      return new Failure('usage', say.unsendable({ peer, why }), common);
    case 'proxy':
      return new Failure(kind, say.unreachable({ peer, why: say.proxyRefuses() }), common);
    case 'network':
      return new Failure(kind, say.unreachable({ peer, why }), common);
  }
}
