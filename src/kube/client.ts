/**
 * The one way to the Kubernetes API: authentication, retry, errors an operator can read, and a fence for those who need
 * one before every change. Answers are parsed by their caller's schema; errors carry status, reason and message, never headers or bodies.
 */
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import type { HttpAnswer } from '../http/answer.ts';
import { ConnectionPool } from '../http/pool.ts';
import { type ProxyVariables, proxyFor } from '../http/proxy.ts';
import { type RetryPolicy, withRetry } from '../http/retry.ts';
import type { RequestFailures } from '../http/trouble.ts';
import type { Clock } from '../lib/clock.ts';
import type { Failure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import type { Redactor } from '../lib/redact.ts';
import { type HttpResponse, textOf } from './answers.ts';
import { Authorization } from './authorization.ts';
import { connectionFailures } from './connection-failure.ts';
import { header } from './impersonation.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { type LineStream, readLines, type StreamRequest } from './line-stream.ts';
import { Outage } from './outage.ts';
import { Readiness } from './readiness.ts';
import { type Asked, type ClusterHints, notFromKubernetes, refusal } from './refusal.ts';

export { malformedAnswer, parseAnswer, parseJson } from './answers.ts';
export type { LineStream, StreamRequest } from './line-stream.ts';
export type { ClusterHints } from './refusal.ts';

export interface ClusterRequest {
  /** A PATCH is a JSON merge patch. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Sent as JSON; undefined for none. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
  /** Another identity than ours: a member's token that is being tried. */
  readonly bearer?: string;
  /** Replaces `application/json`: such as `partialMetadata`, which leaves out what is secret. */
  readonly accept?: string;
  /** As whom to act, where our own identity may impersonate. */
  readonly impersonate?: string;
  /** Statuses other than 2xx that the caller handles; anything else throws. */
  readonly expected?: readonly number[];
  readonly policy?: RetryPolicy;
}

export interface ClusterClientOptions {
  readonly access: ClusterAccess;
  readonly connections: number;
  readonly userAgent: string;
  readonly proxyEnv: ProxyVariables;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly hints?: ClusterHints;
  /** How patient `call` is where a request does not say it. */
  readonly policy?: RetryPolicy;
}

const acceptJson = 'application/json, */*;q=0.1';
/** For what is only wanted by names, labels and annotations: a list, and a single object. */
export const partialMetadata = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
export const partialMetadataOfOne = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

const requestTimeoutMs = 30_000;
const connectTimeoutMs = 10_000;
const longestAnswer = 64 * 1024 * 1024;
/** A process that lives for months must not go by what one answer said on its first day: two clocks drift apart. */
const serverTimeTrustedMs = 60_000;
/** What a load balancer answers while no API server stands behind it. */
const awayStatuses: readonly number[] = [502, 503, 504];

/** One API server, and who we are there. */
export interface ClusterClient {
  readonly access: ClusterAccess;
  /** How many requests were sent, retries included. */
  readonly requests: number;
  /** The API server's wall clock (milliseconds since the epoch, to the second), from its latest Date header read. */
  readonly serverTime: number | undefined;
  /**
   * One call, retried while its failure is transient.
   * @throws Failure (kind cluster) with the status and the API server's own reason; the signal's reason when aborted
   */
  call(request: ClusterRequest): Promise<HttpResponse>;
  /** One call, one attempt: for callers on the hot path, which retry what failed. */
  once(request: ClusterRequest): Promise<HttpResponse>;
  /**
   * A GET whose answer is read line by line as it comes, such as a watch's: one attempt, over a connection of its own.
   * Resolves once the API server has accepted it; when the lines end without an error, the API server ended them.
   * @throws as `call` does, here and while the lines are read
   */
  stream(request: StreamRequest): Promise<LineStream>;
  /**
   * The same client with a fence: `check` runs right before each change leaves this process, and what it throws stops
   * the change. Connections, counts and the server's time stay common to both; closing one closes both.
   */
  withFence(check: Fence): FencedClient;
  close(): void;
}

/** A client whose changes stop once its fence says so. A type of its own, so that who needs one can't be given another. */
export interface FencedClient extends ClusterClient {
  readonly isFenced: true;
}

/** @throws what is to stop a change */
type Fence = () => void;

export function openClient(options: ClusterClientOptions): ClusterClient {
  return new UnfencedClient(options);
}

function fenced(client: UnfencedClient, check: Fence): FencedClient {
  return {
    isFenced: true,
    access: client.access,
    get requests() {
      return client.requests;
    },
    get serverTime() {
      return client.serverTime;
    },
    call: (request) => client.call(request, check),
    once: (request) => client.once(request, check),
    stream: (request) => client.stream(request),
    withFence: (another) =>
      fenced(client, () => {
        check();
        another();
      }),
    close: () => client.close(),
  };
}

class UnfencedClient implements ClusterClient {
  readonly access: ClusterAccess;
  readonly #options: ClusterClientOptions;
  readonly #closing = new AbortController();
  /** Every pool that may still have a request under way. */
  readonly #pools = new Set<ConnectionPool>();
  #pool: ConnectionPool;
  /** What the pool's connections show. */
  #certificate: ConnectionOptions['cert'];
  #bearerPool: ConnectionPool | undefined;
  readonly #authorization: Authorization;
  readonly #commonHeaders: readonly string[];
  readonly #failures: RequestFailures;
  readonly #outage: Outage;
  readonly #readiness: Readiness;
  #requests = 0;
  #serverTimeMs: number | undefined;
  #serverTimeTakenAt = 0;

  constructor(options: ClusterClientOptions) {
    this.access = options.access;
    this.#options = options;
    this.#outage = new Outage(options.log);
    this.#readiness = new Readiness(options.clock);
    this.#failures = connectionFailures(options.access, { requestTimeoutMs, outage: this.#outage });
    this.#pool = this.#openPool(options.access.tls);
    this.#certificate = options.access.tls.cert;
    this.#commonHeaders = ['user-agent', options.userAgent, 'accept', acceptJson];
    this.#authorization = new Authorization(options.access.credential, options);
  }

  get requests(): number {
    return this.#requests;
  }

  get serverTime(): number | undefined {
    if (this.#serverTimeMs === undefined) return undefined;
    return this.#serverTimeMs + (this.#options.clock.monotonic() - this.#serverTimeTakenAt);
  }

  withFence(check: Fence): FencedClient {
    return fenced(this, check);
  }

  async call(request: ClusterRequest, fence?: Fence): Promise<HttpResponse> {
    const { clock, random, log } = this.#options;
    const policy = request.policy ?? this.#options.policy;
    return withRetry(() => this.once(request, fence), {
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        // A closed client has nothing to wait for.
        sleep: (ms) => clock.sleep(ms, AbortSignal.any([request.signal, this.#closing.signal])),
      },
      random,
      signal: request.signal,
      ...(policy === undefined ? {} : { policy }),
      onRetry: (failure, attempt, waitMs) =>
        log.debug(`${failure.message}; attempt ${attempt + 1} in ${Math.round(waitMs)} ms`, { path: request.path }),
    });
  }

  async once(request: ClusterRequest, fence?: Fence): Promise<HttpResponse> {
    const { method, path, body, signal, bearer } = request;
    this.#closing.signal.throwIfAborted();
    if (bearer === undefined && this.#authorization.expired) await this.#renew();
    this.#requests++;
    // A review of someone's token is a POST that changes nothing; so is a TokenRequest, but its token must not be minted unfenced.
    const changes = method !== 'GET' && bearer === undefined;
    const pool = bearer === undefined ? this.#pool : this.#poolForBearer();
    let authorization: string | undefined;
    const answer = await pool.send({
      method,
      path,
      headers: () => {
        authorization = bearer === undefined ? this.#authorization.value() : `Bearer ${bearer}`;
        return this.#headers(request, authorization);
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      beforeSend: changes ? fence : undefined,
    });
    return this.#judge(request, answer, authorization);
  }

  async stream(request: StreamRequest): Promise<LineStream> {
    const { query, signal, idleTimeoutMs } = request;
    this.#closing.signal.throwIfAborted();
    if (this.#authorization.expired) await this.#renew();
    this.#requests++;
    const path = query === undefined ? request.path : `${request.path}?${new URLSearchParams(query).toString()}`;
    const asked = { ...request, method: 'GET' as const, path };
    let authorization: string | undefined;
    const headers = () => {
      authorization = this.#authorization.value();
      return this.#headers(asked, authorization);
    };
    const stream = await this.#pool.stream({ method: 'GET', path, headers, body: undefined, signal, idleTimeoutMs });
    const judge = async (answer: HttpAnswer) => void (await this.#judge(asked, answer, authorization));
    return readLines(stream, asked, { judge, requestTimeoutMs });
  }

  /** Whatever is still under way fails at once, waits between attempts included. */
  close(): void {
    this.#closing.abort(this.#failures.closed());
    this.#outage.close();
    for (const pool of this.#pools) pool.close();
  }

  async #renew(): Promise<void> {
    await this.#authorization.renew();
    this.#showCurrentCertificate();
  }

  /** @throws Failure for what is no answer to build on */
  async #judge(request: Judged, answer: HttpAnswer, authorization: string | undefined): Promise<HttpResponse> {
    const response = textOf(answer);
    const { status } = response;
    if (awayStatuses.includes(status)) {
      this.#readiness.wasAway();
      this.#outage.began(`the Kubernetes API server ${this.access.server.origin} answers with ${status}`);
    } else this.#outage.ended();
    const passing = isDenial(status) ? await this.#passingReason(request, status, authorization) : undefined;
    if (passing !== undefined) throw this.#refusal(request, response, passing);
    if ((status >= 200 && status < 300) || request.expected?.includes(status)) {
      // A 404 page of a load balancer must not pass for "there is no such account", nor its 200 for "deleted". The API
      // server itself answers a path that it doesn't serve, as /openid may be, in plain text.
      const isJson = /json/i.test(response.header('content-type') ?? '');
      if ((status < 300 || request.path.startsWith('/api')) && !isJson)
        throw notFromKubernetes(request, status, this.access);
      if (request.bearer === undefined) this.#authorization.accepted();
      if (this.#isServerTimeOld()) this.#takeServerTime(response);
      return response;
    }
    throw this.#refusal(request, response, undefined);
  }

  #openPool(options: ConnectionOptions): ConnectionPool {
    const { access, connections, proxyEnv } = this.#options;
    const pool = new ConnectionPool({
      server: access.server,
      // Made once: each connection would read certificates and key again.
      tls: { ...options, secureContext: createSecureContext(options) },
      proxy: access.proxy ?? proxyFor(access.server, proxyEnv),
      connectTimeoutMs,
      size: connections,
      requestTimeoutMs,
      longestAnswer,
      failures: this.#failures,
      onSlow: () => this.#outage.began(`the Kubernetes API server ${access.server.origin} does not answer yet`),
      onLoss: () => this.#readiness.wasAway(),
    });
    this.#pools.add(pool);
    return pool;
  }

  /** New connections where a plugin gave another client certificate. What is under way on the old ones goes on. */
  #showCurrentCertificate(): void {
    const { credential, tls: shared } = this.#options.access;
    const current = credential.kind === 'exec' ? credential.plugin.login.tls : {};
    if (current.cert === undefined || current.cert === this.#certificate) return;
    this.#certificate = current.cert;
    const old = this.#pool;
    this.#pool = this.#openPool({ ...shared, ...current });
    void old.retire().then(() => this.#pools.delete(old));
  }

  /** Why a denial, even one that the caller expects, is no verdict yet; undefined when it is one. */
  async #passingReason(
    { bearer, signal }: Judged,
    status: number,
    authorization: string | undefined,
  ): Promise<'settling' | 'rotated' | undefined> {
    if (status === 401 && bearer === undefined) {
      const rotated = await this.#authorization.replaced(authorization);
      this.#showCurrentCertificate();
      if (rotated) return 'rotated';
    }
    return (await this.#readiness.isSettling(() => this.#readyz(signal))) ? 'settling' : undefined;
  }

  /** Asked without credentials: who has none is known from the first moment on. */
  async #readyz(signal: AbortSignal): Promise<number> {
    this.#requests++;
    const headers = () => this.#commonHeaders;
    const request = { method: 'GET', path: '/readyz', headers, body: undefined, signal } as const;
    return (await this.#poolForBearer().send(request)).status;
  }

  /** A client certificate speaks for its whole connection, louder than any bearer token: another's token goes without. */
  #poolForBearer(): ConnectionPool {
    const { cert, key, ...anonymous } = this.#options.access.tls;
    if (cert === undefined && key === undefined) return this.#pool;
    this.#bearerPool ??= this.#openPool(anonymous);
    return this.#bearerPool;
  }

  #headers(request: Sent, authorization: string | undefined): readonly string[] {
    const { method, body, accept, bearer, impersonate } = request;
    const [, userAgent = ''] = this.#commonHeaders;
    const headers = accept === undefined ? [...this.#commonHeaders] : ['user-agent', userAgent, 'accept', accept];
    // Another's token speaks for itself.
    if (impersonate !== undefined) headers.push(...header('impersonate-user', impersonate));
    else if (bearer === undefined) headers.push(...this.access.impersonation);
    if (body !== undefined)
      headers.push('content-type', method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
    if (authorization !== undefined) headers.push('authorization', authorization);
    return headers;
  }

  #isServerTimeOld(): boolean {
    const age = this.#options.clock.monotonic() - this.#serverTimeTakenAt;
    return this.#serverTimeMs === undefined || age > serverTimeTrustedMs;
  }

  #takeServerTime(response: HttpResponse): void {
    const date = Date.parse(response.header('date') ?? '');
    if (Number.isNaN(date)) return;
    this.#serverTimeMs = date;
    this.#serverTimeTakenAt = this.#options.clock.monotonic();
  }

  #refusal(asked: Asked, response: HttpResponse, passing: 'settling' | 'rotated' | undefined): Failure {
    const { clock, access, redactor, hints = {} } = this.#options;
    return refusal(asked, response, { access, redactor, hints, nowMs: clock.now(), passing });
  }
}

function isDenial(status: number): boolean {
  return status === 401 || status === 403;
}

/** What decides about an answer. */
type Judged = Asked & Pick<ClusterRequest, 'bearer' | 'expected' | 'signal'>;
/** What a request's headers are made of. */
type Sent = Pick<ClusterRequest, 'method' | 'body' | 'accept' | 'bearer' | 'impersonate'>;
