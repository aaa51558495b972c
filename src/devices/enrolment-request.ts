/**
 * What a device asks when it wants to become a member's: its public key and its name, signed by that key, and a
 * commitment to a code that only its own terminal shows. The gateway stores nothing until a member who has logged in
 * types that code.
 */
import { randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { EmbeddedJWK, errors, importJWK, jwtVerify, SignJWT } from 'jose';
import * as z from 'zod/mini';
import {
  type DevicePrivateKey,
  type DevicePublicKey,
  publicKeySchema,
  publicPartOf,
  signatureAlgorithm,
  thumbprintOf,
} from './device-key.ts';

const requestType = 'credentials-updater-enrolment+jwt';
/** How long a member has to open the link, log in and type the code. */
export const enrolmentLifetimeSeconds = 600;
const longestDeviceName = 64;

export interface EnrolmentRequest {
  readonly key: DevicePublicKey;
  readonly thumbprint: string;
  /** As its owner called it, for people to read. */
  readonly name: string;
  readonly commitment: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** Letters and digits that can't be read for one another (Crockford's base32). */
const codeAlphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codeLength = 8;

/** 40 random bits, such as `7K3M-Q0ZT`. */
export function newEnrolmentCode(): string {
  const characters = Array.from({ length: codeLength }, () => codeAlphabet[randomInt(codeAlphabet.length)]).join('');
  return `${characters.slice(0, 4)}-${characters.slice(4)}`;
}

/** As it was meant, however it was typed: without hyphens and spaces, in upper case, O as 0, I and L as 1. */
function normalizedCode(typed: string): string {
  return typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
}

/**
 * Slow on purpose (scrypt, about 0.1 s and 32 MiB): whoever sees the link must not find the code by trying all of them.
 * The salt is the key's thumbprint, so nothing can be computed in advance.
 */
async function commitmentTo(code: string, thumbprint: string): Promise<Buffer> {
  const derive = promisify<string, string, number, object, Buffer>(scrypt);
  return derive(normalizedCode(code), thumbprint, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
}

export async function signEnrolmentRequest(
  key: DevicePrivateKey,
  { audience, name, code }: { readonly audience: string; readonly name: string; readonly code: string },
  now: number,
): Promise<string> {
  const publicKey = publicPartOf(key);
  const commitment = (await commitmentTo(code, await thumbprintOf(publicKey))).toString('base64url');
  const issuedAt = Math.floor(now / 1_000);
  return new SignJWT({ name, commitment })
    .setProtectedHeader({ alg: signatureAlgorithm, typ: requestType, jwk: publicKey })
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + enrolmentLifetimeSeconds)
    .sign(await importJWK(key, signatureAlgorithm));
}

const claimsSchema = z.object({
  name: z.string().check(z.minLength(1), z.maxLength(longestDeviceName)),
  commitment: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
  iat: z.number(),
  exp: z.number(),
});

/** undefined for what no device signed for this gateway, or too long ago. @param now milliseconds since the epoch */
export async function verifyEnrolmentRequest(
  text: string,
  audience: string,
  now: number,
): Promise<EnrolmentRequest | undefined> {
  try {
    const { payload, protectedHeader } = await jwtVerify(text, EmbeddedJWK, {
      algorithms: [signatureAlgorithm],
      typ: requestType,
      audience,
      requiredClaims: ['iat', 'exp'],
      clockTolerance: enrolmentLifetimeSeconds,
      currentDate: new Date(now),
    });
    const key = publicKeySchema.safeParse(protectedHeader.jwk);
    const claims = claimsSchema.safeParse(payload);
    if (!key.success || !claims.success || claims.data.exp - claims.data.iat > enrolmentLifetimeSeconds)
      return undefined;
    const { name, commitment, exp } = claims.data;
    return { key: key.data, thumbprint: await thumbprintOf(key.data), name, commitment, expiresAt: exp };
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Whether this is the code that the device's terminal shows. */
export async function isCodeOf({ commitment, thumbprint }: EnrolmentRequest, typed: string): Promise<boolean> {
  const given = await commitmentTo(typed.slice(0, 64), thumbprint);
  return timingSafeEqual(given, Buffer.from(commitment, 'base64url'));
}
