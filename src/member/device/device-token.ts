/**
 * This device's current token. In the first half of its life it comes from the cache and nobody is asked. Then the
 * gateway is asked for the next one; while it can't be reached, the token at hand serves for the other half. kubectl runs
 * the plugin again when the cluster has answered 401: who comes back for the very token it was just given gets a new one.
 */
import path from 'node:path';
import { paths, tokenSchema } from '../../devices/wire.ts';
import { Failure, toFailure } from '../../lib/failure.ts';
import { Secret } from '../../lib/secret.ts';
import { type CurrentToken, cameBack, recent } from '../current-token.ts';
import type { MemberEnvironment } from '../environment.ts';
import type { Places } from '../places.ts';
import { type CachedToken, openTokenCache, type TokenCache } from '../token-cache.ts';
import { type OwnDevice, readOwnDevice, writeOwnDevice } from './device-file.ts';
import { openGateway } from './gateway-client.ts';

/** How long the gateway may take: kubectl waits, and with a token at hand there is a way on. */
const patienceMs = { withFallback: 3_000, without: 10_000 };
/** A token that lives longer than this is no reason to say that the gateway is away. */
const endsSoonMs = 10 * 60_000;

/** @throws Failure (login, site) that says what the member can do */
export async function deviceToken(
  environment: MemberEnvironment,
  places: Places,
  device: OwnDevice,
): Promise<CurrentToken> {
  const { clock, parentPid } = environment;
  const now = clock.now();
  const cache = cacheOf(places, device);
  const cached = await cache.read();
  const before = cached === undefined ? undefined : recent(await cache.givenTo(parentPid, cached.token), now);
  if (cached !== undefined && isYoung(cached, now) && !cameBack(before)) {
    await cache.rememberGiven(parentPid, cached.token, { at: now, renewed: before?.renewed ?? false });
    return { ...cached, note: undefined };
  }
  const fallback = cached !== undefined && cached.expiresAt > now ? cached : undefined;
  try {
    const renewed = await renewDevice(environment, places, device, fallback === undefined);
    await cache.rememberGiven(parentPid, renewed.token, { at: now, renewed: before !== undefined });
    return { ...renewed, note: undefined };
  } catch (error) {
    const failure = toFailure(error);
    const isAway = failure.kind === 'site';
    // The gateway's word is that of the cluster: a device that it doesn't know any more has no token that works.
    if (fallback === undefined || !isAway) throw failure;
    await cache.rememberGiven(parentPid, fallback.token, { at: now, renewed: before !== undefined });
    return { ...fallback, note: fallback.expiresAt - now > endsSoonMs ? undefined : failure };
  }
}

/** The next token, kept. @throws Failure (login, site) */
export async function renewDevice(
  environment: MemberEnvironment,
  places: Places,
  device: OwnDevice,
  isPatient: boolean,
): Promise<CachedToken> {
  const timeoutMs = isPatient ? patienceMs.without : patienceMs.withFallback;
  const gateway = openGateway(environment, device.gateway, timeoutMs);
  const signer = { name: device.device, key: device.key, nonce: device.nonce };
  const { token, expiresAt, nonce } = await gateway.asDevice(signer, paths.token, tokenSchema);
  const fresh = { token: new Secret(token), expiresAt: Date.parse(expiresAt), fetchedAt: environment.clock.now() };
  // Who has logged out meanwhile, or in again, stays so. Of two kubectls at once either nonce may be kept: an old one
  // costs the next renewal one more request.
  const stored = await readOwnDevice(environment, places, device.name);
  if (stored?.device !== device.device || stored.key.d !== device.key.d) return fresh;
  await writeOwnDevice(places, { ...stored, nonce }).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
  });
  await cacheOf(places, device).write(fresh);
  return fresh;
}

export function cacheOf({ tokens }: Places, { name, device }: OwnDevice): TokenCache {
  return openTokenCache(path.join(tokens, name), device);
}

/** In the first half of its life; a clock that was set back makes it old. */
function isYoung({ fetchedAt, expiresAt }: CachedToken, now: number): boolean {
  return fetchedAt <= now && now < fetchedAt + (expiresAt - fetchedAt) / 2;
}
