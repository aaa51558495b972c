/** ServiceAccount tokens as credentials: requested, their claims and signature checked, tried on the API server. */
import type { ClusterClient } from '../kube/client.ts';
import { type Claims, serviceAccountUser } from '../kube/token-claims.ts';
import { Failure } from '../lib/failure.ts';
import { Secret } from '../lib/secret.ts';
import type { AccountOfToken, Issuer } from './issuer.ts';
import { openKeyRing } from './key-ring.ts';
import { type MintedToken, type MintRequest, mintToken, reviewToken } from './token-request.ts';
import { checkClaims, checkSignature } from './verify.ts';

/** @param signal for the whole time in which tokens are issued: the keys may have to be fetched again */
export async function openTokenIssuer(
  client: ClusterClient,
  request: MintRequest,
  signal: AbortSignal,
): Promise<Issuer> {
  const keyRing = await openKeyRing(client, signal);
  /** @returns whether the signature was checked */
  const checkSigner = async (minted: MintedToken, claims: Claims, { name }: AccountOfToken): Promise<boolean> => {
    if (keyRing.keys === undefined) return false;
    let verdict = checkSignature(minted.token, claims, keyRing.keys);
    if (verdict === 'unknown-key') {
      const refreshed = await keyRing.refreshed();
      verdict = refreshed === undefined ? 'unknown-key' : checkSignature(minted.token, claims, refreshed);
    }
    if (verdict === 'invalid')
      throw new Failure('token', `the signature of the token for ${name} is not one of the cluster's`);
    return verdict === 'valid';
  };
  return {
    get canCheckSignatures() {
      return keyRing.keys !== undefined;
    },
    issue: async (account, issueSignal) => {
      const minted = await mintToken(client, account, request, issueSignal);
      const { namespace } = request;
      const claims = checkClaims(minted.token, { namespace, name: account.name, uid: account.uid, ...minted });
      return {
        secret: new Secret(minted.token),
        expiresAt: claims.expiresAt,
        grantedSeconds: minted.grantedSeconds,
        isSignatureChecked: await checkSigner(minted, claims, account),
        issuer: claims.issuer,
      };
    },
    tryLive: async ({ name }, { secret }, trySignal) => {
      const review = await reviewUnlessForbidden(client, secret, trySignal);
      if (review === 'not allowed') return review;
      if (review === undefined) return 'rejected';
      if (review.username === serviceAccountUser(request.namespace, name)) return 'accepted';
      throw new Failure(
        'token',
        `the API server takes the token of ${name} for ${review.username}; nothing was delivered`,
      );
    },
  };
}

async function reviewUnlessForbidden(
  client: ClusterClient,
  secret: Secret,
  signal: AbortSignal,
): Promise<{ readonly username: string } | undefined | 'not allowed'> {
  try {
    return await reviewToken(client, secret.reveal(), signal);
  } catch (error) {
    if (error instanceof Failure && (error.status === 403 || error.status === 404)) return 'not allowed';
    throw error;
  }
}
