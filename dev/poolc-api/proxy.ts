/**
 * The proxy in front of the API: what answers 413, 429 and 504 before, or instead of, the application. It is a part of
 * its own because the club's is one: a 504 says nothing about whether the application went on and committed.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, ApiRequest, Application } from './exchange.ts';

export interface ProxyLimits {
  /** Largest request body in bytes; beyond it 413. */
  bodyBytes: number;
  /** Requests a second that one client address may send in the long run; Infinity for no limit. */
  requestsPerSecond: number;
  /** Requests that one client address may send at once before the rate counts; beyond it 429. */
  burst: number;
  /** How long the application may take to answer a request that it has whole, in milliseconds; then 504. */
  readTimeoutMs: number;
}

/** The limits of the club's proxy. */
export const clubLimits: ProxyLimits = {
  bodyBytes: 55 * 1024 * 1024,
  requestsPerSecond: 20,
  burst: 40,
  readTimeoutMs: 60_000,
};

/** The status under which a request is logged whose sender went away before the answer. */
const clientGone = 499;

/** One answered request, as an access log may show it: no query, no header, no body. */
export interface AnsweredRequest {
  method: string;
  path: string;
  /** 499 when the sender went away before the answer. */
  status: number;
  milliseconds: number;
}

export interface ProxyOptions {
  limits: ProxyLimits;
  /** Told after each answer, with what the client got. */
  onAnswer: (answered: AnsweredRequest) => void;
}

export function proxyInFrontOf(application: Application, { limits, onAnswer }: ProxyOptions): RequestListener {
  const rate = limitRate(limits);
  return (incoming, response) => {
    const startedAt = performance.now();
    const { method = 'GET', url = '/' } = incoming;
    const path = url.split('?', 1)[0] ?? '/';
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : clientGone;
      onAnswer({ method, path, status, milliseconds: performance.now() - startedAt });
    });
    void answerTo(incoming, method, path).then((answer) => send(answer, incoming, response));
  };

  async function answerTo(incoming: IncomingMessage, method: string, path: string): Promise<Answer> {
    if (!rate.admits(incoming.socket.remoteAddress ?? 'unknown')) return ownAnswer(429, 'Too Many Requests');
    if (Number(incoming.headers['content-length'] ?? 0) > limits.bodyBytes) return tooLarge();
    const meter = meterBody(incoming, limits.bodyBytes);
    const request: ApiRequest = { method, path, headers: incoming.headers, body: meter.body };
    const answered = new AbortController();
    try {
      return await Promise.race([
        application(request).catch(() => ownAnswer(502, 'Bad Gateway')),
        meter.overLimit.then(tooLarge),
        meter.whole.then(() => afterReadTimeout(limits.readTimeoutMs, answered.signal)),
      ]);
    } finally {
      answered.abort();
    }
  }
}

/** Plain HTTP's whole answer: go to https. `httpsPort` is named in the Location unless it is the usual one. */
export function redirectToHttps(httpsPort: () => number): RequestListener {
  return (incoming, response) => {
    const host = (incoming.headers.host ?? 'localhost').replace(/:\d+$/, '');
    const port = httpsPort() === 443 ? '' : `:${httpsPort()}`;
    const answer = ownAnswer(301, 'Moved Permanently');
    answer.headers['location'] = `https://${host}${port}${incoming.url ?? '/'}`;
    send(answer, incoming, response);
  };
}

function tooLarge(): Answer {
  return ownAnswer(413, 'Request Entity Too Large');
}

/** The proxy speaks HTML, not the API's JSON: anyone who parses its answers as JSON finds out here. */
function ownAnswer(status: number, reason: string): Answer {
  const title = `${status} ${reason}`;
  return {
    status,
    headers: { 'content-type': 'text/html' },
    body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
  };
}

function send(answer: Answer, incoming: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
  // What is left of the body is read and thrown away: closing at once would reset the connection, and a sender in the
  // middle of its 50 MB would see the reset instead of the answer.
  incoming.resume();
}

async function afterReadTimeout(readTimeoutMs: number, answered: AbortSignal): Promise<Answer> {
  const forever = new Promise<never>(() => {});
  await sleep(readTimeoutMs, undefined, { signal: answered, ref: false }).catch(() => forever);
  return ownAnswer(504, 'Gateway Time-out');
}

/**
 * The body of a request, counted on its way to the application.
 * @returns `whole` resolves once the last byte was read, `overLimit` when there are more than `limitBytes`.
 */
function meterBody(incoming: IncomingMessage, limitBytes: number) {
  const whole = Promise.withResolvers<void>();
  const overLimit = Promise.withResolvers<void>();
  const hasBody =
    incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0;
  if (!hasBody) whole.resolve();

  async function* counted(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    const chunks: AsyncIterable<Uint8Array> = incoming.iterator({ destroyOnReturn: false });
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > limitBytes) {
        overLimit.resolve();
        throw new Error(`the body is over ${limitBytes} bytes`);
      }
      yield chunk;
    }
    whole.resolve();
  }
  return { body: counted(), whole: whole.promise, overLimit: overLimit.promise };
}

/** A token bucket for each client address: `burst` requests at once, refilled at `requestsPerSecond`. */
function limitRate({ requestsPerSecond, burst }: ProxyLimits) {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    admits(client: string): boolean {
      if (requestsPerSecond === Number.POSITIVE_INFINITY) return true;
      const now = performance.now();
      const bucket = buckets.get(client) ?? { left: burst, at: now };
      const left = Math.min(burst, bucket.left + ((now - bucket.at) / 1_000) * requestsPerSecond);
      // Bounded in memory, at the price of a fresh start for everybody once in 10,000 addresses.
      if (buckets.size > 10_000) buckets.clear();
      buckets.set(client, { left: left >= 1 ? left - 1 : left, at: now });
      return left >= 1;
    },
  };
}
