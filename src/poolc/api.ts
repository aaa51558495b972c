/**
 * One request to the PoolC API's /kubernetes/ resource: the key, the slash, and what its answers mean. The directory
 * reads it, the delivery writes it.
 */

import type { HttpAnswer } from '../http/answer.ts';
import { exchange, type HttpExchange, harmless, redirectOf } from '../http/exchange.ts';
import type { ProxyVariables } from '../http/proxy.ts';
import { isTransientStatus, retryAfterOf } from '../http/retry.ts';
import type { Clock } from '../lib/clock.ts';
import { type ErrorKind, Failure } from '../lib/failure.ts';
import type { Secret } from '../lib/secret.ts';

export interface PoolcApi {
  /** Base address, without a trailing slash: https://api.example.org or https://example.org/api. */
  readonly endpoint: URL;
  readonly key: Secret;
  readonly userAgent: string;
  readonly proxyEnv: ProxyVariables;
  /** CAs to trust besides the usual ones (PEM). */
  readonly extraAuthorities?: readonly string[];
  readonly clock: Clock;
}

/** @throws Failure of `kind` for anything but 200 */
export async function callPoolc(
  api: PoolcApi,
  kind: ErrorKind,
  request: Pick<HttpExchange, 'method' | 'body' | 'timeoutMs' | 'longestAnswer' | 'signal'>,
): Promise<HttpAnswer> {
  const url = kubernetesUrl(api.endpoint);
  const answer = await exchange({
    ...request,
    url,
    headers: {
      'x-api-key': api.key.reveal(),
      accept: 'application/json',
      'user-agent': api.userAgent,
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    proxyEnv: api.proxyEnv,
    ...(api.extraAuthorities === undefined ? {} : { extraAuthorities: api.extraAuthorities }),
    kind,
    peer: `the PoolC API (${url.host})`,
    addressHint: 'is POOLC_API_ENDPOINT right, and does the network let this host reach it?',
    tooLongHint: 'is POOLC_API_ENDPOINT the PoolC API?',
  });
  if (answer.status !== 200) throw refusalOf(api, kind, `${request.method} ${url.href}`, answer);
  return answer;
}

/** The mandatory slash is here and nowhere else. */
function kubernetesUrl(endpoint: URL): URL {
  return new URL(`${endpoint.origin}${endpoint.pathname.replace(/\/+$/, '')}/kubernetes/`);
}

function refusalOf(api: PoolcApi, kind: ErrorKind, request: string, answer: HttpAnswer): Failure {
  const { status } = answer;
  const said = messageOf(answer.body, api.key);
  const retryAfterMs = retryAfterOf(answer, api.clock.now());
  const common = {
    status,
    transient: isTransientStatus(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  if (status >= 300 && status < 400) {
    const to = redirectOf(answer);
    return new Failure(
      kind,
      `${request} was answered with ${status}, a redirect${to === undefined ? '' : ` to ${to}`}; redirects are not followed, since the API key would go with them`,
      {
        ...common,
        hint: 'set POOLC_API_ENDPOINT to the address that answers itself, usually the one with https',
      },
    );
  }
  if (status === 400) {
    return new Failure(kind, `${request} was refused (400)${said === undefined ? '' : `: ${said}`}`, {
      ...common,
      hint: 'the PoolC API answers so to a wrong API key: is the one in POOLC_API_KEY_FILE current, and for this endpoint?',
    });
  }
  if (status === 404) {
    return new Failure(kind, `${request} does not exist (404)`, {
      ...common,
      hint: 'POOLC_API_ENDPOINT must be the address before /kubernetes/ of the PoolC API',
    });
  }
  if (status === 413) {
    return new Failure(kind, `${request} was refused: the body is too large for the proxy in front (413)`, {
      ...common,
      hint: 'raise the body limit of the proxy in front of the PoolC API',
    });
  }
  return new Failure(kind, `${request} was answered with ${status}${said === undefined ? '' : `: ${said}`}`, {
    ...common,
    ...(status >= 500 ? { hint: 'the PoolC API or the proxy in front of it is in trouble: look at its log' } : {}),
  });
}

/**
 * The `message` of a JSON error answer, cut short; undefined for anything else. Control characters are made harmless.
 * @param sent a secret that the other side may repeat; taken out before the cut, behind which a part of it would be left
 */
export function messageOf(body: Buffer, sent?: Secret): string | undefined {
  try {
    const document: unknown = JSON.parse(body.toString('utf8'));
    if (typeof document !== 'object' || document === null || !('message' in document)) return undefined;
    if (typeof document.message !== 'string') return undefined;
    const said = sent === undefined ? document.message : document.message.replaceAll(sent.reveal(), '[redacted]');
    return harmless(said);
  } catch {
    return undefined;
  }
}
