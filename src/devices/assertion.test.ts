import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { type Assertion, signAssertion, verifyAssertion } from './assertion.ts';
import { newDeviceKey, publicPartOf } from './device-key.ts';

const now = Date.parse('2026-11-30T09:00:00Z');
const request = { audience: 'https://gateway.example.org', method: 'POST', path: '/v1/token' };
const assertion: Assertion = { ...request, signer: 'device-1', nonce: 'n-1' };

async function verified(text: string, changed: Partial<Parameters<typeof verifyAssertion>[1]> = {}, at = now) {
  return verifyAssertion(text, { key: publicPartOf(own), signer: 'device-1', request, ...changed }, at);
}

const own = await newDeviceKey();
const another = await newDeviceKey();

describe('an assertion', () => {
  it('is valid for the request that it was signed for, and carries the nonce', async () => {
    expect(await verified(await signAssertion(own, assertion, now))).toEqual({ kind: 'valid', nonce: 'n-1' });
  });

  it.each([
    ['another path', { request: { ...request, path: '/v1/devices' } }],
    ['another method', { request: { ...request, method: 'DELETE' } }],
    ['another gateway', { request: { ...request, audience: 'https://other.example.org' } }],
    ['another device', { signer: 'device-2' }],
    ['another key', { key: publicPartOf(another) }],
  ])('is invalid for %s', async (_, changed) => {
    expect(await verified(await signAssertion(own, assertion, now), changed)).toEqual({ kind: 'invalid' });
  });

  it.each([
    ['61 s later', 61_000, 'wrong time'],
    ['60 s later', 60_000, 'valid'],
    ['60 s before', -60_000, 'valid'],
    ['61 s before', -61_000, 'wrong time'],
    ['a year later', 365 * 86_400_000, 'wrong time'],
  ])('%s is told apart from a forgery', async (_, ms, kind) => {
    expect((await verified(await signAssertion(own, assertion, now), {}, now + ms)).kind).toBe(kind);
  });

  it('that would be good for longer than 60 s is invalid', async () => {
    const seconds = now / 1_000;
    const long = await new SignJWT({ htm: 'POST', htu: 'https://gateway.example.org/v1/token', nonce: 'n' })
      .setProtectedHeader({ alg: 'ES256', typ: 'credentials-updater-device+jwt' })
      .setIssuer('device-1')
      .setSubject('device-1')
      .setAudience(request.audience)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 3_600)
      .sign(await importJWK(own, 'ES256'));
    expect(await verified(long)).toEqual({ kind: 'invalid' });
  });

  it.each([
    ['nothing', ''],
    ['no signature', 'eyJhbGciOiJub25lIn0.e30.'],
    ['text', 'a.b.c'],
  ])('that is %s is invalid', async (_, text) => {
    expect(await verified(text)).toEqual({ kind: 'invalid' });
  });

  it('signed with a public key taken for a shared secret is invalid', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(publicPartOf(own)));
    const forged = await new SignJWT({ htm: 'POST', htu: 'https://gateway.example.org/v1/token', nonce: 'n' })
      .setProtectedHeader({ alg: 'HS256', typ: 'credentials-updater-device+jwt' })
      .setIssuer('device-1')
      .setSubject('device-1')
      .setAudience(request.audience)
      .setIssuedAt(now / 1_000)
      .setExpirationTime(now / 1_000 + 60)
      .sign(secret);
    expect(await verified(forged)).toEqual({ kind: 'invalid' });
  });

  it('of another kind of token that the same key signed is invalid', async () => {
    const other = await new SignJWT({ htm: 'POST', htu: 'https://gateway.example.org/v1/token', nonce: 'n' })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
      .setIssuer('device-1')
      .setSubject('device-1')
      .setAudience(request.audience)
      .setIssuedAt(now / 1_000)
      .setExpirationTime(now / 1_000 + 60)
      .sign(await importJWK(own, 'ES256'));
    expect(await verified(other)).toEqual({ kind: 'invalid' });
  });
});

it('a key of another curve is not a device key', async () => {
  const { publicKey } = await generateKeyPair('ES384', { extractable: true });
  const { publicKeySchema } = await import('./device-key.ts');
  expect(publicKeySchema.safeParse(await exportJWK(publicKey)).success).toBe(false);
});
