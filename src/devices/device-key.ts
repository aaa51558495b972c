/** A device's key pair: ECDSA P-256, as a JWK (RFC 7517). The private half never leaves the device. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import * as z from 'zod/mini';

/** 32 bytes in base64url. */
const coordinate = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));

/** Strict: a private part (`d`) that somebody sends along is refused, not stored. */
export const publicKeySchema = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
});
export type DevicePublicKey = z.infer<typeof publicKeySchema>;

export const privateKeySchema = z.strictObject({ ...publicKeySchema.shape, d: coordinate });
export type DevicePrivateKey = z.infer<typeof privateKeySchema>;

export const signatureAlgorithm = 'ES256';

export async function newDeviceKey(): Promise<DevicePrivateKey> {
  const { privateKey } = await generateKeyPair(signatureAlgorithm, { extractable: true });
  const { kty, crv, x, y, d } = await exportJWK(privateKey);
  return privateKeySchema.parse({ kty, crv, x, y, d });
}

export function publicPartOf({ kty, crv, x, y }: DevicePrivateKey): DevicePublicKey {
  return { kty, crv, x, y };
}

/** What a key is called: SHA-256 of its JWK (RFC 7638), in base64url. */
export async function thumbprintOf({ kty, crv, x, y }: DevicePublicKey): Promise<string> {
  return calculateJwkThumbprint({ kty, crv, x, y }, 'sha256');
}

/** The thumbprint as two people compare it: its first 20 characters in groups of four. */
export function readableThumbprint(thumbprint: string): string {
  return thumbprint.slice(0, 20).replace(/(.{4})(?=.)/g, '$1 ');
}
