/**
 * A member's current token, as kubectl's plugin gives it. Fresh enough: taken from the cache, PoolC isn't asked. Older:
 * PoolC is asked first, and the cached token serves while it lives where PoolC has nothing better. kubectl runs the
 * plugin again when the cluster has answered 401, without saying so: who comes back for the very token it was just given
 * gets one that PoolC was asked for, once.
 */
import { readClaims } from '../kube/token-claims.ts';
import { Failure, toFailure } from '../lib/failure.ts';
import { loginMessages } from '../lib/messages/member-login.ts';
import { tokenMessages as messages } from '../lib/messages/member-token.ts';
import type { Secret } from '../lib/secret.ts';
import type { MemberEnvironment } from './environment.ts';
import { type LoggedInCluster, readKnownCluster, renewLogin } from './logins.ts';
import { ownCommand } from './own-command.ts';
import { lifetimeOf, type OwnToken, openSite, type Site } from './site.ts';
import type { CachedToken, Given, TokenCache } from './token-cache.ts';

export interface CurrentToken {
  readonly token: Secret;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Why it is not the one that PoolC has, where the member should know. */
  readonly note: Failure | undefined;
}

/** How long a token is used without asking PoolC, from when it was fetched. */
const unaskedMs = 5 * 60_000;
/** A token with less time left than this isn't used unasked: it may die on the way. */
const closeToDeathMs = 60_000;
/** How long PoolC may take: kubectl waits, and with a token at hand there is a way on. */
const patienceMs = { withFallback: 3_000, without: 10_000 };
/** How long PoolC is left alone after a request timed out; kubectl runs a failing plugin five times over. */
const silenceMs = 30_000;
/** PoolC's silence is worth a word only when the token at hand ends soon. */
const endsSoonMs = 24 * 3_600_000;
const noticeableSkewMs = 5 * 60_000;

/** @throws Failure (login, token, site) that says what the member can do */
export async function currentToken(
  environment: MemberEnvironment,
  cluster: LoggedInCluster,
  cache: TokenCache,
  loginsFolder: string,
): Promise<CurrentToken> {
  const { clock, parentPid } = environment;
  const now = clock.now();
  const cached = await cache.read();
  const before = cached === undefined ? undefined : recent(await cache.givenTo(parentPid, cached.token), now);

  if (cached !== undefined && goodUnasked(cached, now) && !cameBack(before)) {
    await cache.rememberGiven(parentPid, cached.token, { at: now, renewed: before?.renewed ?? false });
    return { ...cached, note: undefined };
  }

  const token = await askedOrCached(environment, { cluster, cache, cached, before, loginsFolder, now });
  await requireLogin(environment, { loginsFolder, cluster, cache });
  return token;
}

interface Asking {
  readonly cluster: LoggedInCluster;
  readonly cache: TokenCache;
  readonly cached: CachedToken | undefined;
  /** When this parent was last given the cached token. */
  readonly before: Given | undefined;
  readonly loginsFolder: string;
  readonly now: number;
}

/** PoolC's word on the token, or the cached one while it lives and PoolC can't be asked. */
async function askedOrCached(
  environment: MemberEnvironment,
  { cluster, cache, cached, before, loginsFolder, now }: Asking,
): Promise<CurrentToken> {
  const { parentPid } = environment;
  const fallback = cached !== undefined && cached.expiresAt > now ? cached : undefined;
  try {
    const fetched = await fetchToken(environment, { cluster, cache, cached, fallback, loginsFolder });
    const same = cached?.token.reveal() === fetched.token.reveal();
    await cache.write(fetched);
    await cache.rememberGiven(parentPid, fetched.token, { at: now, renewed: same && before !== undefined });
    return { ...fetched, note: undefined };
  } catch (error) {
    const failure = toFailure(error);
    const unreachable = failure.kind === 'site';
    // Who came back was refused by the cluster: with PoolC's word against it too, the old token is no way on.
    if (fallback === undefined || (cameBack(before) && !unreachable)) throw failure;
    await cache.rememberGiven(parentPid, fallback.token, { at: now, renewed: before !== undefined });
    const quiet = unreachable && fallback.expiresAt - now > endsSoonMs;
    return { ...fallback, note: quiet ? undefined : failure };
  }
}

/** A logout while PoolC was being asked leaves no token behind: it takes the login away first, the cache afterwards. */
async function requireLogin(
  environment: MemberEnvironment,
  { loginsFolder, cluster: { name, login }, cache }: Pick<Asking, 'loginsFolder' | 'cluster' | 'cache'>,
): Promise<void> {
  const stored = await readKnownCluster(environment, loginsFolder, name);
  if (stored?.login?.id === login.id) return;
  await cache.clear();
  throw new Failure('login', messages.loggedOutMeanwhile({ cluster: name }), {
    hint: messages.runAgain({ command: ownCommand(environment, 'login', '--name', name) }),
  });
}

