import { describe, expect, it } from 'vitest';
import { newDeviceKey, publicPartOf, thumbprintOf } from './device-key.ts';
import { isCodeOf, newEnrolmentCode, signEnrolmentRequest, verifyEnrolmentRequest } from './enrolment-request.ts';

const now = Date.parse('2026-11-30T09:00:00Z');
const audience = 'https://gateway.example.org';
const key = await newDeviceKey();

async function signed({ name = "kim's laptop", code = '7K3M-Q0ZT' } = {}) {
  return signEnrolmentRequest(key, { audience, name, code }, now);
}

describe('an enrolment request', () => {
  it('carries the key, its thumbprint and the name', async () => {
    const request = await verifyEnrolmentRequest(await signed(), audience, now);
    expect(request).toMatchObject({
      key: publicPartOf(key),
      thumbprint: await thumbprintOf(publicPartOf(key)),
      name: "kim's laptop",
    });
  });

  it('has neither the code nor the private key in it', async () => {
    const text = Buffer.from((await signed()).split('.')[1] ?? '', 'base64url').toString();
    expect(text).not.toMatch(/7K3M/);
    expect(await signed()).not.toContain(key.d);
    expect(Buffer.from((await signed()).split('.')[0] ?? '', 'base64url').toString()).not.toContain(key.d);
  });

  it.each([
    ['for another gateway', async () => verifyEnrolmentRequest(await signed(), 'https://other.example.org', now)],
    ['of yesterday', async () => verifyEnrolmentRequest(await signed(), audience, now + 86_400_000)],
    [
      'with a name that is too long',
      async () => verifyEnrolmentRequest(await signed({ name: 'x'.repeat(65) }), audience, now),
    ],
    ['without a name', async () => verifyEnrolmentRequest(await signed({ name: '' }), audience, now)],
    ['changed on the way', async () => verifyEnrolmentRequest(flipped(await signed()), audience, now)],
    ['that is none', async () => verifyEnrolmentRequest('nothing', audience, now)],
  ])('%s is refused', async (_, verify) => {
    expect(await verify()).toBeUndefined();
  });
});

describe('the code', () => {
  it('is typed as people type: lower case, without the hyphen, O for 0, I or l for 1', async () => {
    const request = await verifyEnrolmentRequest(await signed({ code: '0K1M-Q0ZT' }), audience, now);
    if (request === undefined) throw new Error('The request was refused');
    for (const typed of ['0K1M-Q0ZT', '0k1mq0zt', ' ok1m q0zt ', 'OKIM-QOZT', 'oklm-qozt']) {
      expect([typed, await isCodeOf(request, typed)]).toEqual([typed, true]);
    }
    for (const typed of ['', '0K1M-Q0ZU', '0K1M', 'x'.repeat(10_000)]) {
      expect([typed.slice(0, 20), await isCodeOf(request, typed)]).toEqual([typed.slice(0, 20), false]);
    }
  });

  it('is another each time', () => {
    const codes = new Set(Array.from({ length: 100 }, newEnrolmentCode));
    expect(codes.size).toBe(100);
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
  });
});

function flipped(text: string): string {
  const [head, body = '', signature] = text.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  return [head, Buffer.from(JSON.stringify({ ...claims, name: 'another' })).toString('base64url'), signature].join('.');
}
