/**
 * Mints a token for every member and checks its claims and its signature as it comes; which of them are to be tried live
 * as well is said. One request a member; what fails for the moment is tried again, what fails for good is that member's outcome.
 */
import pMap from 'p-map';
import type { TokenMap } from '../deliveries/token-map.ts';
import { withRetry } from '../http/retry.ts';
import type { Claims } from '../issuers/claims.ts';
import { fetchSigningKeys, type MintedToken, mintToken } from '../issuers/token.ts';
import { checkClaims, checkSignature, parseSigningKeys, type SigningKeys } from '../issuers/verify.ts';
import { Failure, isSystemic, withContext } from '../lib/failure.ts';
import { Secret } from '../lib/secret.ts';
import type { Holder } from './apply.ts';
import type { RunContext } from './context.ts';
import type { Outcomes } from './outcomes.ts';

/** How many tokens are tried on the API server itself; more where their signatures can't be checked. */
const triedLive = 3;
const triedLiveWithoutKeys = 20;

/** A token kept aside to be tried. */
export interface Trial {
  readonly holder: Holder;
  readonly token: Secret;
}

/** The cluster's public keys, fetched again when a token names one that is not among them (rotation). */
export interface KeyRing {
  readonly keys: SigningKeys | undefined;
  refreshed(): Promise<SigningKeys | undefined>;
}

export async function openKeyRing({ client, log }: RunContext, signal: AbortSignal): Promise<KeyRing> {
  const fetchKeys = async (): Promise<SigningKeys | undefined> => {
    const document = await fetchSigningKeys(client, signal);
    return document === 'forbidden' ? undefined : parseSigningKeys(document);
  };
  let keys = await fetchKeys();
  if (keys === undefined) {
    log.warn(
      `the cluster doesn't let us read its signing keys (/openid/v1/jwks), so signatures can't be checked; ${triedLiveWithoutKeys} tokens are tried live instead`,
    );
  }
  let refreshing: Promise<SigningKeys | undefined> | undefined;
  return {
    get keys() {
      return keys;
    },
    refreshed: () => {
      // Many tokens find the new key missing at the same moment: one request serves them all.
      refreshing ??= fetchKeys()
        .then((fetched) => {
          // Readable a moment ago and forbidden now, as by an API server that has just started: the tokens whose key is
          // not among those that we have are tried live, each one.
          keys = fetched ?? keys;
          return keys;
        })
        .finally(() => {
          refreshing = undefined;
        });
      return refreshing;
    },
  };
}

/** @returns the tokens to be tried live, among them every one whose signature could not be checked, and one of each issuer */
export async function mintAll(
  context: RunContext,
  holders: readonly Holder[],
  { map, keyRing, outcomes, signal }: { map: TokenMap; keyRing: KeyRing; outcomes: Outcomes; signal: AbortSignal },
): Promise<Trial[]> {
  const { client, settings, clock, random, log, progress } = context;
  const request = {
    namespace: settings.accounts.namespace,
    lifetimeSeconds: settings.token.lifetime,
    audiences: settings.token.audiences,
  };
  const chosen = chooseTrials(holders, keyRing.keys === undefined ? triedLiveWithoutKeys : triedLive, random);
  const trials: Trial[] = [];
  /** The API server accepts its own issuers alone, and a right signature doesn't say whose it is: one of each is tried. */
  const issuersTried = new Set<string | undefined>();
  progress.start('minting', holders.length);
  const mintOne = async (holder: Holder): Promise<void> => {
    const minted = await withRetry(() => mintToken(client, holder.account, request, signal), {
      clock,
      random,
      signal,
      onRetry: (failure, attempt) =>
        log.debug(`minting for ${holder.account.name}: ${failure.message} (attempt ${attempt + 1})`),
    });
    const { claims, signatureChecked } = await check(minted, holder, { namespace: request.namespace, keyRing });
    requireFuture(claims, client.serverTime);
    map.add(holder.member.directoryUuid, minted.token);
    outcomes.tokenMinted(minted.grantedSeconds, claims.expiresAt);
    const otherIssuer = !issuersTried.has(claims.issuer);
    issuersTried.add(claims.issuer);
    if (chosen.has(holder) || otherIssuer || (!signatureChecked && keyRing.keys !== undefined))
      trials.push({ holder, token: new Secret(minted.token) });
  };
  await pMap(
    holders,
    async (holder) => {
      try {
        await mintOne(holder);
      } catch (error) {
        if (isSystemic(error) || signal.aborted) throw withContext('minting tokens', error);
        outcomes.failed(holder.member, withContext(`no token for ${holder.account.name}`, error));
      }
      progress.advance();
    },
    { concurrency: settings.mintConcurrency, signal },
  );
  progress.end();
  return trials;
}

async function check(
  minted: MintedToken,
  { account }: Holder,
  { namespace, keyRing }: { namespace: string; keyRing: KeyRing },
): Promise<{ claims: Claims; signatureChecked: boolean }> {
  const claims = checkClaims(minted.token, { namespace, name: account.name, uid: account.uid, ...minted });
  if (keyRing.keys === undefined) return { claims, signatureChecked: false };
  let verdict = checkSignature(minted.token, claims, keyRing.keys);
  if (verdict === 'unknown-key') {
    const refreshed = await keyRing.refreshed();
    verdict = refreshed === undefined ? 'unknown-key' : checkSignature(minted.token, claims, refreshed);
  }
  if (verdict === 'invalid')
    throw new Failure('token', `the signature of the token for ${account.name} is not one of the cluster's`);
  return { claims, signatureChecked: verdict === 'valid' };
}

/** By the API server's clock: a pod's own may be wrong. */
function requireFuture(claims: Claims, serverTimeMs: number | undefined): void {
  if (serverTimeMs !== undefined && claims.expiresAt * 1_000 <= serverTimeMs) {
    throw new Failure('token', "the token has expired already by the API server's own clock");
  }
}

/** Some of the new accounts and some of the old ones, chosen by chance. */
function chooseTrials(holders: readonly Holder[], count: number, random: () => number): ReadonlySet<Holder> {
  const chosen = new Set<Holder>();
  for (const group of [holders.filter(({ fresh }) => fresh), holders.filter(({ fresh }) => !fresh)]) {
    for (let tries = 0; tries < Math.min(count, group.length); tries++) {
      const holder = group[Math.floor(random() * group.length)];
      if (holder !== undefined) chosen.add(holder);
    }
  }
  return chosen;
}
