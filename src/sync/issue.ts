/**
 * Issues a credential for every member, checked as it comes:
 * - one request a member; what fails for the moment is tried again, what fails for good is that member's outcome;
 * - returns the credentials to try live: some by chance, every one whose signature could not be checked, and one of each
 *   signer.
 */
import pMap from 'p-map';
import type { Batch } from '../deliveries/delivery.ts';
import { withRetry } from '../http/retry.ts';
import type { Credential, Issuer } from '../issuers/issuer.ts';
import { Failure, isSystemic, withContext } from '../lib/failure.ts';
import type { Holder } from './apply.ts';
import type { SyncContext } from './context.ts';
import type { Outcomes } from './outcomes.ts';

/** How many credentials are tried on the API server itself; more where their signatures can't be checked. */
const triedLive = 3;
const triedLiveWithoutKeys = 20;

/** A credential kept aside to be tried. */
export interface Trial {
  readonly holder: Holder;
  readonly credential: Credential;
}

export async function issueAll(
  context: SyncContext,
  holders: readonly Holder[],
  { issuer, batch, outcomes, signal }: { issuer: Issuer; batch: Batch; outcomes: Outcomes; signal: AbortSignal },
): Promise<Trial[]> {
  const { target, options, clock, random, log } = context;
  if (!issuer.canCheckSignatures) {
    log.warn(
      `the cluster doesn't let us read its signing keys (/openid/v1/jwks), so signatures can't be checked; ${triedLiveWithoutKeys} tokens are tried live instead`,
    );
  }
  const chosen = chooseTrials(holders, issuer.canCheckSignatures ? triedLive : triedLiveWithoutKeys, random);
  const trials: Trial[] = [];
  /** The API server accepts its own issuers alone, and a right signature doesn't say whose it is: one of each is tried. */
  const issuersTried = new Set<string | undefined>();
  let done = 0;
  context.onIssued(done, holders.length);
  const issueOne = async (holder: Holder): Promise<void> => {
    const credential = await withRetry(() => issuer.issue(holder.account, signal), {
      clock,
      random,
      signal,
      onRetry: (failure, attempt) =>
        log.debug(`minting for ${holder.account.name}: ${failure.message} (attempt ${attempt + 1})`),
    });
    requireFuture(credential, target.client.serverTime);
    batch.add({ member: holder.member, account: holder.account, credential });
    outcomes.tokenMinted(credential.grantedSeconds, credential.expiresAt);
    const isOtherIssuer = !issuersTried.has(credential.issuer);
    issuersTried.add(credential.issuer);
    if (chosen.has(holder) || isOtherIssuer || (!credential.isSignatureChecked && issuer.canCheckSignatures))
      trials.push({ holder, credential });
  };
  await pMap(
    holders,
    async (holder) => {
      try {
        await issueOne(holder);
      } catch (error) {
        if (isSystemic(error) || signal.aborted) throw withContext('minting tokens', error);
        outcomes.failed(holder.member, withContext(`no token for ${holder.account.name}`, error));
      }
      context.onIssued(++done, holders.length);
    },
    { concurrency: options.issueConcurrency, signal },
  );
  return trials;
}

/** By the API server's clock: a pod's own may be wrong. */
function requireFuture({ expiresAt }: Credential, serverTimeMs: number | undefined): void {
  if (serverTimeMs !== undefined && expiresAt * 1_000 <= serverTimeMs) {
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
