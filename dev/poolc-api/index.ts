/**
 * The PoolC API server for development and tests: the other side of the wire, with the club's routes, limits and habits
 * (openapi.yaml), on a real database. It shares no code with the updater, so that the two can only agree on the wire.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { poolcApplication } from './application.ts';
import { awkwardMembers } from './awkward-members.ts';
import type { ClusterInfo } from './cluster-info.ts';
import { clusterInfoSchema } from './cluster-info.ts';
import type { Delivery, Member } from './database.ts';
import { openDatabase } from './database.ts';
import type { Application } from './exchange.ts';

import { pageFiles } from './page.ts';
import type { AnsweredRequest, ProxyLimits } from './proxy.ts';
import { clubLimits, proxyInFrontOf, redirectToHttps } from './proxy.ts';
import { hashPassword, siteLogin } from './site-login.ts';

export type { ClusterInfo } from './cluster-info.ts';
export type { Delivery, Member } from './database.ts';
export { DataFileError } from './database.ts';
export type { AnsweredRequest, ProxyLimits } from './proxy.ts';

export interface PoolcApiOptions {
  /** Where to listen; a free port of the loopback address unless given. */
  host?: string;
  port?: number;
  /** What the updater must send as X-API-KEY; random unless given. */
  apiKey?: string;
  /** The data file; unless given, one in a directory of its own that goes when the server is closed. */
  database?: string;
  /** The proxy's limits; the club's unless given. */
  limits?: Partial<ProxyLimits>;
  /** PEM. With both the server speaks https, and `redirectPort` may be given. */
  tls?: { cert: string; key: string };
  /** A port (0 for a free one) that answers every request with 301 to https, as the club's port 80 does. */
  redirectPort?: number;
  /** The cluster that the page and /kubernetes/cluster-info describe. */
  cluster?: ClusterInfo;
  /** Seconds that a login to the site lasts; an hour unless given. */
  sessionSeconds?: number;
  /** Characters that a login id may have; 40, as in the club's table, unless given. */
  longestLoginId?: number;
  /** Milliseconds since the epoch, for logins and the history; the system's clock unless given. */
  now?: () => number;
  /** Told after each answer, for an access log or a count. */
  onAnswer?: (answered: AnsweredRequest) => void;
}

export interface NewMember {
  /** Random unless given; any text, as in the club's table. */
  uuid?: string;
  loginId: string | null;
  /** For logging in to the site; one is made up unless given. */
  password?: string;
  /** True unless given. */
  active?: boolean;
}

/** A member together with the password that logs them in. */
export interface MemberWithPassword extends Member {
  password: string;
}

