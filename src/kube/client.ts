/**
 * The one way to the Kubernetes API: authentication, retry, errors an operator can read, and a fence for those who need
 * one before every change. Answers are parsed by their caller's schema; errors carry status, reason and message, never headers or bodies.
 */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { ProxyVariables } from '../http/proxy.ts';
import { isTransientStatus, type RetryPolicy, retryAfterOf, withRetry } from '../http/retry.ts';
import type { Clock } from '../lib/clock.ts';
import { Failure } from '../lib/failure.ts';
import type { Log } from '../lib/log.ts';
import type { Redactor } from '../lib/redact.ts';
import { withoutInvisible } from '../lib/terminal-text.ts';
import { ConnectionPool } from './connections.ts';
import type { Credential } from './credential.ts';
import type { HttpResponse } from './http1.ts';
import type { ClusterAccess } from './kubeconfig.ts';

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
}

/** What the program that uses the client can tell an operator to do, beyond what holds for any program. */
export interface ClusterHints {
  /** For a 403: where the missing right comes from, as a clause. */
  readonly forbidden?: string;
  /** For a 404 that the caller does not expect. */
  readonly notFound?: string;
}

const acceptJson = 'application/json, */*;q=0.1';
/** For what is only wanted by names, labels and annotations: a list, and a single object. */
export const partialMetadata = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
export const partialMetadataOfOne = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

const requestTimeoutMs = 30_000;
/** An API server that is starting knows neither accounts nor rights for some seconds: so long a 401 or 403 is no verdict. */
const settlingMs = 20_000;
/** What a load balancer answers while no API server stands behind it. */
const awayStatuses: readonly number[] = [502, 503, 504];
/** How long a projected token is trusted before its file is read again; the kubelet rotates it long before it expires. */
const tokenFileTtlMs = 60_000;

