/** Whether a text is a token that this cluster has signed for a ServiceAccount of the members', and what it says. */
import * as z from 'zod';
import { openKeyRing } from '../../issuers/key-ring.ts';
import { checkSignature } from '../../issuers/verify.ts';
import { type ClusterClient, parseAnswer } from '../../kube/client.ts';
import { type Claims, readClaims, serviceAccountUser } from '../../kube/token-claims.ts';
import type { GatewayContext } from '../context.ts';

export interface ClusterToken {
  readonly account: { readonly name: string; readonly uid: string };
  readonly claims: Claims;
}

const discoverySchema = z.object({ issuer: z.string() });

/**
 * Issuer and keys are asked for each time: a key that the cluster gave up must not be trusted here any longer. Whether the
 * token has expired and whom it is for is the caller's to check.
 */
export async function readClusterToken(
  { client, namespace }: Pick<GatewayContext, 'client' | 'namespace'>,
  token: string,
  signal: AbortSignal,
): Promise<ClusterToken | undefined> {
  const claims = claimsOf(token);
  const user = serviceAccountUser(namespace, '');
  const uid = claims?.serviceAccountUid;
  if (claims === undefined || uid === undefined || !claims.subject.startsWith(user)) return undefined;
  const [issuer, { keys }] = await Promise.all([clusterIssuer(client, signal), openKeyRing(client, signal)]);
  if (claims.issuer !== issuer || keys === undefined) return undefined;
  if (checkSignature(token, claims, keys) !== 'valid') return undefined;
  return { account: { name: claims.subject.slice(user.length), uid }, claims };
}

/** Whose tokens are this cluster's: those of another, with the same key by mistake, are nobody's here. */
async function clusterIssuer(client: ClusterClient, signal: AbortSignal): Promise<string> {
  const response = await client.call({ method: 'GET', path: '/.well-known/openid-configuration', signal });
  return parseAnswer(discoverySchema, response, 'the OpenID configuration of the API server').issuer;
}

function claimsOf(token: string): Claims | undefined {
  try {
    return readClaims(token);
  } catch {
    return undefined;
  }
}