function goodUnasked({ fetchedAt, expiresAt }: CachedToken, now: number): boolean {
  return fetchedAt <= now && now - fetchedAt < unaskedMs && expiresAt - now > closeToDeathMs;
}

/** Whether a parent has come back for the token it was given, as kubectl does when the cluster refused it. */
export function cameBack(before: Given | undefined): boolean {
  return before !== undefined && !before.renewed;
}

export function recent(given: Given | undefined, now: number): Given | undefined {
  return given !== undefined && given.at <= now && now - given.at < unaskedMs ? given : undefined;
}

interface Fetch extends Omit<Asking, 'before' | 'now'> {
  /** The cached token while it lives. */
  readonly fallback: CachedToken | undefined;
}

async function fetchToken(
  environment: MemberEnvironment,
  { cluster, cache, cached, fallback, loginsFolder }: Fetch,
): Promise<CachedToken> {
  const { clock } = environment;
  const silentUntil = await cache.silentUntil();
  const now = clock.now();
  if (silentUntil !== undefined && now < silentUntil && silentUntil - now <= silenceMs) throw silent(cluster);
  const patience = fallback === undefined ? patienceMs.without : patienceMs.withFallback;
  const site = openSite(cluster.site, environment, patience);
  const startedAt = clock.monotonic();
  try {
    const [answer] = await Promise.all([
      site.ownToken(cluster.login.accessToken),
      stayLoggedIn(environment, { site, cluster, loginsFolder, now }),
    ]);
    return aliveToken(environment, answer, { cluster, now, hadToken: cached !== undefined });
  } catch (error) {
    if (clock.monotonic() - startedAt >= patience) await cache.rememberSilence(now + silenceMs);
    throw error;
  }
}

/** Exchanges the site's JWT for a fresh one in the second half of its life. Failing at that is for the next time. */
async function stayLoggedIn(
  environment: MemberEnvironment,
  { site, cluster, loginsFolder, now }: { site: Site } & Pick<Asking, 'cluster' | 'loginsFolder' | 'now'>,
): Promise<void> {
  const lifetime = lifetimeOf(cluster.login.accessToken);
  if (lifetime === undefined || now >= lifetime.expiresAt || now < (lifetime.issuedAt + lifetime.expiresAt) / 2) return;
  try {
    const renewed = await site.renew(cluster.login.accessToken);
    if (renewed !== undefined) await renewLogin(environment, loginsFolder, { cluster, accessToken: renewed });
  } catch {
    // What is wrong with the site is said by the request for the token, which is under way.
  }
}

/** The token in PoolC's answer. @throws Failure (login, token) in the member's words for every other answer */
export function aliveToken(
  environment: MemberEnvironment,
  answer: OwnToken,
  { cluster, now, hadToken }: { cluster: LoggedInCluster; now: number; hadToken: boolean },
): CachedToken {
  const command = () => ownCommand(environment, 'login', '--name', cluster.name);
  if (answer.kind === 'not logged in') {
    const expiresAt = lifetimeOf(cluster.login.accessToken)?.expiresAt;
    if (expiresAt === undefined || expiresAt <= now) {
      const agoSeconds = expiresAt === undefined ? undefined : (now - expiresAt) / 1_000;
      throw new Failure('login', messages.loginExpired({ agoSeconds }), {
        hint: messages.logInAgain({ command: command() }),
      });
    }
    throw new Failure('login', messages.loginRefused(), { hint: messages.logInAgainOrGone({ command: command() }) });
  }
  if (answer.kind === 'no token') {
    throw hadToken
      ? new Failure('login', messages.noTokenAnyMore(), { hint: messages.leftOut() })
      : new Failure('login', messages.noToken(), { hint: messages.joinedOrLeftOut() });
  }
  const expiresAt = expiryOf(answer.token);
  if (expiresAt <= now) throw late(answer, now - expiresAt, now);
  return { token: answer.token, expiresAt, fetchedAt: now };
}

function late({ siteTime }: { siteTime: number | undefined }, overdueMs: number, now: number): Failure {
  const skew = siteTime === undefined ? 0 : now - siteTime;
  const clock =
    Math.abs(skew) < noticeableSkewMs
      ? ''
      : messages.clockIsOff({ seconds: Math.abs(skew) / 1_000, isAhead: skew > 0 });
  return new Failure('token', messages.tokenIsLate({ seconds: overdueMs / 1_000 }), {
    hint: messages.tellOperators({ clock }),
  });
}

function silent({ site }: LoggedInCluster): Failure {
  return new Failure('site', messages.leftAlone({ site: loginMessages.site({ host: site.host }) }), {
    hint: messages.isOnline(),
  });
}

function expiryOf(token: Secret): number {
  try {
    return readClaims(token.reveal()).expiresAt * 1_000;
  } catch {
    throw new Failure('token', messages.notAToken(), { hint: messages.damaged() });
  }
}
