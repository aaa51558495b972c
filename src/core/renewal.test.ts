import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DeliveredToken, mayBeRenewedToo, renewalTime, requiresRenewal } from './renewal.ts';

const day = 86_400;
const token = (index: number, grantedSeconds = 7 * day): DeliveredToken => ({
  uid: `uid-${index}`,
  expiresAt: 1_800_000_000 + grantedSeconds,
  grantedSeconds,
});
const made = 1_800_000_000;

describe('a token', () => {
  test('is renewed at the latest when a third of its life is left, and at the earliest a quarter of its life before', () => {
    for (let index = 0; index < 1_000; index++) {
      const age = (renewalTime(token(index), undefined) - made) / day;
      expect(age).toBeGreaterThan((7 * 2) / 3 - 7 / 4);
      expect(age).toBeLessThanOrEqual((7 * 2) / 3);
    }
  });

  test('is not renewed at once when the API server granted less than renewBefore', () => {
    const short = token(1, 600);
    expect(renewalTime(short, 3 * day) - made).toBeGreaterThan(0);
    expect(requiresRenewal(short, { nowSeconds: made, renewBeforeSeconds: 3 * day })).toBe(false);
  });

  test('has the same time after each restart, and another one after each renewal', () => {
    expect(renewalTime(token(7), day)).toBe(renewalTime(token(7), day));
    const renewed = { ...token(7), expiresAt: token(7).expiresAt + 3 * day };
    expect(renewalTime(renewed, day) - renewed.expiresAt).not.toBe(renewalTime(token(7), day) - token(7).expiresAt);
  });

  test('goes with others when its time comes within two hundredths of its life', () => {
    const [one] = [token(3)];
    const time = renewalTime(one, undefined);
    const at = (seconds: number) => ({ nowSeconds: time - seconds, renewBeforeSeconds: undefined });
    expect(requiresRenewal(one, at(1))).toBe(false);
    expect(mayBeRenewedToo(one, at(1))).toBe(true);
    expect(mayBeRenewedToo(one, at((7 * day) / 200 + 1))).toBe(false);
    expect(requiresRenewal(one, at(0))).toBe(true);
  });
});

test('10,000 tokens of one first run are never more than 3% in one slot of renewals', () => {
  const slot = (7 * day) / 200;
  const slots = Map.groupBy(
    Array.from({ length: 10_000 }, (_, index) => Math.floor(renewalTime(token(index), undefined) / slot)),
    (each) => each,
  );
  expect(Math.max(...[...slots.values()].map(({ length }) => length))).toBeLessThan(300);
});

test('whatever the settings, a token is renewed within its life', () => {
  fc.assert(
    fc.property(fc.integer({ min: 600, max: 30 * day }), fc.integer({ min: 60, max: 60 * day }), (granted, before) => {
      const time = renewalTime(token(before, granted), before);
      expect(time).toBeGreaterThan(made);
      expect(time).toBeLessThan(made + granted);
    }),
  );
});
