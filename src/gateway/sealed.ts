/**
 * What a gateway gives a browser to keep, since it keeps nothing itself: encrypted and authenticated (JWE, A256GCM), for
 * one purpose and for a while. Any replica opens what another has sealed. The keys rotate: the first seals, all open.
 */
import { createHash } from 'node:crypto';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import * as z from 'zod';
import { Failure } from '../lib/failure.ts';
import type { Secret } from '../lib/secret.ts';

export interface SealingKeys {
  /** 32 bytes each; the first one seals. Read again at each use, so that a rotated file is taken up. */
  current(): readonly Uint8Array[];
}

export interface Sealed {
  /** @param lifetimeSeconds how long it can be opened. @param now milliseconds since the epoch */
  seal(content: Readonly<Record<string, unknown>>, lifetimeSeconds: number, now: number): Promise<string>;
  /** undefined for what none of the keys has sealed for this purpose, or too long ago. */
  open(text: string, now: number): Promise<Readonly<Record<string, unknown>> | undefined>;
}

/** @param purpose what is sealed for one can't be opened for another */
export function openSealed(keys: SealingKeys, purpose: string): Sealed {
  return {
    seal: async (content, lifetimeSeconds, now) => {
      const [key] = keys.current();
      if (key === undefined) throw new Failure('usage', 'there is no session key');
      const issuedAt = Math.floor(now / 1_000);
      return new EncryptJWT({ content })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: keyId(key) })
        .setAudience(purpose)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .encrypt(key);
    },
    open: async (text, now) => {
      try {
        const { payload } = await jwtDecrypt(
          text,
          ({ kid }) => {
            const key = keys.current().find((one) => keyId(one) === kid);
            if (key === undefined) throw new errors.JWKSNoMatchingKey();
            return key;
          },
          {
            audience: purpose,
            keyManagementAlgorithms: ['dir'],
            contentEncryptionAlgorithms: ['A256GCM'],
            requiredClaims: ['exp'],
            currentDate: new Date(now),
          },
        );
        return contentSchema.safeParse(payload['content']).data;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

const contentSchema = z.record(z.string(), z.unknown());

/** Says which key, and nothing about it. */
function keyId(key: Uint8Array): string {
  return createHash('sha256').update('credentials-updater session key').update(key).digest('base64url').slice(0, 11);
}

/** The keys of a file: 32 random bytes in base64 a line. @throws Failure (usage) without a word of its content */
export function parseSealingKeys(text: Secret, origin: string): readonly Uint8Array[] {
  const lines = text
    .reveal()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const keys = lines.map((line) => Buffer.from(line, 'base64'));
  if (keys.length > 0 && keys.every((key) => key.length === 32)) return keys;
  throw new Failure(
    'usage',
    `${origin} must hold session keys, each 32 bytes in base64 on a line of its own; ${
      keys.length === 0 ? 'it is empty' : `line ${keys.findIndex((key) => key.length !== 32) + 1} is not one`
    }`,
    { hint: 'make one: openssl rand -base64 32; to rotate, put the new one first and remove the last a day later' },
  );
}