const statusSchema = z.object({
  message: z.string().optional(),
  reason: z.string().optional(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).optional(),
});

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
  readonly #pool: ConnectionPool;
  #bearerPool: ConnectionPool | undefined;
  readonly #userAgent: string;
  readonly #commonHeaders: string;
  #tokenFile: { readonly header: string; readonly readAt: number } | undefined;
  #requests = 0;
  /** When the API server was last seen to be away, on the monotonic clock. */
  #awayAt: number | undefined;
  #serverTimeMs: number | undefined;
  #serverTimeTakenAt = 0;

  constructor(options: ClusterClientOptions) {
    this.access = options.access;
    this.#options = options;
    this.#pool = this.#openPool(options.access.tls);
    this.#userAgent = `user-agent: ${options.userAgent}\r\n`;
    this.#commonHeaders = `${this.#userAgent}accept: ${acceptJson}\r\n`;
    const { credential } = options.access;
    if (credential.kind === 'token') options.redactor.add(credential.token.reveal());
    if (credential.kind === 'basic') options.redactor.add(credential.userAndPassword.reveal());
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
    return withRetry(() => this.once(request, fence), {
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        // A closed client has nothing to wait for.
        sleep: (ms) => clock.sleep(ms, AbortSignal.any([request.signal, this.#pool.closing])),
      },
      random,
      signal: request.signal,
      ...(request.policy === undefined ? {} : { policy: request.policy }),
      onRetry: (failure, attempt, waitMs) =>
        log.debug(`${failure.message}; attempt ${attempt + 1} in ${Math.round(waitMs)} ms`, { path: request.path }),
    });
  }

  async once(request: ClusterRequest, fence?: Fence): Promise<HttpResponse> {
    const { method, path, body, signal, bearer } = request;
    this.#pool.closing.throwIfAborted();
    this.#requests++;
    // A review of someone's token is a POST that changes nothing; so is a TokenRequest, but its token must not be minted unfenced.
    const changes = method !== 'GET' && bearer === undefined;
    const pool = bearer === undefined ? this.#pool : this.#poolForBearer();
    let authorization = '';
    const response = await pool.send({
      method,
      path,
      headers: () => {
        authorization = bearer === undefined ? this.#authorization() : `authorization: Bearer ${bearer}\r\n`;
        return this.#headers(request) + authorization;
      },
      body: body === undefined ? undefined : toAscii(JSON.stringify(body)),
      signal,
      beforeSend: changes ? fence : undefined,
    });
    if (awayStatuses.includes(response.status)) this.#wasAway();
    const passing = this.#passingReason(request, response, authorization);
    if (passing !== undefined) throw this.#failureOf(request, response, passing);
    if ((response.status >= 200 && response.status < 300) || request.expected?.includes(response.status)) {
      // A 404 page of a load balancer must not pass for "there is no such account", nor its 200 for "deleted". The API
      // server itself answers a path that it doesn't serve, as /openid may be, in plain text.
      if ((response.status < 300 || path.startsWith('/api')) && !/json/i.test(response.header('content-type') ?? ''))
        throw notFromKubernetes(request, response.status, this.access);
      if (this.#serverTimeMs === undefined) this.#takeServerTime(response);
      return response;
    }
    throw this.#failureOf(request, response, undefined);
  }

  /** Whatever is still under way fails at once, waits between attempts included. */
  close(): void {
    this.#pool.close();
    this.#bearerPool?.close();
  }

  #openPool(tls: ClusterAccess['tls']): ConnectionPool {
    const { access, connections, proxyEnv } = this.#options;
    return new ConnectionPool({
      server: access.server,
      tls,
      size: connections,
      proxyEnv,
      requestTimeoutMs,
      onLoss: () => this.#wasAway(),
    });
  }

  #wasAway(): void {
    this.#awayAt = this.#options.clock.monotonic();
  }

  /** Why a refusal, even one that the caller expects, is no verdict yet; undefined when it is one. */
  #passingReason(
    { bearer }: ClusterRequest,
    { status }: HttpResponse,
    authorization: string,
  ): 'settling' | 'rotated' | undefined {
    if (status !== 401 && status !== 403) return undefined;
    if (status === 401 && bearer === undefined && this.#tokenHasRotated(authorization)) return 'rotated';
    const settling = this.#awayAt !== undefined && this.#options.clock.monotonic() - this.#awayAt < settlingMs;
    return settling ? 'settling' : undefined;
  }

  /** A client certificate speaks for its whole connection, louder than any bearer token: another's token goes without. */
  #poolForBearer(): ConnectionPool {
    const { cert, key, ...anonymous } = this.#options.access.tls;
    if (cert === undefined && key === undefined) return this.#pool;
    this.#bearerPool ??= this.#openPool(anonymous);
    return this.#bearerPool;
  }

  #headers({ accept, impersonate }: ClusterRequest): string {
    if (accept === undefined && impersonate === undefined) return this.#commonHeaders;
    const as = impersonate === undefined ? '' : `impersonate-user: ${impersonate}\r\n`;
    return `${this.#userAgent}accept: ${accept ?? acceptJson}\r\n${as}`;
  }

  #takeServerTime(response: HttpResponse): void {
    const date = Date.parse(response.header('date') ?? '');
    if (Number.isNaN(date)) return;
    this.#serverTimeMs = date;
    this.#serverTimeTakenAt = this.#options.clock.monotonic();
  }

  #authorization(): string {
    const { credential } = this.#options.access;
    switch (credential.kind) {
      case 'certificate':
        return '';
      case 'token':
        return `authorization: Bearer ${credential.token.reveal()}\r\n`;
      case 'basic':
        return `authorization: Basic ${Buffer.from(credential.userAndPassword.reveal()).toString('base64')}\r\n`;
      case 'token-file':
        return this.#tokenFileHeader(credential);
    }
  }

  #tokenFileHeader({ file }: Extract<Credential, { kind: 'token-file' }>): string {
    const now = this.#options.clock.monotonic();
    if (this.#tokenFile === undefined || now - this.#tokenFile.readAt > tokenFileTtlMs) {
      let token: string;
      try {
        token = readFileSync(file, 'utf8').trim();
      } catch (error) {
        throw new Failure('usage', `the token file ${file} can't be read`, { cause: error });
      }
      this.#options.redactor.add(token);
      this.#tokenFile = { header: `authorization: Bearer ${token}\r\n`, readAt: now };
    }
    return this.#tokenFile.header;
  }

  /** Whether the file holds another token than the one that was just refused: then the request is worth repeating. */
  #tokenHasRotated(refused: string): boolean {
    const { credential } = this.#options.access;
    if (credential.kind !== 'token-file') return false;
    // Of many requests that are refused at once, the first has read the file anew already.
    if (this.#tokenFile?.header === refused) this.#tokenFile = undefined;
    return this.#tokenFileHeader(credential) !== refused;
  }

  #failureOf(
    { method, path }: ClusterRequest,
    response: HttpResponse,
    passing: 'settling' | 'rotated' | undefined,
  ): Failure {
    const { clock, access, redactor, hints = {} } = this.#options;
    const parsed = statusSchema.safeParse(parseJson(response.body));
    const status = response.status;
    const given = parsed.success ? parsed.data.message : undefined;
    const message =
      given === undefined
        ? `${method} ${path.split('?')[0]} was answered with ${status}`
        : // An admission webhook's lines are one sentence here; names of members may hold anything.
          withoutInvisible(redactor.redact(given).replace(/\s*\n\s*/g, ' ')).slice(0, 500);
    const retryAfterMs = retryAfterOf(response, clock.now());
    const refused = status === 401 ? `the API server does not accept our credentials (401): ${message}` : message;
    const said =
      passing === 'settling'
        ? `${refused} (it was away a moment ago and may not know accounts and rights yet)`
        : refused;
    return new Failure('cluster', said, {
      status,
      transient: isTransientStatus(status) || passing !== undefined,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(parsed.success && parsed.data.reason !== undefined ? { reason: parsed.data.reason } : {}),
      ...hintFor(status, access, hints),
    });
  }
}

function notFromKubernetes({ method, path }: ClusterRequest, status: number, { server }: ClusterAccess): Failure {
  return new Failure(
    'cluster',
    `${method} ${path.split('?')[0]} was answered with ${status} and no JSON: something in between answers for the API server ${server.origin}`,
    { status, transient: true, hint: 'is the server address of the kubeconfig that of a Kubernetes API server?' },
  );
}

function hintFor(status: number, { source }: ClusterAccess, { forbidden, notFound }: ClusterHints): { hint?: string } {
  if (status === 401) return { hint: `the credentials come from ${source}; does kubectl work with them?` };
  if (status === 403)
    return {
      hint: `grant exactly this to the account of ${source}${forbidden === undefined ? '' : `; ${forbidden}`}`,
    };
  return status === 404 && notFound !== undefined ? { hint: notFound } : {};
}

/** JSON of an answer; undefined where it is none. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The answer as `schema` says. @throws Failure (cluster) when the API server answers something else */
export function parseAnswer<T>(schema: z.ZodType<T>, response: HttpResponse, what: string): T {
  const result = schema.safeParse(parseJson(response.body));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformedAnswer(what, issue?.path.join('.') || 'its root');
}

/** An answer that isn't what the API promises: something else may be answering for the API server. */
export function malformedAnswer(what: string, where: string): Failure {
  return new Failure('cluster', `the API server's answer about ${what} is malformed at ${where}`, {
    transient: true,
    hint: 'is the server address of the kubeconfig that of a Kubernetes API server?',
  });
}

/** JSON with every non-ASCII character escaped, so that its length in bytes is its length. */
function toAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
