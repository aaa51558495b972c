import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { readClaims } from '../kube/token-claims.ts';
import { checkClaims, checkSignature, parseSigningKeys } from './verify.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' });
const keys = parseSigningKeys({ keys: [jwk(rsa.publicKey, 'one'), jwk(ec.publicKey, 'two')] });

const asked = {
  namespace: 'poolc-users',
  name: 'jimin',
  uid: '7d0c',
  audiences: ['https://kubernetes.default.svc.cluster.local'],
  grantedSeconds: 600,
};
const claims = {
  sub: 'system:serviceaccount:poolc-users:jimin',
  aud: asked.audiences,
  iat: 1_000,
  exp: 1_600,
  'kubernetes.io': { namespace: 'poolc-users', serviceaccount: { name: 'jimin', uid: '7d0c' } },
};
const sign = (key: KeyObject, header: { alg: string; kid: string }, changes: object = {}) =>
  new SignJWT({ ...claims, ...changes }).setProtectedHeader(header).sign(key);

describe('the claims of a minted token', () => {
  it('are those that were asked for', async () => {
    const token = await sign(rsa.privateKey, { alg: 'RS256', kid: 'one' });
    expect(checkClaims(token, asked)).toMatchObject({ subject: claims.sub, expiresAt: 1_600, keyId: 'one' });
  });

  it.each([
    ['of another account', { sub: 'system:serviceaccount:poolc-users:other' }, /its subject is system:.*:other/],
    ['of another namespace', { sub: 'system:serviceaccount:kube-system:jimin' }, /its subject is/],
    ['of a namesake', { 'kubernetes.io': { serviceaccount: { name: 'jimin', uid: 'other' } } }, /UID/],
    ['for another audience', { aud: ['vault'] }, /its audiences/],
    ['for one audience more', { aud: [...asked.audiences, 'vault'] }, /its audiences/],
    ['of another lifetime', { exp: 1_700 }, /it lives for 700 s, but the answer says 600 s/],
  ])('%s are refused, and the failure says which', async (_, changes, why) => {
    const token = await sign(rsa.privateKey, { alg: 'RS256', kid: 'one' }, changes);
    expect(() => checkClaims(token, asked)).toThrow(why);
  });

  it.each(['', 'a.b.c', 'not a token', '..'])('of "%s" are none, and the failure does not repeat it', (text) => {
    expect(() => checkClaims(text, asked)).toThrow('something that is no ServiceAccount token');
  });
});

describe('the signature of a minted token', () => {
  const check = (token: string) => checkSignature(token, readClaims(token), keys);

  it('by a key of the cluster is valid, RSA or elliptic', async () => {
    expect(check(await sign(rsa.privateKey, { alg: 'RS256', kid: 'one' }))).toBe('valid');
    expect(check(await sign(ec.privateKey, { alg: 'ES256', kid: 'two' }))).toBe('valid');
  });

  it('by another key under the same id, or of a changed token, is invalid', async () => {
    expect(check(await sign(otherRsa.privateKey, { alg: 'RS256', kid: 'one' }))).toBe('invalid');
    const [head, body, signature] = (await sign(rsa.privateKey, { alg: 'RS256', kid: 'one' })).split('.');
    const other = (await sign(rsa.privateKey, { alg: 'RS256', kid: 'one' }, { exp: 9_999 })).split('.')[1];
    expect(check(`${head}.${body}.${signature}`)).toBe('valid');
    expect(check(`${head}.${other}.${signature}`)).toBe('invalid');
  });

  it('by a key that is not there asks for the keys anew', async () => {
    expect(check(await sign(rsa.privateKey, { alg: 'RS256', kid: 'three' }))).toBe('unknown-key');
  });

  it('of no algorithm, or of one that the key is not for, is invalid', async () => {
    const [, body] = (await sign(rsa.privateKey, { alg: 'RS256', kid: 'one' })).split('.');
    const header = (alg: string) => Buffer.from(JSON.stringify({ alg, kid: 'one' })).toString('base64url');
    for (const alg of ['none', 'HS256', 'ES256']) expect(check(`${header(alg)}.${body}.AAAA`)).toBe('invalid');
  });
});
