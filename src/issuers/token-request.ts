/** TokenRequest (mint), SelfSubjectReview (try a token) and the issuer's public keys. */
import * as z from 'zod';
import { type ClusterClient, malformedAnswer, parseAnswer, parseJson } from '../kube/client.ts';
import { Failure } from '../lib/failure.ts';
import { isRecord, isStringArray } from '../lib/json.ts';
import { accountPath } from '../registry/accounts.ts';
import type { AccountOfToken } from './issuer.ts';

export interface MintRequest {
  readonly namespace: string;
  readonly lifetimeSeconds: number;
  /** Empty for the API server's own. */
  readonly audiences: readonly string[];
}

export interface MintedToken {
  readonly token: string;
  /** What the API server granted, which may be less than what was asked for. */
  readonly grantedSeconds: number;
  readonly audiences: readonly string[];
}

/**
 * A fresh token for exactly this account: the UID goes with the request, and newer API servers refuse when the account
 * was replaced by a namesake. Writes nothing to etcd. One attempt; the caller retries.
 */
export async function mintToken(
  client: ClusterClient,
  { name, uid, boundTo }: AccountOfToken,
  { namespace, lifetimeSeconds, audiences }: MintRequest,
  signal: AbortSignal,
): Promise<MintedToken> {
  const response = await client.once({
    method: 'POST',
    path: `${accountPath(namespace, name)}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { uid },
      spec: {
        expirationSeconds: lifetimeSeconds,
        ...(audiences.length === 0 ? {} : { audiences }),
        ...(boundTo === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', ...boundTo } }),
      },
    },
    signal,
  });
  const minted = readAnswer(parseJson(response.body));
  if (minted === undefined) throw malformedAnswer(`a token for ${name}`, 'its spec or status');
  return minted;
}

/** Read by hand: once for every member, a schema would cost as much as checking the signature. */
function readAnswer(answer: unknown): MintedToken | undefined {
  if (!isRecord(answer) || !isRecord(answer['spec']) || !isRecord(answer['status'])) return undefined;
  const { audiences, expirationSeconds } = answer['spec'];
  const { token } = answer['status'];
  if (typeof token !== 'string' || !tokenPattern.test(token)) return undefined;
  if (typeof expirationSeconds !== 'number' || !isStringArray(audiences) || audiences.length === 0) return undefined;
  return { token, grantedSeconds: expirationSeconds, audiences };
}

const tokenPattern = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

const reviewSchema = z.object({
  status: z.object({ userInfo: z.object({ username: z.string(), uid: z.string().optional() }) }),
});

/** Who the API server takes the bearer of this token for; undefined when it rejects the token. */
export async function reviewToken(
  client: ClusterClient,
  token: string,
  signal: AbortSignal,
): Promise<{ username: string; uid: string | undefined } | undefined> {
  const response = await client.call({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    bearer: token,
    signal,
    expected: [401],
  });
  if (response.status === 401) return undefined;
  const { userInfo } = parseAnswer(reviewSchema, response, 'a SelfSubjectReview').status;
  return { username: userInfo.username, uid: userInfo.uid };
}

/**
 * The public keys that the cluster's tokens are signed with (a JWKS, RFC 7517).
 * `forbidden` on a hardened cluster, where reading them is not granted to everyone.
 */
export async function fetchSigningKeys(client: ClusterClient, signal: AbortSignal): Promise<unknown> {
  const response = await client.call({ method: 'GET', path: '/openid/v1/jwks', signal, expected: [403, 404] });
  if (response.status === 403 || response.status === 404) return 'forbidden';
  const keys = parseJson(response.body);
  if (keys === undefined)
    throw new Failure('cluster', "the API server's signing keys (/openid/v1/jwks) are no JSON", { transient: true });
  return keys;
}
