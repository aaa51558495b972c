/**
 * How a device proves that it has its key: a JWT of RFC 7523's shape, signed for one request and no other.
 *
 * - `iss` and `sub` name the signer, `aud` the gateway, `htm` and `htu` the request (as in RFC 9449).
 * - It is good for 60 s from `iat`, and carries the nonce that the gateway gave last. The gateway keeps one nonce a
 *   device and replaces it with each use, so an assertion that someone recorded is worth nothing a second time.
 */
import { decodeJwt, errors, importJWK, jwtVerify, SignJWT } from 'jose';
import * as z from 'zod/mini';
import { type DevicePrivateKey, type DevicePublicKey, signatureAlgorithm } from './device-key.ts';

const assertionType = 'credentials-updater-device+jwt';
/** How old an assertion may be, in seconds; as much is allowed to a clock that is ahead. */
const assertionLifetimeSeconds = 60;

/** The one request that an assertion is for. */
export interface AssertedRequest {
  /** The gateway's address: its origin. */
  readonly audience: string;
  readonly method: string;
  readonly path: string;
}

export interface Assertion extends AssertedRequest {
  /** A device's name, or a key's thumbprint before it has one. */
  readonly signer: string;
  readonly nonce: string;
}

/** @param now milliseconds since the epoch, by the gateway's clock as far as the device knows it */
export async function signAssertion(
  key: DevicePrivateKey,
  { signer, audience, method, path, nonce }: Assertion,
  now: number,
): Promise<string> {
  const issuedAt = Math.floor(now / 1_000);
  return new SignJWT({ htm: method, htu: `${audience}${path}`, nonce })
    .setProtectedHeader({ alg: signatureAlgorithm, typ: assertionType })
    .setIssuer(signer)
    .setSubject(signer)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + assertionLifetimeSeconds)
    .sign(await importJWK(key, signatureAlgorithm));
}

/** Who says that they signed it; nothing is checked yet. undefined where it is no assertion at all. */
export function claimedSigner(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).iss;
  } catch {
    return undefined;
  }
}

export type Verified =
  | { readonly kind: 'valid'; readonly nonce: string }
  /** Signed by this key for this request, but too old or from the future: the device's clock is off. */
  | { readonly kind: 'wrong time' }
  | { readonly kind: 'invalid' };

const ownClaims = z.object({ htm: z.string(), htu: z.string(), nonce: z.string(), iat: z.number(), exp: z.number() });

/** Whether the key signed it, for this request, just now. @param now milliseconds since the epoch */
export async function verifyAssertion(
  assertion: string,
  {
    key,
    signer,
    request,
  }: { readonly key: DevicePublicKey; readonly signer: string; readonly request: AssertedRequest },
  now: number,
): Promise<Verified> {
  const { audience, method, path } = request;
  let payload: unknown;
  try {
    const verified = await jwtVerify(assertion, await importJWK(key, signatureAlgorithm), {
      algorithms: [signatureAlgorithm],
      typ: assertionType,
      issuer: signer,
      subject: signer,
      audience,
      requiredClaims: ['iat', 'exp'],
      // Checked below, so that a clock which is off can be told apart from a forgery.
      currentDate: new Date(0),
      clockTolerance: Number.MAX_SAFE_INTEGER,
    });
    payload = verified.payload;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return { kind: 'invalid' };
    throw error;
  }
  const claims = ownClaims.safeParse(payload);
  if (!claims.success) return { kind: 'invalid' };
  const { htm, htu, nonce, iat, exp } = claims.data;
  if (htm !== method || htu !== `${audience}${path}` || exp - iat > assertionLifetimeSeconds)
    return { kind: 'invalid' };
  const seconds = now / 1_000;
  const isNow = iat <= seconds + assertionLifetimeSeconds && exp >= seconds;
  return isNow ? { kind: 'valid', nonce } : { kind: 'wrong time' };
}