export interface PoolcApi extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` or https, without a slash at the end. */
  readonly url: string;
  /** The origin that answers 301; undefined unless asked for. */
  readonly redirectUrl: string | undefined;
  readonly apiKey: string;
  /** The path of the data file. */
  readonly database: string;
  readonly limits: Readonly<ProxyLimits>;
  /** @throws when the UUID or the login id is taken, or the login id too long. */
  addMember(member: NewMember): Promise<MemberWithPassword>;
  /** Adds `count` of awkwardMembers, from the first number that no earlier seed has used. */
  seed(count: number): MemberWithPassword[];
  /** The account goes; a stored token stays until the next delivery. The next four throw when there is no such member. */
  removeMember(uuid: string): void;
  setActive(uuid: string, active: boolean): void;
  rename(uuid: string, loginId: string | null): void;
  /** The password a member starts with, unless they were added with one. */
  initialPassword(uuid: string): string;
  members(): Member[];
  /** What is stored now: tokens by member UUID, as delivered. */
  storedTokens(): Map<string, string>;
  /** Every delivery that was committed, oldest first. */
  deliveries(): Delivery[];
  /** Replaces the description of the cluster. */
  describeCluster(cluster: ClusterInfo): void;
  /** From now on the application works as before but answers this much later: beyond the read timeout, a 504 after the commit. */
  delayAnswers(milliseconds: number): void;
  close(): Promise<void>;
}

export async function startPoolcApi(options: PoolcApiOptions = {}): Promise<PoolcApi> {
  const { host = '127.0.0.1', now = Date.now, sessionSeconds = 3_600, longestLoginId = 40 } = options;
  const limits: ProxyLimits = { ...clubLimits, ...options.limits };
  const apiKey = options.apiKey ?? randomBytes(32).toString('base64url');
  let cluster = options.cluster === undefined ? undefined : clusterInfoSchema.parse(options.cluster);
  let answerDelayMs = 0;

  // What was started is ended in the opposite order: here when something below fails, else by close().
  await using started = new AsyncDisposableStack();
  const databaseFile = options.database ?? join(await temporaryDirectory(started), 'poolc.db');
  const database = started.adopt(openDatabase(databaseFile), (open) => open.close());
  const site = siteLogin({ database, sessionSeconds, now });
  const closing = new AbortController();
  const unfinished = new Set<Promise<unknown>>();
  started.defer(async () => {
    closing.abort();
    await Promise.allSettled(unfinished);
  });

  const application = poolcApplication({
    database,
    site,
    apiKey,
    now,
    clusterInfo: () => cluster,
    page: await pageFiles(),
  });
  const behindTheProxy: Application = async (request) => {
    const work = application(request);
    unfinished.add(work);
    const answer = await work.finally(() => unfinished.delete(work));
    if (answerDelayMs > 0) await sleep(answerDelayMs, undefined, { signal: closing.signal });
    return answer;
  };
  const listener = proxyInFrontOf(behindTheProxy, { limits, onAnswer: options.onAnswer ?? (() => {}) });
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await listen(started.adopt(server, stopListening), host, options.port ?? 0);
  const redirector =
    options.redirectPort === undefined
      ? undefined
      : started.adopt(createServer(redirectToHttps(() => portOf(server))), stopListening);
  if (redirector !== undefined) await listen(redirector, host, options.redirectPort ?? 0);

  function checkLoginId(loginId: string | null): void {
    const length = Array.from(loginId ?? '').length;
    if (length > longestLoginId) throw new Error(`a login id of ${length} characters; at most ${longestLoginId} fit`);
  }

  function known(uuid: string, wasThere: boolean): void {
    if (!wasThere) throw new Error(`there is no member with the UUID ${uuid}`);
  }

  const running = started.move();
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${authority(host)}:${portOf(server)}`,
    redirectUrl: redirector === undefined ? undefined : `http://${authority(host)}:${portOf(redirector)}`,
    apiKey,
    database: databaseFile,
    limits,
    async addMember({ uuid = randomUUID(), loginId, password, active = true }) {
      checkLoginId(loginId);
      const member: Member = { uuid, loginId, active };
      const chosenPassword = password === undefined ? {} : { chosenPassword: await hashPassword(password) };
      database.addMembers([{ ...member, ...chosenPassword }]);
      return { ...member, password: password ?? site.initialPassword(uuid) };
    },
    seed(count) {
      const members = awkwardMembers(count, database.takeSeedNumbers(count)).map((member) => ({
        ...member,
        active: true,
      }));
      database.addMembers(members);
      return members.map((member) => ({ ...member, password: site.initialPassword(member.uuid) }));
    },
    removeMember: (uuid) => known(uuid, database.removeMember(uuid)),
    setActive: (uuid, active) => known(uuid, database.setActive(uuid, active)),
    rename(uuid, loginId) {
      checkLoginId(loginId);
      known(uuid, database.rename(uuid, loginId));
    },
    initialPassword: site.initialPassword,
    members: () => database.members(),
    storedTokens: () => database.tokens(),
    deliveries: () => database.deliveries(),
    describeCluster(info) {
      cluster = clusterInfoSchema.parse(info);
    },
    delayAnswers(milliseconds) {
      answerDelayMs = milliseconds;
    },
    close: () => running.disposeAsync(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function temporaryDirectory(owner: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'poolc-api-'));
  return owner.adopt(directory, (path) => rm(path, { recursive: true, force: true }));
}

function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

function stopListening(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

function authority(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
