/**
 * One HTTP exchange with a server, on Node's own client: two a run, so nothing faster is needed. Follows no redirect,
 * reads at most as much as it is told, and honours HTTPS_PROXY, NO_PROXY and NODE_EXTRA_CA_CERTS.
 */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { formatDuration } from '../lib/duration.ts';
import { type ErrorKind, Failure, firstSentence } from '../lib/failure.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { type ProxyVariables, proxyFor } from './proxy.ts';
import { openTunnel } from './tunnel.ts';

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
  readonly proxyEnv: ProxyVariables;
  /** CAs to trust besides the usual ones (PEM). */
  readonly extraAuthorities?: readonly string[];
  /** What a failure of this exchange is, and how the other side is called in its message. */
  readonly kind: ErrorKind;
  readonly peer: string;
  /** What to do when that address doesn't answer, or answers as something else would. */
  readonly addressHint: string;
  /** What to do when the answer is too long; `addressHint` unless given. */
  readonly tooLongHint?: string;
}

export interface HttpAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  readonly body: Buffer;
}

/** Where a redirect points to, for a message; undefined for any other answer. */
export function redirectOf(answer: HttpAnswer): string | undefined {
  const to = answer.status >= 300 && answer.status < 400 ? answer.header('location') : undefined;
  return to === undefined ? undefined : harmless(to);
}

/** Words of the other side, cut short, without anything that a terminal obeys. */
export function harmless(text: string): string {
  return withoutInvisible(text.slice(0, 200));
}

/** @throws Failure: transient where the same exchange may succeed later; the signal's reason when aborted */
export async function exchange(options: HttpExchange): Promise<HttpAnswer> {
  const { url, signal, timeoutMs } = options;
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(timeoutMs);
  const either = AbortSignal.any([signal, deadline]);
  const agent = agentFor(url, options, either);
  try {
    return await attempt(options, agent, either);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof Failure) throw error;
    if (deadline.aborted)
      throw new Failure(options.kind, `${options.peer} did not answer within ${formatDuration(timeoutMs / 1_000)}`, {
        transient: true,
      });
    throw networkFailure(options, error);
  } finally {
    agent.destroy();
  }
}

/** Also for anyone who looks at the connection itself. The signal ends a connection that is still being opened. */
export function agentFor(
  url: URL,
  { proxyEnv, extraAuthorities = [] }: Pick<HttpExchange, 'proxyEnv' | 'extraAuthorities'>,
  signal: AbortSignal,
): http.Agent {
  const proxy = proxyFor(url, proxyEnv);
  if (url.protocol !== 'https:')
    return new http.Agent(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy.href } });
  // Naming any CA replaces the usual ones.
  const ca = extraAuthorities.length === 0 ? {} : { ca: [...tls.getCACertificates('default'), ...extraAuthorities] };
  return proxy === undefined ? new https.Agent(ca) : new ProxiedAgent(ca, proxy, signal);
}

/** Node's own agent does not end a CONNECT that the proxy leaves unanswered. */
class ProxiedAgent extends https.Agent {
  readonly #proxy: URL;
  readonly #signal: AbortSignal;

  constructor(options: https.AgentOptions, proxy: URL, signal: AbortSignal) {
    super(options);
    this.#proxy = proxy;
    this.#signal = signal;
  }

  override createConnection(options: https.RequestOptions, callback: Connected): undefined {
    void this.#connect(options, callback);
  }

  async #connect(options: https.RequestOptions, callback: Connected): Promise<void> {
    const target = { host: options.host ?? '', port: Number(options.port) };
    try {
      const socket = await openTunnel({ ...target, proxy: this.#proxy, signal: this.#signal });
      callback(null, super.createConnection(Object.assign(options, { socket })) ?? undefined);
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

type Connected = (error: Error | null, stream?: Duplex) => void;

function attempt(options: HttpExchange, agent: http.Agent, signal: AbortSignal): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const request = (options.url.protocol === 'https:' ? https : http).request(options.url, {
    method: options.method,
    headers: { ...options.headers, ...(options.body === undefined ? {} : { 'content-length': options.body.length }) },
    agent,
    signal,
  });
  request.on('error', reject);
  // What ends without any of the events here, as 101 does, where Node drops the connection, must not be waited for.
  request.on('close', () =>
    reject(Object.assign(new Error('the connection was closed without an answer'), { code: 'ECONNRESET' })),
  );
  request.on('response', (response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > options.longestAnswer) {
        request.destroy(
          new Failure(
            options.kind,
            `the answer of ${options.peer} is larger than ${Math.round(options.longestAnswer / 1024 / 1024)} MiB`,
            { hint: options.tooLongHint ?? options.addressHint },
          ),
        );
      }
    });
    response.on('error', reject);
    response.on('end', () => {
      const header = (name: string) => {
        const value = response.headers[name];
        return Array.isArray(value) ? value[0] : value;
      };
      resolve({ status: response.statusCode ?? 0, header, body: Buffer.concat(chunks) });
    });
  });
  if (options.body === undefined) {
    request.end();
  } else {
    sendBody(request, options.body.chunks()).catch((error: unknown) =>
      request.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }
  return promise;
}

/**
 * Each chunk is asked for when the one before has left this process, and not before. Anyone who gives the chunks can so
 * decide right before each of them whether the request may still be completed: nothing waits in a buffer for a
 * connection to open, or for a process that was stopped to go on.
 */
async function sendBody(request: http.ClientRequest, chunks: Iterable<Buffer>): Promise<void> {
  for (const chunk of chunks) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    request.write(chunk, (error) => (error ? reject(error) : resolve()));
    await promise;
  }
  request.end();
}

function networkFailure({ kind, peer, addressHint }: HttpExchange, error: unknown): Failure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words = error instanceof Error ? firstSentence(error) : String(error);
  // Of some webhooks the host is the secret part, and foreign words may name it.
  const text = kind === 'notification' ? code || 'an unknown error' : words;
  if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/.test(code)) {
    return new Failure(kind, `the certificate of ${peer} can't be trusted: ${text}`, {
      cause: error,
      hint: "for a CA of one's own, name its file in NODE_EXTRA_CA_CERTS",
    });
  }
  const why =
    {
      ECONNREFUSED: 'nothing listens there',
      ENOTFOUND: 'the host name is unknown',
      EAI_AGAIN: 'the host name could not be resolved',
      ECONNRESET: 'the connection was reset',
      EPIPE: 'the connection was closed',
      ETIMEDOUT: 'no answer in time',
      ERR_PROXY_TUNNEL: 'the proxy of HTTPS_PROXY does not let us through',
    }[code] ?? text;
  return new Failure(kind, `${peer} can't be reached: ${why}`, {
    cause: error,
    transient: true,
    reason: code,
    hint: addressHint,
  });
}
