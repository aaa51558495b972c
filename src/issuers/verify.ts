/**
 * Whether a minted token is what it must be, before anyone gets it: its claims against what was asked for, its signature
 * against the issuer's public keys. Pure: keys are given. On Node's own crypto, since jose costs five times as much a
 * token (docs/adr/0001).
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import * as z from 'zod';
import { type Claims, readClaims, serviceAccountUser } from '../kube/token-claims.ts';
import { Failure } from '../lib/failure.ts';

export interface ExpectedToken {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** As the TokenRequest's answer says. */
  readonly audiences: readonly string[];
  readonly grantedSeconds: number;
}

/** Public keys by key id. */
export type SigningKeys = ReadonlyMap<string, KeyObject>;

const keySetSchema = z.object({
  keys: z.array(z.object({ kid: z.string(), kty: z.string() }).catchall(z.unknown())),
});

/** The keys of a JWKS document; keys of other kinds are left out. @throws Failure (token) when it is no JWKS */
export function parseSigningKeys(document: unknown): SigningKeys {
  const result = keySetSchema.safeParse(document);
  if (!result.success) throw new Failure('token', "the API server's signing keys (/openid/v1/jwks) are no key set");
  const keys = new Map<string, KeyObject>();
  for (const key of result.data.keys) {
    if (key.kty !== 'RSA' && key.kty !== 'EC') continue;
    try {
      keys.set(key.kid, createPublicKey({ key, format: 'jwk' }));
    } catch {
      throw new Failure('token', `the API server's signing key ${key.kid.slice(0, 8)}… is unreadable`);
    }
  }
  return keys;
}

/** @throws Failure (token) that names the claim that differs */
export function checkClaims(token: string, expected: ExpectedToken): Claims {
  const claims = readClaims(token);
  const user = serviceAccountUser(expected.namespace, expected.name);
  if (claims.subject !== user) throw mismatch(expected, `its subject is ${claims.subject.slice(0, 100)}`);
  if (claims.serviceAccountUid !== expected.uid)
    throw mismatch(expected, 'it belongs to another account of the same name (UID)');
  if (!sameSet(claims.audiences, expected.audiences))
    throw mismatch(expected, 'its audiences are not those of the answer');
  const lifetime = claims.expiresAt - claims.issuedAt;
  if (Math.abs(lifetime - expected.grantedSeconds) > 1) {
    throw mismatch(expected, `it lives for ${lifetime} s, but the answer says ${expected.grantedSeconds} s`);
  }
  return claims;
}

/** Whether one of the keys made the signature; `unknown-key` when the token names a key that isn't there (rotation). */
export function checkSignature(
  token: string,
  { keyId, algorithm }: Claims,
  keys: SigningKeys,
): 'valid' | 'invalid' | 'unknown-key' {
  const scheme = schemes[algorithm];
  if (scheme === undefined) return 'invalid';
  const key = keyId === undefined ? undefined : keys.get(keyId);
  if (key === undefined) return 'unknown-key';
  if (scheme.keyType !== key.asymmetricKeyType) return 'invalid';
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  const signed = Buffer.from(token.slice(0, end), 'latin1');
  const input = scheme.keyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' as const } : key;
  return verify(scheme.hash, signed, input, signature) ? 'valid' : 'invalid';
}

/** What kube-apiserver signs with; anything else, `none` above all, is no signature. */
const schemes: Readonly<Record<string, { hash: string; keyType: 'rsa' | 'ec' } | undefined>> = {
  RS256: { hash: 'sha256', keyType: 'rsa' },
  RS384: { hash: 'sha384', keyType: 'rsa' },
  RS512: { hash: 'sha512', keyType: 'rsa' },
  ES256: { hash: 'sha256', keyType: 'ec' },
  ES384: { hash: 'sha384', keyType: 'ec' },
  ES512: { hash: 'sha512', keyType: 'ec' },
};

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}

function mismatch({ namespace, name }: ExpectedToken, what: string): Failure {
  return new Failure('token', `the token minted for ${namespace}/${name} is not what was asked for: ${what}`);
}
